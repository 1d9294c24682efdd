"""What is asked of the writer: one frozen value per task, valid from the moment it exists."""

import difflib
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal, NewType

from model.screenplay import Script, Turn, lines

Genre = NewType("Genre", str)
Theme = NewType("Theme", str)

GENRES: Final = tuple(
    Genre(name)
    for name in (
        "action",
        "adventure",
        "animation",
        "anime",
        "comedy",
        "crime",
        "documentary",
        "drama",
        "family",
        "fantasy",
        "history",
        "horror",
        "music",
        "mystery",
        "reality",
        "romance",
        "science fiction",
        "sport",
        "thriller",
        "war",
        "western",
    )
)
Preset = Literal["tame", "bold"]
PRESETS: Final[tuple[Preset, ...]] = ("tame", "bold")
_ALIASES: Final = {
    "sci-fi": "science fiction",
    "scifi": "science fiction",
    "sf": "science fiction",
    "romantic": "romance",
    "kids": "family",
    "historical": "history",
    "musical": "music",
    "sports": "sport",
    "documentaries": "documentary",
}

MAX_THEME: Final = 64
MAX_TITLE: Final = 100
MAX_SUMMARY: Final = 600
MAX_TURNS: Final = 40
MAX_COUNT: Final = 10
MAX_SEED: Final = 2**31 - 1
_MAX_RAW: Final = 4096  # characters before clean-up: a megabyte of accents would take seconds to normalise
_THEME_PUNCTUATION: Final = frozenset(" '’&,.!?-")
_BRACKETS: Final = frozenset("[]")  # those of headings
_NEVER: Final = frozenset("<>|[]{}\\`\ufffd")  # control tokens, our own mark-up, and bytes that were no text


class BadBriefError(ValueError):
    """The request cannot be written as it stands."""


class UnknownGenreError(BadBriefError):
    """No such genre; ``closest`` is the nearest known one, if any is near."""

    def __init__(self, genre: str) -> None:
        super().__init__(genre)
        self.genre = genre
        near = difflib.get_close_matches(genre.casefold(), [*GENRES, *_ALIASES], n=1)
        self.closest = _ALIASES.get(near[0], near[0]) if near else None


class UnknownPresetError(BadBriefError):
    """No such preset."""

    def __init__(self, preset: str) -> None:
        super().__init__(preset)
        self.preset = preset


