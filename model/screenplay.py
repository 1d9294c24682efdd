"""The structure of a script: headings, directions, turns, the cast, and their one-line text form.

One element a line, no blank lines (white space costs tokens)::

    CAST: ANNA, BEN
    [INT. KITCHEN - NIGHT]
    (Anna puts the kettle on.)
    ANNA (whispering): Is he gone?
    BEN: Not yet.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

MAX_CUE: Final = 40
_CUE: Final = re.compile(r"[^\W\d_a-zß][^:(),\[\]\n]*")
_TURN: Final = re.compile(r"(?P<cue>[^:()\[\]\n]+?)(?: \((?P<manner>[^()\n]+)\))?: (?P<speech>.+)")
_HEADING: Final = re.compile(r"(?P<place>INT|EXT|INT/EXT)\. (?P<rest>[^\[\]\n]+)")


class NotAScriptError(ValueError):
    """A line is no element of a script; ``line`` is the text."""

    def __init__(self, line: str) -> None:
        super().__init__(line)
        self.line = line


def _require(text: str, *, ok: bool) -> None:
    if not ok or not text or text != " ".join(text.split()) or any(map(_unprintable, text)):
        raise NotAScriptError(text)


def _unprintable(character: str) -> bool:
    return unicodedata.category(character) in {"Cc", "Cs"}  # NUL among them, which no database keeps


@dataclass(frozen=True, slots=True)
class Heading:
    """Where and when a scene plays, such as ``INT. KITCHEN - NIGHT``."""

    text: str

    def __post_init__(self) -> None:
        _require(self.text, ok=bool(_HEADING.fullmatch(self.text)))


@dataclass(frozen=True, slots=True)
class Direction:
    """What is seen: one line without brackets."""

    text: str

    def __post_init__(self) -> None:
        _require(self.text, ok=not set(self.text) & set("()[]"))


@dataclass(frozen=True, slots=True)
class Turn:
    """One speaker's line. ``manner`` is the parenthetical: how it is said."""

    cue: str
    speech: str
    manner: str | None = None

    def __post_init__(self) -> None:
        _require(
            self.cue, ok=bool(_CUE.fullmatch(self.cue)) and self.cue == self.cue.upper() and len(self.cue) <= MAX_CUE
        )
        _require(self.speech, ok=bool(self.speech))
        if self.manner is not None:
            _require(self.manner, ok=not set(self.manner) & set("()"))


Element = Heading | Direction | Turn


@dataclass(frozen=True, slots=True)
class Script:
    """One or more scenes: opens with a heading, has at least one turn, only the cast speaks."""

    elements: tuple[Element, ...]

    def __post_init__(self) -> None:
        if not self.elements or not isinstance(self.elements[0], Heading):
            raise NotAScriptError(_line(self.elements[0]) if self.elements else "")
        if not self.cast:
            raise NotAScriptError(_line(self.elements[-1]))

    @property
    def cast(self) -> tuple[str, ...]:
        """The speakers, in order of their first line."""
        return cast(turn for turn in self.elements if isinstance(turn, Turn))

    @property
    def turns(self) -> tuple[Turn, ...]:
        """The spoken lines."""
        return tuple(element for element in self.elements if isinstance(element, Turn))


def cast(turns: Iterable[Turn]) -> tuple[str, ...]:
    """Return who speaks, in order of the first line."""
    return tuple(dict.fromkeys(turn.cue for turn in turns))


def _line(element: Element) -> str:
    match element:
        case Heading(text):
            return f"[{text}]"
        case Direction(text):
            return f"({text})"
        case Turn(cue, speech, manner):
            return f"{cue} ({manner}): {speech}" if manner else f"{cue}: {speech}"


def lines(elements: Iterable[Element]) -> str:
    """Return the elements as text, one a line; :func:`read_line` is the inverse of each line."""
    return "\n".join(_line(element) for element in elements)


def read_line(line: str) -> Element:
    """Return the element written on ``line``.

    Raises:
        NotAScriptError: the line is none.
    """
    if line.startswith("[") and line.endswith("]"):
        return Heading(line[1:-1])
    if line.startswith("(") and line.endswith(")"):
        return Direction(line[1:-1])
    match = _TURN.fullmatch(line)
    if not match:
        raise NotAScriptError(line)
    return Turn(match["cue"], match["speech"], match["manner"])


def read_turns(text: str) -> tuple[Turn, ...]:
    """Return the turns of a dialog written one a line as ``NAME: what is said``; blank lines are skipped.

    Raises:
        NotAScriptError: a line is no turn.
    """
    turns = []
    for line in filter(None, (" ".join(line.split()) for line in text.splitlines())):
        element = read_line(line)
        if not isinstance(element, Turn):
            raise NotAScriptError(line)
        turns.append(element)
    return tuple(turns)
