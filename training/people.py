# ruff: noqa: SIM905 - word lists read better as lines of words
"""Whom a cue names: a person with a given name and surnames, several of them, or only a function."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final, Literal

Sex = Literal["F", "M"]

LETTERS: Final = r"[^\W\d_]"
_WORD: Final = re.compile(rf"(?:[DdOo]['’])?{LETTERS}+")
_SEPARATOR: Final = re.compile(r"\s*(?:,\s*and\b|,|&|/|\band\b|\bwith\b)\s*", re.I)
_FEMALE: Final = frozenset(
    "mrs miss ms lady madam madame mother mom aunt grandma grandmother queen princess sister duchess countess".split()
)
_MALE: Final = frozenset(
    "mr sir lord father dad uncle grandpa grandfather king prince brother duke count baron reverend monsieur".split()
)
_FIRST_NAME_TITLES: Final = frozenset(
    "aunt uncle cousin grandma grandpa sister brother king queen prince princess baby little young old fake sir"
    " lady".split()
)
TITLES: Final = (
    _FEMALE
    | _MALE
    | _FIRST_NAME_TITLES
    | frozenset(
        "dr doctor prof professor officer sergeant sgt captain capt lieutenant lt colonel col major general admiral"
        " gen maj cpl pvt sen rep corporal private deputy master"
        " agent commander detective inspector judge nurse coach principal senator president mayor governor"
        " warden".split()
    )
)
_SUFFIXES: Final = frozenset("jr sr ii iii iv esq md phd".split())
_PARTICLES: Final = frozenset("von van de del della di du la le st".split())
_BETWEEN: Final = frozenset("in on at of as the for from over under by to".split())
_FUNCTIONS: Final = frozenset(
    """
    a an the another all both everyone everybody someone somebody various several others other group crowd audience
    unknown first second third voice voices man woman men women guy guys girl girls boy boys kid kids child children
    baby lady ladies gentleman gentlemen person people passerby stranger friend friends neighbor bully customer
    client patient guest guests host hostess student students fan fans nurse doctor waiter waitress clerk cop cops
    police policeman policewoman fireman guard guards soldier soldiers sergeant officer agent judge lawyer priest
    minister rabbi nun monk chef cook maid butler bartender driver pilot steward stewardess attendant receptionist
    secretary assistant intern boss director producer actor actress announcer narrator reporter interviewer anchor
    anchorwoman anchorman salesman saleswoman saleslady teacher professor coach trainer guide tour singer dancer
    stripper hooker bride groom usher model photographer therapist official inspector chief villager villagers
    machine radio tv television phone tape detector computer robot note transcript scene credits caption
    husband wife mother father mom dad sister sisters brother brothers son daughter grandma grandpa grandmother
    grandfather aunt uncle cousin parents twins old young big little fat tall short blonde drunk drunken male female
    crew band worker workers employee manager owner landlord jester cowboy cowgirl ballerina bandleader scientist
    doorman janitor dealer buyer seller supervisor instructor counselor host speaker caller operator mailman
    prisoner prisoners merchant captain general king queen prince princess elder warrior sailor thug bandit
    lead leader member members citizen citizens refugee passenger server shopper artist psychic message
    referee commercial gang croupier together chorus
    """.split()
)
_PRONOUN: Final = r"\b[^.!?\n]{0,60}?\b(?:([Hh]e|him|[Hh]is|himself)|([Ss]he|[Hh]er|herself))\b"
_VOTES: Final = 3  # pronouns that tell the sex of a name
_CLEAR: Final = 0.65  # share of them that must agree
_TRADES: Final = ("woman", "man", "maker", "keeper", "ist", "ician", "itor", "ector", "driver", "worker", "bender")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a name of their own; ``sex`` where a title tells it."""

    given: str | None
    surnames: tuple[str, ...] = ()
    sex: Sex | None = None


def people(speaker: str, names: Collection[str], words: Collection[str]) -> Iterator[Person]:
    """Yield the persons whom a cue names; nobody for a function, a crowd or a machine.

    ``names`` are known given names, ``words`` those that the work uses as ordinary words (all in lower case).
    """
    plain = re.sub(r"\(.*?\)|\[.*?\]|[\"“”]", " ", speaker)
    if re.search(r"['’]s\b|s['’](?!\w)|#|\bno\.|\d", plain, re.I):
        return
    for part in _SEPARATOR.split(plain):
        person = _person(_name_words(part), names, words)
        if person:
            yield person


def _name_words(part: str) -> list[str]:
    """Return the words up to the first small one: "Paul the baker" is a Paul, "Mary-Ann" a Mary."""
    found: list[str] = []
    for word in part.split():
        first = _WORD.match(word.lstrip("'‘"))
        if first is None or first[0].islower() or (found and first[0].casefold() in _BETWEEN):
            break
        if first[0].casefold() not in _SUFFIXES:
            found.append(first[0])
    return found


def _person(words: list[str], names: Collection[str], ordinary: Collection[str]) -> Person | None:
    titles: list[str] = []
    while len(words) > 1 and _comes_before_a_name(words[0].casefold(), names, ordinary):
        titles.append(words.pop(0).casefold())
    if not words or any(word.casefold() in _FUNCTIONS | TITLES for word in words):
        return None
    surnames = tuple(word for word in words if len(word) > 1 and word.casefold() not in _PARTICLES)
    if len(words[0]) == 1 or words[0].casefold() in _PARTICLES or _is_surname(words, titles, names):
        return Person(None, surnames, _sex(titles)) if surnames else None
    if not _is_name(words, names, ordinary):
        return None
    return Person(words[0], surnames[1:], _sex(titles))


def _is_surname(words: list[str], titles: list[str], names: Collection[str]) -> bool:
    if len(words) > 1 or not titles or titles[-1] in _FIRST_NAME_TITLES:
        return False
    return not (titles[-1] in ("miss", "master") and words[0].casefold() in names)


def _comes_before_a_name(word: str, names: Collection[str], ordinary: Collection[str]) -> bool:
    return word in TITLES or (word in ordinary and word not in names)


def _is_name(words: list[str], names: Collection[str], ordinary: Collection[str]) -> bool:
    first, last = words[0].casefold(), words[-1].casefold()
    return first in names or not (last in ordinary or last.endswith(_TRADES))


def _sex(titles: list[str]) -> Sex | None:
    if _FEMALE.intersection(titles):
        return "F"
    return "M" if _MALE.intersection(titles) else None


def told_sex(name: str, text: str) -> Sex | None:
    """Return what the pronouns soon after ``name`` tell, where at least three speak and most agree."""
    # Two literals are found much faster than one name in any case.
    found = [
        pair for form in (name.title(), name.upper()) for pair in re.findall(rf"{re.escape(form)}{_PRONOUN}", text)
    ]
    men = sum(bool(man) for man, _ in found)
    if len(found) < _VOTES or _CLEAR * len(found) > max(men, len(found) - men):
        return None
    return "M" if 2 * men > len(found) else "F"
