import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from model.decoder import Sampling
from model.engines import NotFiniteError
from model.engines.drawing import Dice, draw

LIKELY = torch.tensor([0.05, 0.4, 0.03, 0.22, 0.3])


def shares(sampling: Sampling, rows: int = 40_000) -> list[float]:
    chance = torch.rand(rows, 2, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    tokens = draw(LIKELY.log().expand(rows, -1), chance, sampling)
    return (torch.bincount(tokens, minlength=5) / rows).tolist()


@pytest.mark.parametrize(
    ("top_p", "kept"), [(1.0, [0, 1, 2, 3, 4]), (0.95, [0, 1, 3, 4]), (0.8, [1, 3, 4]), (0.5, [1, 4]), (0.01, [1])]
)
def test_tokens_are_drawn_as_often_as_they_are_likely_within_top_p(top_p: float, kept: list[int]) -> None:
    expected = torch.zeros(5)
    expected[kept] = LIKELY[kept] / LIKELY[kept].sum()
    assert shares(Sampling(temperature=1.0, top_p=top_p)) == pytest.approx(expected.tolist(), abs=0.01)


@pytest.mark.parametrize(
    ("top_k", "kept"), [(0, [0, 1, 2, 3, 4]), (1, [1]), (2, [1, 4]), (3, [1, 3, 4]), (9, [0, 1, 2, 3, 4])]
)
def test_tokens_are_drawn_by_their_probability_among_the_best_k(top_k: int, kept: list[int]) -> None:
    expected = torch.zeros(5)
    expected[kept] = LIKELY[kept] / LIKELY[kept].sum()
    assert shares(Sampling(temperature=1.0, top_p=1.0, top_k=top_k)) == pytest.approx(expected.tolist(), abs=0.01)


@pytest.mark.parametrize(("min_p", "kept"), [(0.1, [1, 3, 4, 0]), (0.5, [1, 3, 4]), (0.7, [1, 4]), (1.0, [1])])
def test_what_is_less_likely_than_a_share_of_the_best_is_left_out(min_p: float, kept: list[int]) -> None:
    expected = torch.zeros(5)
    expected[kept] = LIKELY[kept] / LIKELY[kept].sum()
    assert shares(Sampling(temperature=1.0, top_p=1.0, min_p=min_p)) == pytest.approx(expected.tolist(), abs=0.01)


def test_top_k_and_top_p_bind_together() -> None:
    assert shares(Sampling(temperature=1.0, top_p=0.5, top_k=2)) == pytest.approx([0, 1, 0, 0, 0], abs=0.01)


def test_temperature_sharpens() -> None:
    expected = (LIKELY.log() / 0.5).softmax(-1).tolist()
    assert shares(Sampling(temperature=0.5, top_p=1.0)) == pytest.approx(expected, abs=0.01)


def test_temperature_zero_takes_the_best() -> None:
    assert shares(Sampling(temperature=0.0), rows=50) == [0, 1, 0, 0, 0]


@given(st.lists(st.floats(-50, 50), min_size=1, max_size=30), st.floats(0, 1, exclude_max=True), st.floats(0.01, 1))
def test_a_banned_token_is_never_drawn(scores: list[float], chance: float, top_p: float) -> None:
    banned = torch.tensor([[-math.inf, *scores, -math.inf]])
    token = draw(banned, torch.tensor([[chance, chance]], dtype=torch.float64), Sampling(top_p=top_p))
    assert 1 <= token.item() <= len(scores)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_scores_that_are_no_numbers_are_refused(bad: float) -> None:
    with pytest.raises(NotFiniteError):
        draw(torch.tensor([[0.0, 1.0], [0.0, bad]]), torch.zeros(2, 2, dtype=torch.float64), Sampling())


def test_scores_that_are_all_banned_are_refused() -> None:
    with pytest.raises(NotFiniteError):
        draw(torch.full((1, 4), -math.inf), torch.zeros(1, 2, dtype=torch.float64), Sampling())


def test_a_row_s_chance_depends_on_its_seed_alone() -> None:
    together, alone = Dice([4, 5], 9), Dice([5], 9)
    for step in range(9):
        assert torch.equal(together.throw([1], step), alone.throw([0], step))
        assert not torch.equal(together.throw([0], step), together.throw([1], step))