class EmptyTextError(BadBriefError):
    """A field (``theme``, ``title``, ``summary``, ``dialog``) has nothing in it."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


class TextTooLongError(BadBriefError):
    """A field has ``length`` characters (or lines, for a dialog); ``limit`` are allowed."""

    def __init__(self, field: str, length: int, limit: int) -> None:
        super().__init__(f"{field}: {length} > {limit}")
        self.field, self.length, self.limit = field, length, limit


class BadCharactersError(BadBriefError):
    """A field holds characters that never reach the model."""

    def __init__(self, field: str, characters: str) -> None:
        super().__init__(f"{field}: {characters!r}")
        self.field, self.characters = field, characters


class OutOfRangeError(BadBriefError):
    """A number (``count``, ``seed``) is outside ``low..high``."""

    def __init__(self, field: str, value: float, low: float, high: float) -> None:
        super().__init__(f"{field}={value} not in {low}..{high}")
        self.field, self.value, self.low, self.high = field, value, low, high


def genre(text: str) -> Genre:
    """Return the genre meant by ``text``, aliases included.

    Raises:
        UnknownGenreError: the text names no genre of ours.
    """
    name = " ".join(text.casefold().split())
    name = _ALIASES.get(name, name)
    if name not in GENRES:
        raise UnknownGenreError(text)
    return Genre(name)


def theme(text: str) -> Theme:
    """Return ``text`` as a theme: one line of letters, digits and light punctuation (NFKC).

    Raises:
        EmptyTextError, TextTooLongError, BadCharactersError: see their docstrings.
    """
    clean = _composed("theme", text, MAX_THEME).strip(" ")
    bad = "".join(dict.fromkeys(c for c in clean if not _speakable(c) and c not in _THEME_PUNCTUATION))
    if bad.strip():
        raise BadCharactersError("theme", bad)
    return Theme(_one_line("theme", clean, MAX_THEME, refuse=bad))


def title(text: str) -> str:
    """Return ``text`` as a title: one non-empty line of at most ``MAX_TITLE`` characters.

    Raises:
        EmptyTextError, TextTooLongError, BadCharactersError: see their docstrings.
    """
    return _plain("title", text, MAX_TITLE)


def summary(text: str) -> str:
    """Return ``text`` as a summary: one non-empty line of at most ``MAX_SUMMARY`` characters.

    Raises:
        EmptyTextError, TextTooLongError, BadCharactersError: see their docstrings.
    """
    return _plain("summary", text, MAX_SUMMARY)


def _plain(field: str, text: str, limit: int) -> str:
    clean = " ".join(_composed(field, text, limit).split())
    bad = "".join(dict.fromkeys(c for c in clean if c in _NEVER or unicodedata.category(c)[0] == "C"))
    return _one_line(field, clean, limit, refuse=bad)


def _composed(field: str, text: str, limit: int) -> str:
    if len(text) > _MAX_RAW:
        raise TextTooLongError(field, len(text), limit)
    return unicodedata.normalize("NFKC", text)


def _one_line(field: str, clean: str, limit: int, *, refuse: str) -> str:
    if not clean or clean.isspace():
        raise EmptyTextError(field)
    if len(clean) > limit:
        raise TextTooLongError(field, len(clean), limit)
    if refuse:
        raise BadCharactersError(field, refuse)
    return " ".join(clean.split())


def _speakable(character: str) -> bool:
    return unicodedata.category(character)[0] in "LMN"


def require_canonical(field: str, value: str) -> None:
    """Raise unless ``value`` is what :func:`title`, :func:`summary`, … make of it, so that it stays one line.

    Raises:
        BadBriefError: it is empty, too long, of several lines, or has characters that never reach the model.
    """
    clean = _CLEANERS[field](value)
    if clean != value:
        raise BadCharactersError(field, "".join(dict.fromkeys(c for c in value if c not in clean)) or " ")


def _in_range(field: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise OutOfRangeError(field, value, low, high)


_CLEANERS: Final[dict[str, Callable[[str], str]]] = {"genre": genre, "theme": theme, "title": title, "summary": summary}


@dataclass(frozen=True, slots=True, kw_only=True)
class PitchBrief:
    """Genre and theme → ``count`` titles with summaries (a slate).

    ``avoid`` are titles that must not come back, beyond those the writer's own index knows. ``preset`` is how daring
    the writer is.
    """

    genre: Genre
    theme: Theme
    count: int = 5
    seed: int = 0
    avoid: tuple[str, ...] = ()
    preset: Preset = "tame"

    def __post_init__(self) -> None:
        if self.preset not in PRESETS:
            raise UnknownPresetError(self.preset)
        require_canonical("genre", self.genre)
        require_canonical("theme", self.theme)
        for unwanted in self.avoid:
            if len(unwanted) > MAX_TITLE:
                raise TextTooLongError("avoid", len(unwanted), MAX_TITLE)
        _in_range("count", self.count, 1, MAX_COUNT)
        _in_range("seed", self.seed, 0, MAX_SEED)


@dataclass(frozen=True, slots=True, kw_only=True)
class _ShowBrief:
    title: str
    summary: str
    seed: int = 0

    def __post_init__(self) -> None:
        require_canonical("title", self.title)
        require_canonical("summary", self.summary)
        _in_range("seed", self.seed, 0, MAX_SEED)


@dataclass(frozen=True, slots=True, kw_only=True)
class DialogBrief(_ShowBrief):
    """Title and summary → a dialog: turns without headings or directions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptBrief(_ShowBrief):
    """Title and summary → the first page of a script."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StagingBrief:
    """A dialog → the script of the same lines with a heading and stage directions."""

    dialog: tuple[Turn, ...]
    seed: int = 0

    def __post_init__(self) -> None:
        if not self.dialog:
            raise EmptyTextError("dialog")
        if len(self.dialog) > MAX_TURNS:
            raise TextTooLongError("dialog", len(self.dialog), MAX_TURNS)
        for turn in self.dialog:
            bad = "".join(c for c in dict.fromkeys(turn.cue + (turn.manner or "") + turn.speech) if c in _NEVER)
            if bad:
                raise BadCharactersError("dialog", bad)
        _in_range("seed", self.seed, 0, MAX_SEED)


@dataclass(frozen=True, slots=True, kw_only=True)
class LineBrief(_ShowBrief):
    """A script and the place of a turn among its elements → the same script with another speech there."""

    script: Script
    at: int

    def __post_init__(self) -> None:
        super(LineBrief, self).__post_init__()
        if not 0 <= self.at < len(self.script.elements) or not isinstance(self.script.elements[self.at], Turn):
            raise OutOfRangeError("at", self.at, 0, len(self.script.elements) - 1)
        if bad := "".join(c for c in dict.fromkeys(lines(self.script.elements)) if c in _NEVER - _BRACKETS):
            raise BadCharactersError("script", bad)

    @property
    def turn(self) -> Turn:
        """The turn that is to be said otherwise."""
        turn = self.script.elements[self.at]
        assert isinstance(turn, Turn)  # noqa: S101 -- looked at when the brief was made
        return turn


Brief = PitchBrief | DialogBrief | ScriptBrief | StagingBrief | LineBrief
