import numpy as np
import pytest

from training.feedback import Pair
from training.gate import Bounds, Check, Ranking, Verdict, checks, ranking


def pairs(slates: int, each: int = 2) -> list[Pair]:
    return [
        Pair(prompt="", chosen="a", rejected="b", weight=1.0, group=f"slate {slate}", mark="")
        for slate in range(slates)
        for _ in range(each)
    ]


def leanings(right: list[bool]) -> "np.typing.NDArray[np.float64]":
    return np.array([[1.0, 0.0] if yes else [0.0, 1.0] for yes in right])


def verdict(low: float, *found: Check) -> Verdict:
    told = Ranking(slates=20, pairs=60, share=0.7, low=low, high=0.8)
    return Verdict(ranking=told, checks=found)


def test_a_writer_that_leans_as_the_community_did_is_better_beyond_noise() -> None:
    found = ranking(pairs(30), leanings([True] * 60), seed=1)
    assert (found.share, found.low) == (1.0, 1.0)


def test_a_writer_that_learnt_nothing_is_no_better() -> None:
    found = ranking(pairs(30), np.zeros((60, 2)), seed=1)
    assert (found.share, found.low, found.high) == (0.5, 0.5, 0.5)


def test_a_few_slates_are_noise() -> None:
    assert ranking(pairs(3), leanings([True, True, True, True, False, False]), seed=1).low < 0.5


def test_pairs_of_one_slate_do_not_count_as_independent() -> None:
    right = leanings([True] * 40 + [False] * 20)
    many, few = ranking(pairs(60, 1), right, seed=1), ranking(pairs(6, 10), right, seed=1)
    assert few.share == many.share
    assert few.low < 0.5 < many.low


def test_a_clear_preference_and_nothing_lost_is_published() -> None:
    held = Check(name="rows that can be read", new=0.97, first=0.98, loss=0.01, bound=0.08)
    assert verdict(0.6, held).published
    assert verdict(0.6, held).sentence == (
        "Published: on 20 slates that it did not learn from it leans towards what the community preferred in 70% of 60 "
        "pairs, compared with the present writer (95 % from 60% to 80%; 50% is chance); nothing else fell by more than "
        "its bound."
    )


def test_what_may_be_chance_is_not_published() -> None:
    assert not verdict(0.49).published
    assert "may be chance" in verdict(0.49).sentence


def test_a_better_taste_is_no_excuse_for_what_was_lost() -> None:
    fell = Check(name="rows that can be read", new=0.5, first=0.98, loss=0.48, bound=0.08)
    assert not verdict(0.6, fell).published
    assert verdict(0.6, fell).sentence.startswith("Not published: rows that can be read went from 0.980 to 0.500,")


@pytest.mark.parametrize(
    ("name", "first", "new", "passed"),
    [
        ("bits per byte, pitch", 1.0, 1.08, True),
        ("bits per byte, pitch", 1.0, 1.12, False),
        ("bits per byte, pitch", 1.0, 0.5, True),
        ("rows that can be read", 1.0, 0.93, True),
        ("rows that can be read", 1.0, 0.9, False),
        ("titles that are new", 0.6, 0.5, True),
        ("titles that are new", 0.6, 0.4, False),
        ("coarse drafts", 0.0, 0.02, True),
        ("coarse drafts", 0.0, 0.05, False),
        ("different word pairs", 0.8, 0.65, True),
        ("different word pairs", 0.8, 0.5, False),
        ("different word pairs", 0.0, 0.0, True),
    ],
)
def test_each_figure_has_its_own_bound(name: str, first: float, new: float, passed: bool) -> None:  # noqa: FBT001 -- a row
    (found,) = checks({name: new}, {name: first}, Bounds())
    assert found.passed is passed
