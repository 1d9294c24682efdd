"""The words of a post: title, genre, as much of the summary as fits, the day's marker, hashtags."""

import bisect
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import regex

from bot.networks.base import Announcement, marker

ELLIPSIS: Final = "…"
BREAK: Final = "\u200b"
MADE_WITH_AI: Final = "MadeWithAI"
"""The hashtag that says how the show was made, where the network has no label for it."""

_CLUSTER: Final = regex.compile(r"\X")
_ACTIVE: Final = re.compile(r"[@＠#＃](?=\w)|:(?=//)")
_TITLE_SHARE: Final = 0.7
_TAGS: Final = {
    "anime": ("anime",),
    "documentary": ("documentary",),
    "history": ("HistoricalDrama",),
    "music": ("musical",),
    "reality": ("RealityTV",),
    "romance": ("romance", "RomCom"),
    "science fiction": ("SciFi",),
    "sport": ("SportsDrama",),
    "war": ("WarDrama",),
}


def as_it_is(text: str) -> str:
    """Return ``text``."""
    return text


def graphemes(text: str) -> int:
    """Return how many characters a reader sees in ``text``: a family emoji is one."""
    return len(_CLUSTER.findall(text))


def calmed(text: str) -> str:
    """Return ``text`` with a zero-width break in what would mention somebody, or become a hashtag or a link."""
    return _ACTIVE.sub(lambda match: match[0] + BREAK, text)


def shortened(text: str, limit: int, length: Callable[[str], int]) -> str:
    """Return ``text`` if its ``length`` is within ``limit``, else its first words and "…"; empty where nothing fits."""
    if length(text) <= limit:
        return text
    clusters = _CLUSTER.findall(text)

    def too_long(count: int) -> bool:
        return length("".join(clusters[:count]) + ELLIPSIS) > limit

    fits = bisect.bisect_left(range(1, len(clusters) + 1), x=True, key=too_long)
    kept = "".join(clusters[:fits])
    words, space, _ = kept.rpartition(" ")
    kept = (words if space else kept).rstrip(" .,;:–—-")
    return kept + ELLIPSIS if kept else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruler:
    """A network's rule of length: the limit, how it counts, and how a text is made harmless there."""

    limit: int
    length: Callable[[str], int]
    safe: Callable[[str], str] = as_it_is

    def cut(self, text: str, room: int) -> str:
        """Return ``text``, harmless, and shortened to ``room`` if it must be."""
        return shortened(self.safe(text), max(0, room), self.length)


def hashtags(genre: str, *more: str) -> tuple[str, ...]:
    """Return the words, without ``#``, under which people look for shows of ``genre``, then ``more``."""
    own = "".join(word[:1].upper() + word[1:] for word in re.findall(r"[^\W_]+", genre)) if " " in genre else genre
    return (*_TAGS.get(genre, (own,) if own.isalnum() else ()), *more)


def compose(announcement: Announcement, ruler: Ruler, tags: tuple[str, ...] = ()) -> str:
    """Return the text of a post within ``ruler``; where room is short the summary gives way, then the title."""
    foot = "\n".join(filter(None, (marker(announcement.day), " ".join(f"#{tag}" for tag in tags))))
    genre = f" ({announcement.genre})"
    most = min(int(ruler.limit * _TITLE_SHARE), ruler.limit - ruler.length(f"{genre}\n\n{foot}"))
    head = ruler.cut(announcement.title, most) + genre
    room = ruler.limit - ruler.length(f"{head}\n\n\n\n{foot}")
    summary = ruler.cut(announcement.summary, room)
    return "\n\n".join(filter(None, (head, summary, foot)))
