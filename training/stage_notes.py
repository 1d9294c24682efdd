"""The notes of a transcript: told from what is spoken, and made manners and directions of a screenplay."""

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from training.cleaning import plain

DIRECTION: Final = 40  # words
MANNER: Final = 8  # words
_ROUND: Final = str.maketrans("[]{}", "()()")
_NEVER: Final = str.maketrans(dict.fromkeys("()[]{}<>|\\`\ufffd_*"))
_DASHES: Final = re.compile(r"\s*--+\s*|\s*—+-*\s*")
_SPACED: Final = re.compile(r"\s+(?=[.,!?;:])")
_END: Final = re.compile(r"[.!?][\"')]?(\s+)(?=[\"']?[^\W_a-z])")
_TITLED: Final = re.compile(r"\b(Mr|Mrs|Ms|Dr|St|Lt|Sgt|Capt|Jr|Sr|[A-HJ-Z])\.$")
_BEGINS: Final = re.compile(r"(?:^|(?<=[^.][.!?] ))[a-z]")
_CAPITALS: Final = re.compile(r"\b(?!(?:ATM|CIA|DVD|FBI|NYU|USA|VCR)\b)(?:[^\W\d_a-z]{3,}|MR|DR|ST)(?:['’]S)?\b")
_CAMERA: Final = re.compile(
    r"\b(?:shots?|camera|close-?ups?|pans?|panning|zooms?|off-?screen|on-?screen|screen (?:fades|goes|turns)|frontal"
    r"|aerial|(?:side|back|rear)[- ]view|view of"
    r"|cuts? (?:to|back)|(?:up|down) ?stage|footlights|credits|commercial|episode|transcri\w+|inaudible)\b"
    r"|(?-i:(?:^|\s)[RLC]\.?(?:\W|$))|https?:|\bcurtain\W*$|\bcurtain (?:falls|rises|drops)",
    re.I,
)
_CHANGE: Final = re.compile(
    r"^(?:the )?(?:scene |shot )?(?:opens|changes|shifts|switches|cuts?|fades?|dissolves?)"
    r"(?: back| over| up| out| away)* (?:to|in to|into|on|in on|from)\b"
    r"(?: show(?:ing)?| reveal(?:ing)?| where| later\b,?)*\s*",
    re.I,
)
_LAPSE: Final = re.compile(r"^(?:another )?time lapse\W*", re.I)
_ALWAYS_SUBJECTS: Final = frozenset(re.findall(r"\w+", "he she they it we there everyone everybody nobody someone"))
_MAYBE_SUBJECTS: Final = frozenset(re.findall(r"\w+", "a an the all both another one two three his her their its some"))
_NO_SUBJECTS: Final = frozenset(
    re.findall(
        r"\w+",
        "to as who which whose while when where with without in on at from for by over under into through after before"
        " still now then very half if because since until till not quite almost never",
    )
)
_ENTRANCES: Final = frozenset({"enter", "exit", "exeunt", "reenter"})
_FINITE: Final = re.compile(r"(?:[a-z]{2,}[^su'’]s|is|are|was|were|has|have|goes|does|begin|start)")
_NO_VERBS: Final = frozenset(
    re.findall(
        r"\w+",
        "as his its this yes always perhaps towards besides sometimes others voices lights sounds guys girls friends"
        " guests tears eyes hands arms lips words",
    )
)
_OBJECTS: Final = frozenset({"her", "him", "it", "them", "the", "a", "over", "up", "down"})


@dataclass(frozen=True, slots=True)
class Note:
    """What stands in brackets inside a line."""

    text: str


@dataclass(frozen=True, slots=True)
class Manner:
    """How the next words are spoken."""

    text: str


@dataclass(frozen=True, slots=True)
class Seen:
    """What is seen, in whole sentences."""

    text: str


def parts(line: str) -> tuple[Note | str, ...] | None:
    """Return what is spoken and the notes of a line, in their order; None where brackets do not match."""
    flat = line.translate(_ROUND)
    found: list[Note | str] = []
    depth = start = 0
    for bracket in re.finditer(r"[()]", flat):
        opens = bracket[0] == "("
        if depth == (0 if opens else 1):
            inner = flat[start : bracket.start()]
            found.append(inner if opens else Note(inner))
            start = bracket.end()
        depth += 1 if opens else -1
        if depth < 0:
            return None
    found.append(flat[start:])
    return None if depth else tuple(part for part in found if isinstance(part, Note) or part.strip())


