# ruff: noqa: S311 - no secrets are drawn here
from random import Random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from training.embedded.recipe import Recipe
from training.embedded.schedule import plan
from training.packing import Document, Piece, lay, pack


def document(length: int, scored_from: int = 1, first: int = 0) -> Document:
    return Document(np.arange(first, first + length + 1, dtype=np.int32), scored_from)


@given(st.lists(st.integers(1, 90), max_size=60), st.integers(4, 40))
def test_packing_loses_nothing_and_pads_nothing(lengths: list[int], room: int) -> None:
    rows, rest = pack([Piece(number, 0, length) for number, length in enumerate(lengths)], room)
    assert all(sum(map(len, row)) == room for row in rows)
    assert sum(map(len, rest)) < room
    seen = sorted(
        (piece.document, at) for row in [*rows, rest] for piece in row for at in range(piece.start, piece.stop)
    )
    assert seen == [(number, at) for number, length in enumerate(lengths) for at in range(length)]


def test_few_documents_are_cut() -> None:
    random = Random(4)
    lengths = [random.randint(40, 300) for _ in range(2000)]
    rows, rest = pack([Piece(number, 0, length) for number, length in enumerate(lengths)], 512)
    pieces = sum(map(len, rows)) + len(rest)
    assert pieces < 2000 * 1.1


def test_loss_is_taken_on_completions_only() -> None:
    documents = [document(6, scored_from=4, first=10), document(4, first=50)]
    laid = lay([[Piece(0, 0, 6), Piece(1, 0, 4)]], documents, 10)
    assert laid.tokens[0].tolist() == [10, 11, 12, 13, 14, 15, 50, 51, 52, 53]
    assert laid.targets[0].tolist() == [-1, -1, -1, 14, 15, 16, 51, 52, 53, 54]
    assert laid.places[0].tolist() == [0, 1, 2, 3, 4, 5, 0, 1, 2, 3]
    assert laid.documents[0].tolist() == [0] * 6 + [1] * 4


def test_a_cut_document_goes_on_at_its_place_and_keeps_its_loss() -> None:
    laid = lay([[Piece(0, 0, 3)], [Piece(0, 3, 6)]], [document(6, scored_from=5)], 3)
    assert laid.targets.tolist() == [[-1, -1, -1], [-1, 5, 6]]
    assert laid.places.tolist() == [[0, 1, 2], [3, 4, 5]]
    assert laid.cut == 0.5


def test_the_plan_fills_every_row_and_is_the_same_on_every_start() -> None:
    recipe = Recipe(
        vocabulary=400, row=32, micro_batch=2, accumulate=2, steps=40, mix=(("pitch", 0.5, 1.0), ("prose", 0.5, 0.0))
    )
    random = Random(1)
    pitch = [document(random.randint(5, 50), 3, 100) for _ in range(30)]
    prose = [document(random.randint(5, 50), 1, 300) for _ in range(30)]
    first, again = (plan(recipe, {"pitch": pitch, "prose": prose}) for _ in range(2))
    assert first.tokens.shape == (160, 32)
    assert (first.tokens > 0).all()
    assert np.array_equal(first.tokens, again.tokens)
    early, late = first.tokens[:40] >= 300, first.tokens[-40:] >= 300
    assert early.mean() > 0.3
    assert late.mean() < 0.05
