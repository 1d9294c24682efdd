"""Words for what no typeface at hand can draw: nothing of a text goes missing silently, and no empty box is shown."""

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from bot.ui.graphemes import JOINER, clusters, visible
from bot.ui.typefaces import Voice, face_for, region_of

_SCRIPTS: Final = {"hiragana": "Japanese", "katakana": "Japanese", "hangul": "Korean"}


@dataclass(frozen=True, slots=True)
class _Label:
    """What stands in for a character."""

    word: str


def drawable(text: str, voice: Voice = Voice.TYPEWRITER) -> str:
    """Return ``text`` on one line, with a word in brackets for what no font here can draw.

    A letter may lose an accent before it is replaced; an emoji becomes its name, other writing its script:
    ``[rocket]``, ``[Japanese]``. What has no ink is left out (:func:`bot.ui.graphemes.visible`).
    """
    region = region_of(text)
    shown = (_shown(part, voice, region) for part in clusters(visible(text)))
    return " ".join("".join(_said_once(shown)).split())


def _said_once(parts: Iterable[str | _Label]) -> Iterator[str]:
    """Yield the words; a label that stands beside the same one, blanks between them or not, is left out."""
    last: _Label | None = None
    for part in parts:
        if isinstance(part, str):
            yield part
            last = last if part == " " else None
        elif part != last:
            yield f" [{part.word}] "
            last = part


def _shown(cluster: str, voice: Voice, region: str) -> str | _Label:
    if face_for(cluster, voice, region):
        return cluster
    pieces = cluster.split(JOINER) if JOINER in cluster else _forms(cluster)
    shown = "".join(piece for piece in pieces if piece and face_for(piece, voice, region))
    return shown or _Label(", ".join(_name(piece[0], region) for piece in cluster.split(JOINER) if piece))


def _forms(cluster: str) -> str:
    plain = unicodedata.normalize("NFKD", cluster)
    return "".join(sign for sign in plain if not unicodedata.combining(sign))


def _name(character: str, region: str) -> str:
    name = unicodedata.name(character, "").casefold()
    script = name.replace("-", " ").split(" ")[0]
    east = unicodedata.category(character).startswith("P") and unicodedata.east_asian_width(character) == "W"
    if script == "cjk" or east:
        return "Japanese" if region == "JP" else "Chinese"
    if not unicodedata.category(character).startswith("L"):
        return name or "?"
    return _SCRIPTS.get(script, script.title() or "?")
