"""An excerpt set as a page of a screenplay: headings bold, cues in the middle, speech in a narrow column."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final

from PIL import Image, ImageDraw

from bot.ui.breaking import ELLIPSIS, broken, clipped, shortened
from bot.ui.encoding import png
from bot.ui.graphemes import visible
from bot.ui.readable import drawable
from bot.ui.typefaces import Voice
from bot.ui.typesetting import Line, measured
from model.screenplay import Direction, Element, Heading, NotAScriptError, Turn, read_line

WIDTH: Final = 1080
HEIGHT: Final = 1350  # 4:5, the tallest that every network shows whole
SIZE: Final = 27
LEADING: Final = 34
LEFT: Final = 126  # wider than the right one: a script is bound
RIGHT: Final = 90
TOP: Final = 192.0  # baseline of the first line
ROWS: Final = 30
NOTE: Final = "A show that does not exist. Written by a language model."
MORE: Final = "(MORE)"
CONTINUED: Final = " (CONT'D)"
MAX_CHARACTERS: Final = 40_000  # far more than a page holds; the rest is not even measured

_HEADER: Final = 100.0
_FOOTER: Final = HEIGHT - 64.0
_SMALL: Final = 19
_CELL: Final = SIZE * 0.6  # Courier's characters are all as wide
_WIDTH: Final = float(WIDTH - LEFT - RIGHT)
_CUE: Final = 19 * _CELL
_MANNER: Final = 14 * _CELL
_SPEECH: Final = 9 * _CELL
_SPEECH_WIDTH: Final = 34 * _CELL
_MANNER_WIDTH: Final = 22 * _CELL
_LEAST: Final = 2  # rows of a speech before and after which a page may end
PAPER: Final = "#FBF8F0"
_TYPE: Final = "#23201C"
_FAINT: Final = "#6B645A"
_EDGE: Final = "#D9D2C3"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A line of text before it has its height: where it begins, from the left margin in pixels."""

    text: str
    indent: float
    bold: bool = False

    def line(self, y: float) -> Line:
        """Return it with its baseline at ``y``."""
        voice = Voice.TYPEWRITER_BOLD if self.bold else Voice.TYPEWRITER
        return Line(text=self.text, x=LEFT + self.indent, y=y, size=SIZE, voice=voice)


