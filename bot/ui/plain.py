"""Text of members and of the model made harmless for Discord: no mention, no link preview, no mark-up of theirs."""

import re
import textwrap
from typing import Final

_INVISIBLE: Final = re.compile("[\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e007f]")
_UNPRINTABLE: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_MARKS: Final = re.compile(r"[\\*_~|`\[\]<>]|^(?:#{1,3}|[-+])(?=[#\s])|(?<=^\d)\.|(?<=^\d\d)\.")
_COLUMNS: Final = 52  # of a code block beside a list of channels
_BROKEN: Final = (
    ("://", ":\u200b//"),
    ("@", "@\u200b"),
    ("discord.", "discord.\u200b"),
)  # links, mentions, invitations


def width(text: str) -> int:
    """Return the length as Discord's strictest reader counts it: in UTF-16 units, an emoji is two."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def shorten(text: str, limit: int) -> str:
    """Return ``text`` cut at a word to at most ``limit`` characters, with an ellipsis where something is missing."""
    if len(text) <= limit:
        return text
    head = text[: max(limit - 1, 0)]
    return (head.rsplit(" ", 1)[0] if " " in head else head).rstrip(" ,;:–-") + "…"


def label(text: str, limit: int) -> str:
    """Return ``text`` on one line, at most ``limit`` wide, for a button or an option: they know no mark-up."""
    return _fitted(_visible(text), limit, escaped=False)


def plain(text: str, limit: int = 600) -> str:
    """Return ``text`` on one line, shown letter by letter; with what that takes it is at most ``limit`` wide."""
    return _fitted(_visible(text), limit, escaped=True)


def typewritten(text: str, limit: int = 3500) -> str:
    """Return ``text`` as a code block, shortened at a line; nothing in it can end the block early."""
    visible = _UNPRINTABLE.sub("", _INVISIBLE.sub("", text)).replace("```", "ʼʼʼ")
    visible = "\n".join(map(_broken, visible.split("\n")))
    short = visible
    while width(short) > limit:
        short = short[: len(short) - max(1, (width(short) - limit) // 2)]
    if len(short) < len(visible):
        short = short.rsplit("\n", 1)[0] + "\n…"
    return f"```\n{short or ' '}\n```"


def _broken(line: str) -> str:
    """Return a line broken where a code block would otherwise break it in the middle of a word."""
    indent = " " * (len(line) - len(line.lstrip(" ")))
    rows = textwrap.wrap(line, _COLUMNS, subsequent_indent=indent, break_on_hyphens=False, drop_whitespace=True)
    return "\n".join(rows) if len(rows) > 1 else line


def _visible(text: str) -> str:
    return " ".join(_UNPRINTABLE.sub(" ", _INVISIBLE.sub("", text)).split())


def _fitted(visible: str, limit: int, *, escaped: bool) -> str:
    size = min(len(visible), limit)
    while True:
        short = shorten(visible, size)
        shown = _escape(short) if escaped else short
        over = width(shown) - limit
        if over <= 0 or size <= 1:
            return shown if over <= 0 else ""
        size -= max(1, over // 3)


def _escape(text: str) -> str:
    shown = _MARKS.sub(r"\\\g<0>", text)
    for live, dead in _BROKEN:
        shown = shown.replace(live, dead)
    return shown
