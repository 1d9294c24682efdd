"""Keywords that people gave a work, as themes: what it is about, never how it was made, sold or received."""

import re
from collections.abc import Iterable
from typing import Final

from model import briefs
from model.briefs import GENRES, BadBriefError, Theme

MOST: Final = 12  # themes of a work: further keywords are ever less to the point
_MOST_WORDS: Final = 4
_FEWEST_LETTERS: Final = 3
_PARENTHESIS: Final = re.compile(r"\s*\([^()]*\)")
_LATIN: Final = re.compile(r"[a-zà-öø-ÿ0-9' &,.!?-]+")
_MAKING: Final = re.compile(
    r"stinger$|^based on|\b(?:director|remake|reboot|sequel|prequel|spin.?off|crossover|franchise|universe|trilogy"
    r"|part)\b"
    r"|\b(?:film|films|movie|movies|cinema|tv|television|series|miniseries|episode|episodic|anthology|ova|pilot)\b"
    r"|\b(?:manga|cartoon|cgi|3d|imax|stop motion|live action|animation|animated|anime|rotoscoping|puppetry)\b"
    r"|\b(?:documentary|mockumentary|footage|adaptation|biography|biopic|slasher|giallo|noir|blaxploitation"
    r"|exploitation)\b"
    r"|\b(?:protagonist|cast|lead|ensemble|interest|theme|themes|archetype|parody|spoof|satire)\b"
    r"|\b(?:title|credits?|reference to|box office|blockbuster|flop|rated|surprise ending|cult|nudity|f word"
    r"|narration)\b"
    r"|\b(?:flashback|fourth wall|voice.?over|no dialogue|black and white|widescreen|aspect ratio|independent)\b"
    r"|\b(?:shou?nen|shou?jo|seinen|josei|chibi|flash|otaku|iyashikei|henshin|moe)\b|things$|chick flick"
    r"|\b(?:comedy|drama|thriller|horror|fiction)$"
    r"|^(?:\d{2,4}s|\d+|.*\bcentury|usa|epic|short|musical|sports|martial arts|love|death|family|friends?|individual)$"
)
_MOODS: Final = frozenset(
    """
    absurd admiring adoring aggressive amused angry anxious appreciative assertive audacious authoritarian awestruck
    baffled bewildered biting bold brisk callous candid cautionary cheerful clinical comforting complex
    compassionate complicated conceited condescending confused cliché critical cruel curious defiant depressing
    desperate detached didactic dignified disheartening dramatic dreary earnest ecstatic egotistical embarrassed
    empathetic enchant enthusiastic euphoric excited exhilarated exuberant familiar farcical foreboding forceful
    frantic frightened frustrated gentle ghoulish grand hilarious hopeful horrified horror incredulous indifferent
    informative inspirational intense intimate introspective ironic irreverent joyful joyous lighthearted loving
    malicious matter mean melancholy melodramatic mischievous mysterious mystify nostalgic optimistic ominous
    outrageous playful philosophical pessimistic powerful pretentious provocative reflective relaxed rebellious
    romantic sarcastic sardonic scathing sentimental serene shocking sincere sinister skeptical somber suspenseful
    sympathetic taunting tense thoughtful tragic urban vibrant whimsical witty wonder woman heterosexual foreign
    educational advertisement meta kids coastal rural surreal gore violence wretch work gritty serious
    """.split()  # noqa: SIM905 - a hundred quoted words would be harder to read
)
_EXPLICIT: Final = re.compile(
    r"softcore|hardcore|porn|pink film|sexploitation|hentai|erotic|bdsm|bondage|masturbat|incest|\brape|nudity|nude"
    r"|orgy"
    r"|fetish|striptease|threesome|\bsex(?:ual|uality)?\b|pedophil|paedophil|sadis|masochis|voyeur|\blust\b|三级|情色"
)
_FOR_ADULTS: Final = re.compile(r"softcore|hardcore|porn|pink film|sexploitation|hentai|三级|情色|成人")


def themes(keywords: Iterable[str]) -> tuple[Theme, ...]:
    """Return the keywords that make a theme, in lower case and in their order, at most ``MOST``, none twice."""
    found = dict.fromkeys(filter(None, map(_theme, keywords)))
    return tuple(found)[:MOST]


def for_adults(keywords: Iterable[str]) -> bool:
    """Say whether the keywords call the work pornographic."""
    return any(_FOR_ADULTS.search(keyword.casefold()) for keyword in keywords)


def _theme(keyword: str) -> Theme | None:
    plain = " ".join(_PARENTHESIS.sub("", keyword.casefold().replace("’", "'")).split()).strip("- ")
    if not _says_something(plain) or _MAKING.search(plain) or _EXPLICIT.search(plain):
        return None
    try:
        return briefs.theme(plain)
    except BadBriefError:
        return None


def _says_something(plain: str) -> bool:
    letters = sum(character.isalpha() for character in plain)
    fits = letters >= _FEWEST_LETTERS and len(plain.split()) <= _MOST_WORDS
    return fits and bool(_LATIN.fullmatch(plain)) and plain not in _MOODS and plain not in GENRES
