"""What a reader sees as one character, and which parts of a text can be seen at all."""

import unicodedata
from functools import lru_cache
from typing import Final

JOINER: Final = "\u200d"
_HELD: Final = JOINER + "\u200c"  # between two letters they change how these look
_MARKS: Final = ("Mn", "Mc", "Me")
_MOST_MARKS: Final = 2  # above or below one letter; a pile of them would climb out of the page
_STACKING: Final = (220, 230)  # combining classes: below, above
_BLANK: Final = "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"  # letters by name, nothing to see
_TINTS: Final = range(0x1F3FB, 0x1F400)
_TAGS: Final = range(0xE0020, 0xE0080)
_FLAGS: Final = range(0x1F1E6, 0x1F200)
_JAMO: Final = range(0x1100, 0x1200)
_INKLESS: Final = frozenset((*range(0xFE00, 0xFE10), *_TAGS, 0x200C, 0x200D))


def visible(text: str) -> str:
    """Return ``text`` on one line, composed, without what has no ink: controls, zero-width signs, lone surrogates.

    Marks with no letter to stand on are left out, and of those piled on one letter all but the first two.
    """
    seen = (_seen(character) for character in unicodedata.normalize("NFC", text))
    words = "".join(seen).split()
    return " ".join(filter(None, ("".join(map(_unpiled, clusters(word))) for word in words)))


def _seen(character: str) -> str:
    if character.isspace():
        return " "
    category = unicodedata.category(character)
    hidden = category in {"Cc", "Cs"} or (category == "Cf" and character not in _HELD and ord(character) not in _TAGS)
    return "" if hidden or character in _BLANK else character


def _unpiled(cluster: str) -> str:
    if joins(cluster[0]):
        return ""
    kept, piled = cluster[0], 0
    for character in cluster[1:]:
        piled += unicodedata.combining(character) in _STACKING or unicodedata.category(character) == "Me"
        kept += character if piled <= _MOST_MARKS or not _is_mark(character) else ""
    return kept


def clusters(text: str) -> list[str]:
    """Return the characters as a reader counts them: with their accents, joined emoji and flags as one."""
    parts: list[str] = []
    for character in text:
        if parts and not character.isascii() and _belongs(parts[-1], character):
            parts[-1] += character
        else:
            parts.append(character)
    return parts


def _belongs(before: str, character: str) -> bool:
    if before.isspace():
        return False
    if before[-1] == JOINER and unicodedata.category(character) in {"So", "Cn"}:
        return True
    one_flag = len(before) == 1 and ord(before) in _FLAGS and ord(character) in _FLAGS
    syllable = ord(before[-1]) in _JAMO and ord(character) in _JAMO and ord(character) >= 0x1160
    return joins(character) or one_flag or syllable


@lru_cache(maxsize=4096)
def joins(character: str) -> bool:
    """Say whether ``character`` only changes the one before it."""
    return _is_mark(character) or ord(character) in _TINTS or unseen(character)


def unseen(character: str) -> bool:
    """Say whether ``character`` only chooses a form of its neighbours and has no ink of its own."""
    return ord(character) in _INKLESS


def _is_mark(character: str) -> bool:
    return unicodedata.category(character) in _MARKS
