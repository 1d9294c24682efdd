"""Gathers the rows of a screenplay into headings, paragraphs of action, and speeches."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from training.layout import marks, pages
from training.layout.pages import BLANK, Row

_NEAR: Final = 3  # columns closer than this are one
_NOTE: Final = re.compile(r"\s*\(([^()]*)\)")
_BROKEN_WORD: Final = re.compile(r"(?<=[^\W\d_])- (?=[^\W\d_])")


@dataclass(frozen=True, slots=True)
class Slug:
    """A scene heading such as ``INT. KITCHEN - NIGHT``."""

    text: str


@dataclass(frozen=True, slots=True)
class Action:
    """A paragraph of what is seen."""

    text: str


@dataclass(frozen=True, slots=True)
class Speech:
    """What ``cue`` says, directions in parentheses where they stand."""

    cue: str
    text: str


Element = Slug | Action | Speech


def elements(text: str) -> list[Element]:
    """Return the elements of a screenplay in any of the usual layouts, each on one line.

    Page numbers, running heads, scene numbers, ``CONTINUED``, ``(MORE)``, transitions and the title page are left out;
    a speech that a page break had cut is one again.
    """
    rows = pages.rows(text)
    reader = _Reader(columns=_Columns.of(rows))
    for above, row, below in zip([BLANK, *rows], rows, [*rows[1:], BLANK], strict=False):
        reader.read(above, row, below)
    reader.close()
    return reader.found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Columns:
    """Where action, speeches and cues begin; ``indented`` when that tells them apart."""

    action: int
    speech: int
    cue: int

    @classmethod
    def of(cls, rows: Sequence[Row]) -> "_Columns":
        pairs = list(_announced(rows))
        action = _most((row.column for row in rows if marks.slug(row.text)), _least(rows))
        speech = _most((below for _, below in pairs), action)
        cue = _most((column for column, below in pairs if abs(below - speech) < _NEAR), speech)
        return cls(action=action, speech=speech, cue=cue)

    @property
    def indented(self) -> bool:
        return self.speech - self.action >= _NEAR

    def is_speech(self, row: Row) -> bool:
        return not self.indented or row.column * 2 > self.action + self.speech

    def is_cue(self, above: Row, row: Row, below: Row) -> bool:
        if not below.text or marks.slug(below.text) or not marks.cue(row.text):
            return False
        if self.indented and self.cue - self.speech >= _NEAR:
            return row.column * 2 > self.speech + self.cue
        return not above.text and self.is_speech(row)


def _announced(rows: Sequence[Row]) -> Iterator[tuple[int, int]]:
    """Yield the columns of what may be a cue and of the first words below it."""
    for place, row in enumerate(rows):
        below = next((other for other in rows[place + 1 : place + 4] if not other.text.startswith("(")), BLANK)
        if below.text and marks.cue(row.text) and not marks.cue(below.text):
            yield row.column, below.column


def _most(columns: Iterable[int], otherwise: int) -> int:
    counted = Counter(columns).most_common(1)
    return counted[0][0] if counted else otherwise


def _least(rows: Iterable[Row]) -> int:
    return min((row.column for row in rows if row.text), default=0)


@dataclass(slots=True, kw_only=True)
class _Reader:
    """Gathers rows into elements: what was begun is closed by the first row that does not belong to it."""

    columns: _Columns
    found: list[Element] = field(default_factory=list)
    _speaker: str | None = None
    _words: list[str] = field(default_factory=list)

    def read(self, above: Row, row: Row, below: Row) -> None:
        if not row.text:
            self._pause()
        elif heading := marks.slug(row.text):
            self.close()
            self.found.append(Slug(heading))
        elif marks.transition(row.text):
            self.close()
        elif self.columns.is_cue(above, row, below) and (cue := marks.cue(row.text)):
            self._open(*cue)
        elif not self.columns.indented and (said := marks.said(row.text)):
            self._open(*said)
        else:
            self._add(row)

    def close(self) -> None:
        text = _one_line(self._words)
        speaker, self._speaker, self._words = self._speaker, None, []
        last = self.found[-1] if self.found else None
        if not text:
            return
        if speaker and isinstance(last, Speech) and last.cue == speaker:
            self.found[-1] = Speech(speaker, f"{last.text} {text}")
        else:
            self.found.append(Speech(speaker, text) if speaker else Action(text))

    def _pause(self) -> None:
        if self._speaker is None or not self.columns.indented:
            self.close()

    def _open(self, speaker: str, *words: str) -> None:
        self.close()
        self._speaker = speaker
        self._words.extend(words)

    def _add(self, row: Row) -> None:
        if self._speaker is not None and not self.columns.is_speech(row):
            self.close()
        self._words.append(row.text)


def _one_line(words: Iterable[str]) -> str:
    text = _BROKEN_WORD.sub("-", " ".join(" ".join(words).split()))
    return _NOTE.sub(lambda note: "" if marks.technical(note[1]) else note[0], text).strip()
