# ruff: noqa: S311 - no secrets are drawn here
from collections.abc import Sequence
from random import Random

import numpy as np
import pytest

from training.embedding import WIDTH, batches
from training.keyphrases import GUARD, Extractor, Ranking, Remembering, Vectors


def unit(text: str) -> Vectors:
    vector = np.random.default_rng(list(text.encode())).normal(size=WIDTH)
    return np.asarray(vector / np.linalg.norm(vector), np.float32)


@pytest.mark.parametrize("diversity", [None, 0.2])
def test_rough_vectors_choose_as_exact_ones_once_what_decides_is_settled(diversity: float | None) -> None:
    random = Random(5)
    errors: dict[str, float] = {}
    settled: list[str] = []

    def near(text: str) -> Vectors:  # all within a cone, so that cosines are close to one another
        vector = unit("the same") * 1.5 + unit(text)
        return np.asarray(vector / np.linalg.norm(vector), np.float32)

    def exact(texts: Sequence[str]) -> Vectors:
        return np.stack([near(text) for text in texts])

    def rough(texts: Sequence[str]) -> Vectors:
        for text in texts:
            errors.setdefault(text, random.uniform(-1, 1) * GUARD / 4)
        return np.stack([near(text) + unit("the same") * np.float32(errors[text]) for text in texts])

    def settle(texts: Sequence[str]) -> Vectors:
        settled.extend(texts)
        return exact(texts)

    texts = [" ".join(f"{a}{b}" for b in range(24)) for a in "abcdefghijklmnopqrstuvwxyz"]
    ranking = Ranking(phrases=3, diversity=diversity)
    right = Extractor(analyse=str.split, ranking=ranking, embed=exact)(texts)
    assert Extractor(analyse=str.split, ranking=ranking, embed=rough)(texts) != right
    assert Extractor(analyse=str.split, ranking=ranking, embed=rough, settle=settle)(texts) == right
    assert 0 < len(settled) == len(set(settled)) < 25 * len(texts)


def test_phrases_are_embedded_once_as_long_as_they_are_remembered() -> None:
    embedded: list[str] = []

    def embed(texts: Sequence[str]) -> Vectors:
        embedded.extend(texts)
        return np.stack([unit(text) for text in texts])

    remembering = Remembering(embed, keep=2)
    remembering(["bee", "ant", "bee"])
    assert set(remembering(["ant", "owl", "bee"])) == {"ant", "owl", "bee"}
    assert embedded == ["bee", "ant", "owl"]
    for number in range(9):
        remembering([f"fly {number}"])
    remembering(["bee"])
    assert embedded.count("bee") == 2


def test_batches_hold_every_row_once_within_the_budget_and_hardly_any_padding() -> None:
    lengths = [Random(number).choice([3, 4, 5, *range(20, 60), 90]) for number in range(400)]
    made = list(batches(lengths, 80))
    assert sorted(place for batch in made for place in batch) == list(range(400))
    for batch in made:
        longest = max(lengths[place] for place in batch)
        assert longest * len(batch) <= 80 or len(batch) == 1
        assert min(lengths[place] for place in batch) >= longest * 0.9
