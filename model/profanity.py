"""How coarse a text is, in four tiers, however its words are written: ``fuuuck``, ``f u c k``, ``sh1t``, full width.

Words are compared whole: Scunthorpe, Dickens and a cocktail in Essex pass, and so does Moby Dick.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator
from enum import IntEnum
from functools import lru_cache
from itertools import groupby
from typing import Final


class Tier(IntEnum):
    """How coarse a text is; what a room allows is a tier."""

    CLEAN = 0
    MILD = 1
    STRONG = 2
    SLUR = 3


_WORDS: Final = {
    Tier.MILD: """
        arse arses ass asses badass badasses dumbass dumbasses fatass jackass jackasses kickass smartass
        smartasses bastard bastards bollocks boner boners boob boobs bugger buggers bullcrap crap crappy damn
        damnit dammit dick dicks douche douchebag douchebags goddam goddamn goddamned piss pissed pisses pissing
        porn porno prick pricks titties tits tosser tossers wtf
        """,
    Tier.STRONG: """
        arsehole arseholes asshole assholes ballsack bellend biatch bitch bitches bitching bitchy blowjob
        blowjobs bukkake bullshit chickenshit clit clits cock cocks cocksucker cocksuckers cocksucking creampie
        cum cumming cums cumshot cumshots cunt cunts cunty dickhead dickheads dildo dildos dipshit dipshits fck
        fcking fcuk fingerbang fking fuk fuking gangbang gangbanged gangbangs handjob handjobs horseshit jackoff
        jerkoff jizz knobhead knobheads milf milfs mofo phuck pussies pussy rimjob shit shite shitface shitfaced
        shithead shitheads shithole shitholes shitless shits shitshow shitstorm shitter shitting shitty slut
        sluts slutty sonofabitch stfu twat twats wank wanked wanker wankers wanking whore whores
        """,
    Tier.SLUR: """
        beaner beaners chink chinks coon coons dago dagos dyke dykes fag faggy fags gook gooks gyppo gyppos homo
        homos injun injuns jap japs kaffir kaffirs kike kikes nigga niggah niggas niggaz nigger niggers niglet
        niglets paki pakis raghead ragheads retard retarded retards shemale shemales spic spick spicks spics
        towelhead towelheads trannies tranny wetback wetbacks wog wogs wop wops zipperhead zipperheads
        """,
}
_WITHIN: Final = {"fuck": Tier.STRONG, "bulshit": Tier.STRONG, "fagot": Tier.SLUR}  # no innocent word has them inside
_INNOCENT: Final = frozenset({"shiite", "shiites", "fagot", "fagots", "fagotto", "fagott", "twatt"})
_NAMES: Final = frozenset({"dick", "dicks", "cocks", "dyke", "dykes", "coon", "homo"})  # with a capital letter
_ALLOWED: Final = re.compile(
    r"\b(?:moby[- ]dick|dick (?:tracy|turpin|whittington|grayson|cheney|clark|van dyke|johnson|cavett|powell|and jane)"
    r"|(?:deadeye|tricky|spotted|slick|philip k\.?) dick|tom,? dick,? (?:and|&) harry|van dykes?|offa's dyke"
    r"|(?:summa |magna )?cum laude|\w+-cum-\w+|cock[- ](?:and[- ]bull|a[- ]doodle|robin|crow|fight\w*)"
    r"|(?:weather|stop|turkey|black|wood|game|pea)[- ]cocks?|fighting cocks?|cock of the (?:walk|north)"
    r"|puss(?:y|ies)[- ](?:cats?|willows?|riot|galore|foot\w*)|chinks? in (?:the|his|her|their|its|our|your|my) armou?r"
    r"|spick? and span|maine coons?|coon (?:dog|hound|cat)s?|homo[- ](?:sapiens|erectus|habilis|ludens|faber|deus)"
    r"|ecce homo|kaffir limes?|doo[- ]wops?|fag[- ]ends?|(?:pack|packet)s? of fags|(?:flame|fire)[- ]retard\w*"
    r"|(?:blue|great|coal|marsh) tits|balaam's ass|jackass penguins?|craps? tables?)\b",
    re.IGNORECASE,
)
_HELL: Final = re.compile(
    r"\b(?:what|who|where|why|how|when|like|the|as) (?:the |in )?hell (?:is|are|was|did|does|do|with|out|am)\b"
    r"|\b(?:what|who|where|why|how) the hell\b"
    r"|\b(?:go|burn|rot) (?:to|in) hell\b|\bbloody hell\b|\bhell (?:no|yeah|yes)\b",
    re.IGNORECASE,
)
_LEET: Final = str.maketrans("0134567892@$€!|¡+", "oieasgtbgzaseiiit")
_LOOKS: Final = "аa вb еe кk мm нh оo рp сc тt уy хx іi ѕs јj ԁd αa εe ιi κk νv οo ρp τt υu χx øo łl ıi"
_ENCLOSED: Final = (0x1F150, 0x1F170, 0x1F1E6)  # where alphabets of circled, squared and flag letters begin
_LETTERS: Final = {
    **{ord(pair[0]): pair[1] for pair in _LOOKS.split()},
    **{ord(pair[0].upper()): pair[1].upper() for pair in _LOOKS.split() if len(pair[0].upper()) == 1},
    **{start + place: chr(ord("a") + place) for start in _ENCLOSED for place in range(26)},
}
_EDGE: Final = ".,;:?!\"'()[]{}<>~*_-–—…“”‘’«»/\\#&"
_PIECE: Final = re.compile(r"[^\W_]+(?:[*@$€!|+]+[^\W_]+)*[$€]*|@\$+")
_NO_LETTER: Final = re.compile(r"[^a-z]")
_THRICE: Final = re.compile(r"(.)\1\1")  # a letter twice more often makes another word: "woop", "assess"
_REPEATED: Final = re.compile(r"(.)\1+")
_ONE_BY_ONE: Final = re.compile(r"(?<![^\W_])(?:([^\W_])\1*[\W_]{1,3}){2,}([^\W_])\2*(?![^\W_])")
_TORN: Final = re.compile(  # "fu ck": no words are parted there
    r"(?<![^\W_])(?:f+[\W_]*[uü]+[\W_]*c+[\W_]*k+|n+[\W_]*[i1!|]+[\W_]*g+[\W_]*g+[\W_]*(?:[e3]+[\W_]*r+|a+h?s?(?![^\W_])))",
    re.IGNORECASE,
)


def tier(text: str) -> Tier:
    """Return the tier of the coarsest word in ``text``, however it is written; ``CLEAN`` if there is none."""
    plain = _plain(text)
    found = _coarsest(plain)
    return found and _coarsest(_ALLOWED.sub(" ", plain))


def _coarsest(plain: str) -> Tier:
    return max(_found(plain), default=Tier.CLEAN)


def _plain(text: str) -> str:
    """Return ``text`` in ASCII letters as far as it looks like them, without marks and invisible characters."""
    if text.isascii():
        return text
    decomposed = unicodedata.normalize("NFKD", text.translate(_LETTERS))
    return "".join(filter(_is_visible, decomposed)).translate(_LETTERS)


def _is_visible(character: str) -> bool:
    return character.isascii() or unicodedata.category(character) not in {"Mn", "Me", "Cf"}


def _found(plain: str) -> Iterator[Tier]:
    for chunk in plain.split():
        word = chunk.strip(_EDGE)
        if word.isalpha():
            yield _of_word(word)
        elif word:
            yield from map(_of_word, (word, *_PIECE.findall(word)))
    if "hell" in plain.casefold() and _HELL.search(plain):
        yield Tier.MILD
    for torn in _TORN.finditer(plain):
        yield Tier.STRONG if torn[0][0] in "fF" else Tier.SLUR
    for spaced in _ONE_BY_ONE.finditer(plain):
        yield _of_letters(_NO_LETTER.sub("", spaced[0].casefold().translate(_LEET)))


@lru_cache(maxsize=2**15)
def _of_word(word: str) -> Tier:
    small = word.casefold()
    letters = small if small.isalpha() else _spelt_out(small)
    if letters in _INNOCENT:
        return Tier.CLEAN
    squeezed = _REPEATED.sub(r"\1", letters)
    for pattern, name, found in _LISTED.get(squeezed, ()):
        if letters == name or (pattern.fullmatch(letters) and (found is Tier.STRONG or _THRICE.search(letters))):
            return Tier.CLEAN if name in _NAMES and _is_name(word) else found
    return max((found for part, found in _WITHIN.items() if part in squeezed), default=Tier.CLEAN)


def _spelt_out(small: str) -> str:
    """Return the letters that are meant by digits and signs; of what is mostly digits ("A55") none are meant."""
    if sum(character.isdigit() for character in small) * 2 > len(small):
        return ""
    if "*" in small:
        return _UNCENSORED.get(small.strip("*"), _NO_LETTER.sub("", small))
    return _NO_LETTER.sub("", small.translate(_LEET))


def _of_letters(joined: str) -> Tier:
    """Return the tier of words written letter by letter; short ones must stand alone ("a s s")."""
    whole = _of_word(joined)
    return max((found for word, found in _LONG.items() if word in joined), default=whole)


def _is_name(word: str) -> bool:
    return word[0].isupper() and word[1:].islower()


def _pattern(word: str) -> re.Pattern[str]:
    return re.compile("".join(f"{letter}{{{len(list(run))},}}" for letter, run in groupby(word)))


def _listed() -> dict[str, list[tuple[re.Pattern[str], str, Tier]]]:
    """Return the words by their letters without repetitions; "l" is also written as "1" or "I"."""
    found: dict[str, list[tuple[re.Pattern[str], str, Tier]]] = defaultdict(list)
    for name, grade in _TIERS.items():
        for spelt in {name, name.replace("l", "i")}:
            found[_REPEATED.sub(r"\1", spelt)].append((_pattern(spelt), name, grade))
    return dict(found)


def _uncensored() -> dict[str, str]:
    """Return the words by what is left of them when a vowel, or all between the first and last letter, is a star."""
    found = {}
    for word in [*_TIERS, "fuck", "fucker", "fucking", "fucked", "motherfucker"]:
        if len(word) > 3:
            found[re.sub("[aeiou]", "*", word, count=1)] = word
            found[f"{word[0]}{'*' * (len(word) - 2)}{word[-1]}"] = word
            found[re.sub("[aeiou][a-z]", "**", word, count=1)] = word
    return {censored: word for censored, word in found.items() if "*" in censored.strip("*")}


_TIERS: Final = {word: grade for grade, words in _WORDS.items() for word in words.split()}
_LONG: Final = {word: grade for word, grade in [*_TIERS.items(), *_WITHIN.items()] if len(word) > 3}
_LISTED: Final = _listed()
_UNCENSORED: Final = _uncensored()
