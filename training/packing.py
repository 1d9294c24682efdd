"""Documents laid into rows of one length without padding; nothing is lost and no document sees another."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class Document:
    """Tokens of an example with its end marker; the loss is taken on those from ``scored_from`` on."""

    tokens: npt.NDArray[np.int32]
    scored_from: int

    def __len__(self) -> int:
        """Positions it fills: every token but the last is read, every token but the first is predicted."""
        return len(self.tokens) - 1


@dataclass(frozen=True, slots=True)
class Piece:
    """Positions ``start:stop`` of document number ``document``."""

    document: int
    start: int
    stop: int

    def __len__(self) -> int:
        return self.stop - self.start


@dataclass(frozen=True, slots=True)
class Rows:
    """What a model trains on, each (rows, length): tokens read, tokens to predict (-1: no loss), place, document."""

    tokens: npt.NDArray[np.int32]
    targets: npt.NDArray[np.int32]
    places: npt.NDArray[np.int32]
    documents: npt.NDArray[np.int32]

    @property
    def cut(self) -> float:
        """The share of pieces that do not begin where their document does."""
        begins = np.diff(self.documents, axis=1, prepend=-1) != 0
        return float((self.places[begins] > 0).mean())


def pack(pieces: Iterable[Piece], length: int) -> tuple[list[list[Piece]], list[Piece]]:
    """Return full rows of ``length`` positions and the pieces left over (together less than a row).

    The longest piece that fits comes next; only when none fits is the shortest one cut in two.
    """
    shelf = _Shelf(length)
    for piece in pieces:
        for start in range(piece.start, piece.stop, length):
            shelf.put(Piece(piece.document, start, min(start + length, piece.stop)))
    rows = []
    while shelf.positions >= length:
        rows.append(_row(shelf, length))
    return rows, shelf.empty()


def _row(shelf: "_Shelf", room: int) -> list[Piece]:
    row = []
    while room:
        piece = shelf.longest(room)
        if piece is None:
            whole = shelf.shortest()
            piece = Piece(whole.document, whole.start, whole.start + room)
            shelf.put(Piece(whole.document, piece.stop, whole.stop))
        row.append(piece)
        room -= len(piece)
    return row


class _Shelf:
    """Pieces by length; bit ``n`` of ``lengths`` says that there is one of length ``n``."""

    def __init__(self, longest: int) -> None:
        self.stacks: list[list[Piece]] = [[] for _ in range(longest + 1)]
        self.lengths = 0
        self.positions = 0

    def put(self, piece: Piece) -> None:
        self.stacks[len(piece)].append(piece)
        self.lengths |= 1 << len(piece)
        self.positions += len(piece)

    def longest(self, room: int) -> Piece | None:
        fitting = self.lengths & ((1 << (room + 1)) - 1)
        return self._take(fitting.bit_length() - 1) if fitting else None

    def shortest(self) -> Piece:
        return self._take((self.lengths & -self.lengths).bit_length() - 1)

    def empty(self) -> list[Piece]:
        return [piece for stack in self.stacks for piece in stack]

    def _take(self, length: int) -> Piece:
        piece = self.stacks[length].pop()
        self.positions -= length
        if not self.stacks[length]:
            self.lengths &= ~(1 << length)
        return piece


def lay(rows: Sequence[Sequence[Piece]], documents: Sequence[Document], length: int) -> Rows:
    """Return the rows of pieces as arrays."""
    shape = (len(rows), length)
    laid = Rows(
        np.zeros(shape, np.int32), np.full(shape, -1, np.int32), np.zeros(shape, np.int32), np.zeros(shape, np.int32)
    )
    for number, row in enumerate(rows):
        at = 0
        for nth, piece in enumerate(row):
            document, span = documents[piece.document], slice(at, at + len(piece))
            laid.tokens[number, span] = document.tokens[piece.start : piece.stop]
            targets = document.tokens[piece.start + 1 : piece.stop + 1].copy()
            targets[: max(0, document.scored_from - 1 - piece.start)] = -1
            laid.targets[number, span] = targets
            laid.places[number, span] = np.arange(piece.start, piece.stop)
            laid.documents[number, span] = nth
            at += len(piece)
    return laid
