"""The whole run laid out in advance: which document stands in which row, the same on every start."""

from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import Final

from training.embedded.recipe import Recipe
from training.examples import TASKS, Task
from training.packing import Document, Piece, Rows, lay, pack

SEGMENTS: Final = 40  # the mix changes this often


class NothingToLearnError(ValueError):
    """There is no document of a task the recipe wants."""


def plan(recipe: Recipe, shelves: Mapping[Task, Sequence[Document]]) -> Rows:
    """Return the rows of all steps in order.

    The documents of a task come in their given order, again from the first when there are no more.

    Raises:
        NothingToLearnError: a task with a share has no documents.
    """
    documents = [document for task in TASKS for document in shelves.get(task, ())]
    decks = _decks(shelves)
    random = Random(recipe.seed)  # noqa: S311 -- no secret
    wanted = recipe.steps * recipe.micro_batch * recipe.accumulate
    rows: list[list[Piece]] = []
    rest: list[Piece] = []
    for segment in range(SEGMENTS):
        missing = wanted * (segment + 1) // SEGMENTS - len(rows)
        drawn = _draw(recipe, decks, documents, missing * recipe.row, segment / SEGMENTS)
        packed, rest = pack([*rest, *drawn], recipe.row)
        random.shuffle(packed)
        rows += packed
    return lay(rows[:wanted], documents, recipe.row)


def _draw(
    recipe: Recipe,
    decks: Mapping[Task, Iterator[int]],
    documents: Sequence[Document],
    positions: int,
    progress: float,
) -> list[Piece]:
    pieces = []
    for task in TASKS:
        wanted = positions * recipe.share(task, progress)
        while wanted >= 1:
            try:
                number = next(decks[task])
            except (KeyError, StopIteration):
                raise NothingToLearnError(task) from None
            pieces.append(Piece(number, 0, len(documents[number])))
            wanted -= len(documents[number])
    return pieces


def _decks(shelves: Mapping[Task, Sequence[Document]]) -> dict[Task, Iterator[int]]:
    decks, first = {}, 0
    for task in TASKS:
        size = len(shelves.get(task, ()))
        decks[task] = _endless(range(first, first + size))
        first += size
    return decks


def _endless(numbers: Sequence[int]) -> Iterator[int]:
    while numbers:
        yield from numbers
