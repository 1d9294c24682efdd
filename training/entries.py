"""Examples on disk, one a line: what was prepared once is read back by every run."""

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, overload

from model import briefs, tasks
from model.briefs import DialogBrief, PitchBrief, ScriptBrief, StagingBrief, Theme
from model.screenplay import lines, read_turns
from training.examples import Entry, Example, Passage


class BrokenEntriesError(ValueError):
    """Line ``line`` of the prepared file at ``path`` is no example."""

    def __init__(self, path: Path, line: int) -> None:
        super().__init__(f"{path}:{line}")
        self.path, self.line = path, line


def save(examples: Iterable[Example], path: Path) -> None:
    """Write the examples to ``path`` in their order, all of them or none."""
    unfinished = path.with_name(path.name + ".unfinished")
    with unfinished.open("w", encoding="utf-8") as file:
        for example in examples:
            file.write(json.dumps(_told(example), ensure_ascii=False) + "\n")
    unfinished.replace(path)


def load(path: Path) -> list[Example]:
    """Return the examples written by :func:`save`.

    Raises:
        BrokenEntriesError: a line is none.
    """
    return [_read(told, path, number) for number, told in enumerate(_rows(path), 1)]


def texts(path: Path) -> Iterator[tuple[str, str]]:
    """Yield prompt and completion of each example, as they are, without reading them back as drafts.

    Raises:
        BrokenEntriesError: a line is no JSON.
    """
    for told in _rows(path):
        yield told["prompt"], told["text"]


class Stored(Sequence[Example]):
    """The examples in a file, read when they are asked for."""

    def __init__(self, path: Path, size: int) -> None:
        self.path, self._size = path, size
        self._found: list[Example] | None = None

    def __len__(self) -> int:
        return self._size

    @overload
    def __getitem__(self, at: int) -> Example: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Example]: ...
    def __getitem__(self, at: int | slice) -> Example | Sequence[Example]:
        """Return one example or some, after reading all of them once."""
        if self._found is None:
            self._found = load(self.path)
        return self._found[at]


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            try:
                yield json.loads(line)
            except ValueError as error:
                raise BrokenEntriesError(path, number) from error


def _read(told: dict[str, Any], path: Path, number: int) -> Example:
    try:
        return _example(told)
    except (ValueError, KeyError, TypeError) as error:
        raise BrokenEntriesError(path, number) from error


def _told(example: Example) -> dict[str, str]:
    about = {"task": example.task, "source": example.source, "work": example.work, "prompt": example.prompt}
    if isinstance(example, Passage):
        return {**about, "text": example.text}
    match example.brief:
        case PitchBrief(genre=genre, theme=theme):
            asked: dict[str, str] = {"genre": genre, "theme": theme}
        case StagingBrief(dialog=dialog):
            asked = {"dialog": lines(dialog)}
        case DialogBrief(title=title, summary=summary) | ScriptBrief(title=title, summary=summary):
            asked = {"title": title, "summary": summary}
    return {**about, **asked, "text": example.completion}


def _example(told: dict[str, Any]) -> Example:
    if told["task"] == "prose":
        return Passage(work=told["work"], text=told["text"], source=told["source"])
    brief: briefs.Brief
    match told["task"]:
        case "pitch":
            brief = PitchBrief(genre=briefs.genre(told["genre"]), theme=Theme(told["theme"]))
        case "dialog":
            brief = DialogBrief(title=told["title"], summary=told["summary"])
        case "script":
            brief = ScriptBrief(title=told["title"], summary=told["summary"])
        case _:
            brief = StagingBrief(dialog=read_turns(told["dialog"]))
    return Entry(work=told["work"], brief=brief, draft=tasks.parse(brief, told["text"]), source=told["source"])
