"""Catalogue text made fit to learn from: genres mapped, tags and people cut, whole English sentences kept."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import ftfy

from model import briefs
from model.briefs import BadBriefError, Genre, Theme
from training import mending, tags, telling
from training.records import Synopsis
from training.sources import anime, wikipedia

MIN_WORDS: Final = 8
MAX_WORDS: Final = 60
_MIN_OF_ARTICLE: Final = 12  # shorter ones say when and where, and no story
_JUNK: Final = re.compile(
    r"special interest|fitness|stand.?up|concert|talk show|news|late night|variety|health & wellness|game show", re.I
)
_OTHER_SCRIPT: Final = re.compile(r"(?![\u1e00-\u1eff])[^\W\d_\u0000-\u024f]")
_NO_SHOW: Final = re.compile(  # titles of compilations
    r"nursery rhymes?|\b(?:kids|songs|cartoons|videos?|tunes) for\b|\bfor (?:kids|toddlers|children)\b|& more\b"
    r"|kids songs|\beducational\b|\blearn(?:ing)? (?:\w+ )?(?:colors|with|songs|videos)"
    r"|workout|sing.?along|little baby bum|minute yoga",
    re.I,
)
_GENRES: Final = (
    ("anime", r"anime"),
    ("animation", r"animat(?:ion|ed)|cartoon"),
    ("action", r"action|superhero|martial arts|disaster"),
    ("adventure", r"adventure"),
    ("comedy", r"comed|sitcom|parody|satire"),
    ("crime", r"crime|police|\bnoir\b|gangster|heist"),
    ("documentary", r"documentar|docuseries|nature"),
    ("drama", r"drama|slice of life|\blegal\b|\bpolitical\b"),
    ("family", r"kids|family"),
    ("fantasy", r"fantasy|supernatural|mahou shou|magical girl"),
    ("history", r"histor|biograph|biopic"),
    ("horror", r"horror|slasher"),
    ("music", r"music|dance|\bidols?\b"),
    ("mystery", r"myster"),
    ("reality", r"reality|unscripted|cooking"),
    ("romance", r"roman"),
    ("science fiction", r"sci-fi|science[ -]fiction|mecha\b|\bspace\b"),
    ("sport", r"sport"),
    ("thriller", r"thriller|suspense|espionage|\bspy\b|psychological"),
    ("war", r"\bwar\b"),
    ("western", r"western"),
)
_PATTERNS: Final = tuple((Genre(name), re.compile(pattern, re.I)) for name, pattern in _GENRES)
_PARENTHESIS: Final = re.compile(r"\s*(\([^()]*\)|\[[^\[\]]*\])")
_GLUED: Final = re.compile(r"(?<=[a-z][.!?])(?=[A-Z][a-z])")  # "the end.He"
_SENTENCE: Final = re.compile(r"(?:(?<=[.!?])|(?<=[.!?][\"')]))\s+(?=[\"'A-Z0-9])")
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
    """A clean catalogue entry: what a pitch is learnt from; ``themes`` are those that people gave it."""

    title: str
    genres: tuple[Genre, ...]
    summary: str
    source: str = ""
    work: str = ""
    themes: tuple[Theme, ...] = ()
    year: int | None = None


class Refusal(StrEnum):
    """Why a synopsis makes no show."""

    FOR_ADULTS = "pornographic"
    NO_GENRE = "no genre of ours, or no story"
    NOT_ITS_OWN = "anime: adaptation, sequel, music video, unwanted genre"
    NO_STORY = "no whole English sentences that tell a story"
    BAD_CHARACTERS = "characters or a length that no brief allows"
    ARTEFACT = "traces of a catalogue that cannot be mended"


def genres(labels: tuple[str, ...]) -> tuple[Genre, ...]:
    """Return our genres for a catalogue's labels; none when a label marks what is no story (fitness, stand-up, …)."""
    listed = " · ".join(labels)
    if _JUNK.search(listed):
        return ()
    return tuple(genre for genre, pattern in _PATTERNS if pattern.search(listed))


def plain(text: str) -> str:
    """Return ``text`` on one line with straight quotes, without invisible characters, mojibake undone."""
    return mending.straight(ftfy.fix_encoding(text) if "â€" in text or "Ã" in text else text)


def sentences(text: str) -> list[str]:
    """Return the sentences of ``text``; "Mr." and initials do not end one."""
    found: list[str] = []
    for piece in _SENTENCE.split(text):
        if found and _TITLED.search(found[-1]):
            found[-1] += " " + piece
        else:
            found.append(piece)
    return found


def _leading(told: Iterable[str | None]) -> str | None:
    """Return the first sentences in a row that are there, as many as fit."""
    kept: list[str] = []
    for sentence in told:
        if sentence is None:
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


def show_of(synopsis: Synopsis) -> Show | None:
    """Return a synopsis of any source as a clean show with the themes people gave it, or None when it makes none."""
    found = judged(synopsis)
    return found if isinstance(found, Show) else None


def judged(synopsis: Synopsis) -> Show | Refusal:
    """Return a synopsis of any source as a clean show, or why it makes none."""
    if tags.for_adults(synopsis.keywords):
        return Refusal.FOR_ADULTS
    found = genres(synopsis.labels)
    if not found or _NO_SHOW.search(synopsis.title):
        return Refusal.NO_GENRE
    if synopsis.source == anime.NAME:
        kept = anime.original(synopsis)
        if isinstance(kept, anime.Rule):
            return Refusal.NOT_ITS_OWN
        synopsis = kept
    text = _story(synopsis)
    return _made(synopsis, found, text) if text else Refusal.NO_STORY


def _story(synopsis: Synopsis) -> str | None:
    in_article = synopsis.source == wikipedia.NAME
    text = _GLUED.sub(" ", _PARENTHESIS.sub("", mending.mended(synopsis.text)))
    told = telling.story(sentences(text), title=synopsis.title, in_article=in_article)
    whole = _leading(
        None if sentence is None or _is_advert(sentence, synopsis.people) else sentence for sentence in told
    )
    return None if whole and in_article and len(whole.split()) < _MIN_OF_ARTICLE else whole


def _is_advert(sentence: str, people: Iterable[str]) -> bool:
    return bool(_ADVERT.search(sentence)) or any(person in sentence for person in people)


def _made(synopsis: Synopsis, found: tuple[Genre, ...], text: str) -> Show | Refusal:
    name = mending.title(synopsis.title)
    if _OTHER_SCRIPT.search(name):
        return Refusal.BAD_CHARACTERS
    if mending.artefacts(name, is_title=True) or mending.artefacts(text):
        return Refusal.ARTEFACT
    try:
        return Show(
            title=briefs.title(name),
            genres=found,
            summary=briefs.summary(text),
            source=synopsis.source,
            work=synopsis.work,
            themes=tags.themes(synopsis.keywords),
            year=synopsis.year,
        )
    except BadBriefError:
        return Refusal.BAD_CHARACTERS


def key(text: str) -> str:
    """Return what two spellings of one title share: its letters and digits, no article in front."""
    letters = re.sub(r"[\W_]+", " ", text.casefold()).strip()
    return re.sub(r"^(the|a|an) ", "", letters)


def _fits(text: str) -> bool:
    words = text.casefold().split()
    if not MIN_WORDS <= len(words) <= MAX_WORDS or not text.rstrip("\"'").endswith((".", "!", "?")):
        return False
    common = sum(word in _ENGLISH for word in words)
    return common * 8 >= len(words) and not text.endswith("...") and "�" not in text