def tidy(text: str) -> str:
    """Return ``text`` on one line, without brackets, mark-up and anything that no model is to read."""
    clean = _SPACED.sub("", _DASHES.sub("—", plain(text).replace(". . .", "..."))).translate(_NEVER)
    if not clean.isprintable():
        clean = "".join(c for c in clean if unicodedata.category(c)[0] != "C")
    return " ".join(clean.split())


def sentences(text: str) -> list[str]:
    """Return the sentences of a tidy ``text``, which are the text again when joined with spaces."""
    found, start = [], 0
    for end in _END.finditer(text):
        sentence = text[start : end.start(1)]
        if not _TITLED.search(sentence):
            found.append(sentence)
            start = end.end()
    return [*found, text[start:]]


def short(text: str, limit: int) -> str:
    """Return the first whole sentences within ``limit`` words; nothing when even the first is longer."""
    kept: list[str] = []
    room = limit
    for sentence in sentences(text):
        room -= len(sentence.split())
        if room < 0:
            break
        kept.append(sentence)
    return " ".join(kept)


def read(note: str, who: str, names: Collection[str]) -> Manner | Seen | None:
    """Return what a note in a speech of ``who`` tells; None where it is for the camera, or too long to be kept.

    ``names`` are the words that the speakers' names are made of, in lower case.
    """
    text = _filmed(note)
    words = text.split()
    if not words:
        return None
    if _has_subject(words, names):
        return _seen(text)
    if _is_verb(words):
        return _seen(f"{who} {_lower(text)}")
    if words[0].casefold() in _ENTRANCES:
        return _seen(f"{who} exits" if len(words) == 1 else text)
    if words[0].endswith("ing") and len(words) > MANNER:
        return _seen(f"{who} is {_lower(text)}")
    return _manner(text, names)


def _manner(text: str, names: Collection[str]) -> Manner | None:
    brief = sentences(text)[0].rstrip(".!")
    if len(brief.split()) > MANNER:
        brief = re.split(r"[,;.]", brief)[0]
    return Manner(_lower(brief, names)) if len(brief.split()) <= MANNER else None


def seen(text: str) -> str:
    """Return a direction of at most ``DIRECTION`` words, in whole sentences and without the camera; or nothing."""
    told = tidy(text)
    lapsed = _LAPSE.sub("", told)
    if lapsed != told and not lapsed:
        return "Later."
    direction = _seen(_filmed(lapsed))
    return direction.text if direction else ""


def _filmed(note: str) -> str:
    """Return the note without what only the camera does."""
    text = _CAPITALS.sub(lambda match: match[0].capitalize(), tidy(note)).strip(" .,;:-—")
    kept = [
        piece
        for sentence in sentences(text)
        for piece in (_CHANGE.sub("", part).strip() for part in sentence.split(";"))
        if piece and not _CAMERA.search(piece)
    ]
    return " ".join(piece if piece[-1] in ".!?" else f"{piece}." for piece in kept).removesuffix(".")


def _seen(text: str) -> Seen | None:
    whole = text if not text or text[-1] in ".!?" else f"{text}."
    kept = short(whole, DIRECTION)
    return Seen(_sentence_case(kept)) if re.search(r"\w", kept) else None


def _sentence_case(text: str) -> str:
    return _BEGINS.sub(lambda match: match[0].upper(), text)


def _lower(text: str, names: Collection[str] = ()) -> str:
    first = re.split(r"\W", text, maxsplit=1)[0]
    keep = first == "I" or first.casefold() in names or (first.isupper() and len(first) > 1)
    return text if keep else text[0].lower() + text[1:]


def _has_subject(words: list[str], names: Collection[str]) -> bool:
    first = re.sub(r"[^\w']", "", words[0]).casefold()  # "Ann's" is no subject
    if len(words) == 1:
        return False
    if first in _ALWAYS_SUBJECTS or (words[0][0].isupper() and first in names):
        return True
    finite = any(_FINITE.fullmatch(word.rstrip(",.;!")) for word in words[1:])
    other = first in _NO_SUBJECTS or first.endswith(("ing", "ly")) or not words[0][0].isupper() or _is_verb(words[:1])
    return finite and (first in _MAYBE_SUBJECTS or not other)


def _is_verb(words: list[str]) -> bool:
    """Say whether a note begins with what somebody does: "takes it", "quickly shows him", but not "voices off"."""
    first, *follow = [word.casefold().rstrip(",.;") for word in words[:2]]
    if first.endswith("ly") and follow:
        return bool(_FINITE.fullmatch(follow[0]))
    goes_on = not words[0].endswith((",", ".", ";"))
    if not _FINITE.fullmatch(first) or (goes_on and any(map(_FINITE.fullmatch, follow))):
        return False
    return first not in _NO_VERBS or not _OBJECTS.isdisjoint(follow)
