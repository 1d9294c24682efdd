"""Text of members and of the model made harmless for Discord: no mention, no link preview, no mark-up of theirs."""

import re
from typing import Final

import discord

_INVISIBLE: Final = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_LINE_MARK: Final = re.compile(r"^(\s*)(-#|#{1,3}|>{1,3}|[-*+]|\d+\.)(?=\s)", re.MULTILINE)


def shorten(text: str, limit: int) -> str:
    """Return ``text`` cut at a word to at most ``limit`` characters, with an ellipsis where something is missing."""
    if len(text) <= limit:
        return text
    head = text[: limit - 1]
    return (head.rsplit(" ", 1)[0] if " " in head else head).rstrip(" ,;:–-") + "…"


def plain(text: str, limit: int = 600) -> str:
    """Return ``text`` as Discord shows it letter by letter."""
    visible = _INVISIBLE.sub("", shorten(text, limit))
    escaped = discord.utils.escape_mentions(discord.utils.escape_markdown(visible, as_needed=False))
    return _LINE_MARK.sub(r"\1\\\2", escaped).replace("://", ":\u200b//")


def typewritten(text: str, limit: int = 3600) -> str:
    """Return ``text`` as a code block, shortened at a line; nothing in it can end the block early."""
    visible = _INVISIBLE.sub("", text).replace("```", "ʼʼʼ")
    if len(visible) > limit:
        visible = visible[:limit].rsplit("\n", 1)[0] + "\n…"
    return f"```\n{visible or ' '}\n```"
