"""ConvoKit's layout of a corpus: utterances.jsonl, conversations.json and speakers.json, old field names included."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from training.sources.base import BrokenLineError, MissingColumnsError, MissingFileError, read_lines, wrong_bytes

FILES: Final = ("utterances.jsonl", "conversations.json")
PUBLISHED: Final = "https://zissou.infosci.cornell.edu/convokit/datasets"
_OLD: Final = {"speaker": "user", "conversation_id": "root", "reply-to": "reply_to"}
_FIRST: Final = 2**20  # characters; the published films have their words parsed in every line
Meta = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Utterance:
    """What ``speaker`` (an id) says; ``noted`` is the transcript's own line with its directions, where there is one."""

    key: str
    speaker: str
    text: str
    noted: str | None
    answers: str | None


@dataclass(frozen=True, slots=True)
class Conversation:
    """Utterances in the order in which they were spoken, and what the corpus knows about them."""

    key: str
    meta: Meta
    utterances: tuple[Utterance, ...]


def read(folder: Path) -> Iterator[Conversation]:
    """Yield every conversation of ``folder``, in the order of their first utterances in the file.

    Raises:
        MissingFileError, MissingColumnsError, EncodingError, BrokenLineError, WebPageError: see their docstrings.
    """
    metas = metadata(folder / "conversations.json")
    spoken: dict[str, list[Utterance]] = {}
    for row in read_lines(folder / "utterances.jsonl", ("text",)):
        spoken.setdefault(_field(folder, row, "conversation_id"), []).append(_utterance(folder, row))
    for key, utterances in spoken.items():
        yield Conversation(key, metas.get(key, {}), tuple(_in_order(utterances)))


def metadata(path: Path) -> dict[str, Meta]:
    """Return the properties of every conversation or speaker in a JSON file, by id.

    Raises:
        MissingFileError, EncodingError, BrokenLineError: see their docstrings.
    """
    if not path.is_file():
        raise MissingFileError(path)
    try:
        objects = json.loads(path.read_text("utf-8"))
    except UnicodeDecodeError as error:
        raise wrong_bytes(path, "utf-8") from error
    except json.JSONDecodeError as error:
        raise BrokenLineError(path, error.lineno) from error
    if not isinstance(objects, dict) or not all(isinstance(value, dict) for value in objects.values()):
        raise BrokenLineError(path, 1)
    return {key: value.get("meta", value) for key, value in objects.items()}


def mentions(folder: Path, word: str) -> bool:
    """Say whether ``folder`` is a corpus whose first utterance has ``word`` among its properties."""
    if not all((folder / name).is_file() for name in FILES):
        return False
    with (folder / FILES[0]).open(encoding="utf-8", errors="replace") as file:
        return word in file.readline(_FIRST)


def number(key: str) -> tuple[int, ...]:
    """Return the numbers in an id, by which conversations stand in the order of their work."""
    return tuple(map(int, re.findall(r"\d+", key)))


def _utterance(folder: Path, row: Meta) -> Utterance:
    speaker = _field(folder, row, "speaker")
    answers = row.get("reply-to", row.get("reply_to"))
    noted = (row.get("meta") or {}).get("transcript_with_note")
    return Utterance(str(row.get("id", "")), speaker, row["text"] or "", noted or None, answers)


def _field(folder: Path, row: Meta, name: str) -> str:
    value = row.get(name, row.get(_OLD[name]))
    if value is None:
        raise MissingColumnsError(folder / "utterances.jsonl", (name,))
    return str(value["id"] if isinstance(value, dict) else value)


def _in_order(utterances: list[Utterance]) -> Iterator[Utterance]:
    """Yield them from the first to the last answer: the published film corpus lists them backwards."""
    inside = {utterance.key for utterance in utterances}
    following: dict[str | None, list[Utterance]] = {}
    for utterance in utterances:
        before = utterance.answers if utterance.answers in inside else None
        following.setdefault(before, []).append(utterance)
    waiting = following.pop(None, [])[::-1]
    while waiting:
        utterance = waiting.pop()
        yield utterance
        waiting += following.pop(utterance.key, [])[::-1]
