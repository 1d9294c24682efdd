"""Catalogue text made fit to learn from: genres mapped, tags and people cut, whole English sentences kept."""

import re
from dataclasses import dataclass
from typing import Final

from model import briefs
from model.briefs import BadBriefError, Genre
from training.sources.streaming import Listing

MIN_WORDS: Final = 8
MAX_WORDS: Final = 60
_JUNK: Final = re.compile(
    r"special interest|fitness|stand.?up|concert|talk show|news|late night|variety|health & wellness|game show", re.I
)
_GENRES: Final = (
    ("anime", r"anime"),
    ("animation", r"animation|cartoon"),
    ("action", r"action|superhero"),
    ("adventure", r"adventure"),
    ("comedy", r"comed|sitcom|parody"),
    ("crime", r"crime|police"),
    ("documentary", r"documentar|docuseries|nature"),
    ("drama", r"drama"),
    ("family", r"kids|family"),
    ("fantasy", r"fantasy"),
    ("history", r"histor"),
    ("horror", r"horror"),
    ("music", r"music|dance"),
    ("mystery", r"myster"),
    ("reality", r"reality|unscripted|cooking"),
    ("romance", r"roman"),
    ("science fiction", r"sci-fi|science fiction"),
    ("sport", r"sport"),
    ("thriller", r"thriller|suspense|espionage"),
    ("war", r"\bwar\b"),
    ("western", r"western"),
)
_PATTERNS: Final = tuple((Genre(name), re.compile(pattern, re.I)) for name, pattern in _GENRES)
_STRAIGHT: Final = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "…": "...", "`": "'", "´": "'"})
_INVISIBLE: Final = re.compile("[\u200b-\u200f\u202a-\u202e\u2060\ufeff\u00ad]")
_PARENTHESIS: Final = re.compile(r"\s*(\([^()]*\)|\[[^\[\]]*\])")
_EDITION: Final = re.compile(
    r"\s*[-–—:,]?\s*\b(season \w+|series \d+|vol(ume|\.)? ?\d+|4k|uhd|ultra hd|hd|director'?s cut"
    r"|extended( cut| edition)?|unrated|subtitled|dubbed|english (version|subtitled)|the complete series"
    r"|\d+th anniversary edition)\s*$",
    re.I,
)
_SENTENCE: Final = re.compile(r"(?<=[.!?])[\"')]?\s+(?=[\"'A-Z0-9])")
_TITLED: Final = re.compile(r"\b(Mr|Mrs|Ms|Dr|St|Lt|Sgt|Capt|Jr|Sr|vs|No|[A-Z])\.$")
_ENGLISH: Final = frozenset(
    re.findall(r"\w+", "the a an of and to in is his her their with for on by who when from as that he she")
)
_ADVERT: Final = re.compile(
    r"https?:|www\.|\bstarring\b|\bstars\b|\bdirected by\b|\bepisodes?\b|\bseason\b|\bDVD\b|\bbased on\b|\bsequel\b"
    r"|\baward|\bbestsell|\bacclaimed\b|\bnovel by\b|\bdirector\b|\bfranchise\b|\bspecial\b.*\bcomedian\b|\bNetflix\b"
    r"|\bDisney|\bMarvel|\bHulu\b|\bAmazon\b|\bBollywood\b|\boriginal series\b|\bmini-?series\b",
    re.I,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Show:
    """A clean catalogue entry: what a pitch is learnt from."""

    title: str
    genres: tuple[Genre, ...]
    summary: str


def genres(labels: tuple[str, ...]) -> tuple[Genre, ...]:
    """Return our genres for a catalogue's labels; none when a label marks what is no story (fitness, stand-up, …)."""
    listed = " · ".join(labels)
    if _JUNK.search(listed):
        return ()
    return tuple(genre for genre, pattern in _PATTERNS if pattern.search(listed))


def plain(text: str) -> str:
    """Return ``text`` on one line with straight quotes, without invisible characters, mojibake undone."""
    if "â€" in text or "Ã" in text:
        text = _undo_mojibake(text)
    return " ".join(_INVISIBLE.sub("", text).translate(_STRAIGHT).split())


def title(text: str) -> str:
    """Return a title without edition tags and parentheses; capitals become title case."""
    clean = _EDITION.sub("", _PARENTHESIS.sub("", plain(text))).strip(" -–—:,")
    return clean.title().replace("'S", "'s") if clean.isupper() and len(clean) > 4 else clean


def sentences(text: str) -> list[str]:
    """Return the sentences of ``text``; "Mr." and initials do not end one."""
    found: list[str] = []
    for piece in _SENTENCE.split(text):
        if found and _TITLED.search(found[-1]):
            found[-1] += " " + piece
        else:
            found.append(piece)
    return found


def summary(text: str, people: tuple[str, ...]) -> str | None:
    """Return the leading whole sentences (8–60 words) that tell the story, or None if too few remain."""
    kept: list[str] = []
    for sentence in sentences(_PARENTHESIS.sub("", plain(text))):
        if _ADVERT.search(sentence) or any(person in sentence for person in people):
            if kept:
                break
            continue
        if len(" ".join([*kept, sentence]).split()) > MAX_WORDS:
            break
        kept.append(sentence)
    whole = " ".join(kept).strip(" -–—")
    if whole and whole[-1].isalnum():
        whole += "."
    return whole if _fits(whole) else None


def show(listing: Listing) -> Show | None:
    """Return the listing as a clean show, or None when it is no story, too short or not English."""
    found = genres(listing.labels)
    text = summary(listing.description, listing.people) if found else None
    if not text:
        return None
    try:
        return Show(title=briefs.title(title(listing.title)), genres=found, summary=briefs.summary(text))
    except BadBriefError:
        return None


def key(text: str) -> str:
    """Return what two spellings of one title share: its letters and digits, no article in front."""
    letters = re.sub(r"[^\w]+", " ", text.casefold()).strip()
    return re.sub(r"^(the|a|an) ", "", letters)


def _fits(text: str) -> bool:
    words = text.casefold().split()
    if not MIN_WORDS <= len(words) <= MAX_WORDS or not text.rstrip("\"'").endswith((".", "!", "?")):
        return False
    common = sum(word in _ENGLISH for word in words)
    return common * 8 >= len(words) and not text.endswith("...") and "�" not in text


def _undo_mojibake(text: str) -> str:
    try:
        return text.encode("cp1252").decode("utf-8")
    except UnicodeError:
        return text