_END: Final = Row(text=ELLIPSIS, indent=_WIDTH / 2 - _CELL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Every line of the page: the ``header`` and ``footer`` in its margins, and the ``script`` between them.

    ``whole`` says whether the excerpt ends on the page; if it does not, its last line says so.
    """

    header: tuple[Line, ...]
    script: tuple[Line, ...]
    footer: Line
    whole: bool

    @property
    def lines(self) -> tuple[Line, ...]:
        """All of them."""
        return (*self.header, *self.script, self.footer)


def layout(*, title: str, excerpt: str) -> Page:
    """Return where every line of the page goes, from a show's title and its script, one element a line."""
    script, whole = _filled(_blocks(excerpt[:MAX_CHARACTERS]))
    return Page(header=_header(title), script=script, footer=_footer(), whole=whole and len(excerpt) <= MAX_CHARACTERS)


def _header(title: str) -> tuple[Line, ...]:
    number = Line(text="1.", x=LEFT + _WIDTH - 2 * _CELL, y=_HEADER, size=SIZE)
    width = _WIDTH - 6 * _CELL
    name = clipped(broken(drawable(title), width=width, size=SIZE), most=1, width=width, size=SIZE)
    return (*(Line(text=text, x=LEFT, y=_HEADER, size=SIZE) for text in name), number)


def _footer() -> Line:
    return Line(text=NOTE, x=(WIDTH - measured(NOTE, size=_SMALL)) / 2, y=_FOOTER, size=_SMALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Block:
    """One element: rows that stay together (a cue and how it is said), and rows between which a page may end."""

    element: Element | None
    head: tuple[Row, ...] = ()
    body: tuple[Row, ...]

    @property
    def rows(self) -> tuple[Row, ...]:
        return (*self.head, *self.body)


def _blocks(excerpt: str) -> Iterator[_Block]:
    speaker = None
    for text in filter(None, map(visible, excerpt.splitlines())):
        try:
            element = read_line(text)
        except NotAScriptError:
            yield _Block(element=None, body=_rows(text, 0, _WIDTH))
            continue
        match element:
            case Turn(cue, speech, manner):
                yield _speech(element, cue + CONTINUED if cue == speaker else cue, speech, manner)
                speaker = cue
            case Heading(words):
                yield _Block(element=element, body=_rows(words, 0, _WIDTH, bold=True))
                speaker = None
            case Direction(words):
                yield _Block(element=element, body=_rows(words, 0, _WIDTH))


def _speech(element: Turn, cue: str, speech: str, manner: str | None) -> _Block:
    how = _rows(f"({manner})", _MANNER, _MANNER_WIDTH) if manner else ()
    return _Block(
        element=element,
        head=(*_rows(cue, _CUE, _WIDTH - _CUE), *how),
        body=_rows(speech, _SPEECH, _SPEECH_WIDTH),
    )


def _rows(text: str, indent: float, width: float, *, bold: bool = False) -> tuple[Row, ...]:
    """Return the rows of ``text``, no more than a page and one: what is longer ends there anyway."""
    voice = Voice.TYPEWRITER_BOLD if bold else Voice.TYPEWRITER
    lines = broken(drawable(text, voice), width=width, size=SIZE, voice=voice)
    return tuple(Row(text=line, indent=indent, bold=bold) for line in islice(lines, ROWS + 1))


def _filled(blocks: Iterator[_Block]) -> tuple[tuple[Line, ...], bool]:
    """Return as many rows as the page has, and whether that was all."""
    rows: list[Row | None] = []
    kept = 0  # rows of the page if the next element cannot begin on it: a heading goes with what follows it
    block = next(blocks, None)
    while block:
        following = next(blocks, None)
        begun = len(rows)
        rows += [None] if rows else []
        if len(rows) + len(block.rows) > ROWS - bool(following):
            last = _begun(block, ROWS - len(rows))
            return _lines([*rows, *last] if last else [*rows[:kept], *_end(kept)]), False
        rows += block.rows
        kept = begun if isinstance(block.element, Heading) else len(rows)
        block = following
    return _lines(rows), True


def _end(kept: int) -> tuple[Row | None, ...]:
    """Return the sign that the script goes on, with a blank row before it if there is one."""
    return (None, _END) if kept + 2 <= ROWS else (_END,)


def _begun(block: _Block, room: int) -> tuple[Row, ...]:
    """Return as much of an element as ``room`` rows hold, and that it goes on; nothing if it is too little."""
    said = room - len(block.head) - 1
    if isinstance(block.element, Turn) and said >= _LEAST:
        return (*block.head, *block.body[:said], Row(text=MORE, indent=_CUE))
    if room <= _LEAST:
        return ()
    *rows, last = block.rows[:room]
    (text,) = clipped([last.text, ""], most=1, width=_WIDTH - last.indent, size=SIZE)
    return (*rows, replace(last, text=text))


def _lines(rows: Sequence[Row | None]) -> tuple[Line, ...]:
    return tuple(row.line(TOP + place * LEADING) for place, row in enumerate(rows) if row)


def scriptpage(*, title: str, excerpt: str) -> bytes:
    """Return the page as a PNG of 1080 × 1350 pixels, the same for the same arguments and fonts."""
    plan = layout(title=title, excerpt=excerpt)
    picture = Image.new("RGB", (WIDTH, HEIGHT), PAPER)
    ImageDraw.Draw(picture).rectangle((0, 0, WIDTH - 1, HEIGHT - 1), outline=_EDGE, width=2)
    for line in plan.lines:
        line.draw(picture, _FAINT if line is plan.footer or line in plan.header else _TYPE)
    return png(picture)


def alt_text(*, title: str, genre: str, excerpt: str) -> str:
    """Return the page in words: at most 1000 characters, its text itself with " / " between two elements."""
    said = " / ".join(filter(None, map(visible, excerpt.splitlines())))
    return shortened(f"A screenplay page of “{visible(title)}”, {visible(genre)}, a show that does not exist: {said}")
