"""An excerpt set as a page of a screenplay: headings bold, cues in the middle, speech in a narrow column."""

from typing import Final

from bot.ui.typesetting import LEADING, Line, broken, drawable, stacked
from model.screenplay import Heading, NotAScriptError, Turn, read_line

PAGE: Final = (440, 700)  # pixels; the lower end lies outside the picture
PAGE_MARGIN: Final = 36
PAGE_END: Final = 576  # where the words stop, so that all of them are seen
SIZE: Final = 16

_WIDTH: Final = PAGE[0] - 2 * PAGE_MARGIN
_CUE: Final = 130.0
_MANNER: Final = 92.0
_SPEECH: Final = 56.0
_SPEECH_WIDTH: Final = 264.0


def page_lines(excerpt: str) -> tuple[Line, ...]:
    """Return the lines of as many whole elements as fit, in the page's own pixels; perhaps none."""
    lines: list[Line] = []
    y = float(PAGE_MARGIN)
    for element in filter(None, map(drawable, excerpt.splitlines())):
        block = _set(element, y)
        room = [line for line in block if line.y + SIZE * LEADING <= PAGE_END]
        if len(room) < len(block):
            return tuple(lines or room)
        lines += block
        y = block[-1].y + 2 * SIZE * LEADING
    return tuple(lines)


def _set(text: str, y: float) -> list[Line]:
    lines: list[Line] = []
    for shift, width, bold, words in _blocks(text):
        rows = broken(words, width=width, size=SIZE)
        lines += stacked(rows, x=PAGE_MARGIN + shift, y=y, size=SIZE, bold=bold)
        y += len(rows) * SIZE * LEADING
    return lines


def _blocks(text: str) -> list[tuple[float, float, bool, str]]:
    """Return indent, width, weight and words of each part of an element; unknown text is a direction."""
    try:
        element = read_line(text)
    except NotAScriptError:
        return [(0, _WIDTH, False, text)]
    match element:
        case Turn(cue, speech, manner):
            said = [(_MANNER, _SPEECH_WIDTH - _MANNER + _SPEECH, False, f"({manner})")] if manner else []
            return [(_CUE, _WIDTH - _CUE, False, cue), *said, (_SPEECH, _SPEECH_WIDTH, False, speech)]
        case Heading(words):
            return [(0, _WIDTH, True, words)]
        case _:
            return [(0, _WIDTH, False, element.text)]
