"""Fountain, as scripts are kept, read back."""

import re
from typing import Final

from model.screenplay import Direction, Element, Heading, Script, Turn

JOINER: Final = "\u2060"  # no width, no letter, no white space: parts what Fountain would read together
HAIR: Final = "\u200a"  # the thinnest space: an underscore before a space underlines nothing
_OUR_HEADING: Final = re.compile(r"(?:INT|EXT|INT/EXT)\. ")


def read(text: str) -> Script:
    """Return the script that :func:`bot.export.fountain.body` wrote as ``text``.

    Raises:
        NotAScriptError: it is no such text.
    """
    return Script(tuple(map(_element, re.split(r"\n{2,}", text.strip("\n")))))


def _element(paragraph: str) -> Element:
    first, *said = paragraph.split("\n")
    if said:
        manner = _plain(said[0][1:-1]) if len(said) > 1 else None
        return Turn(_plain(first.removeprefix("@")), _plain(said[-1]), manner)
    return Heading(_plain(first)) if _OUR_HEADING.match(first) else Direction(_plain(first.removeprefix("!")))


def _plain(text: str) -> str:
    """Undo what keeps a line from being emphasis, a note or a comment."""
    return text.replace(f"_{HAIR}", "_").replace(JOINER, "").replace("\\*", "*")
