import json
from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.recipe import BadRecipeError, Recipe, Schedule


@pytest.mark.parametrize(
    "wrong",
    [
        {"rank": 0},
        {"batch": 0},
        {"epochs": 0},
        {"dropout": 1.0},
        {"warm_up": 1.5},
        {"steps": -1},
        {"save_every": 0},
        {"epochs": float("inf")},
        {"rate": float("nan")},
        {"clip": float("inf")},
        {"seed": 2**32},
        {"method": "banana"},
        {"precision": "fp16"},
        {"schedule": "banana"},
        {"steps": 2.5},
        {"targets": "q_proj"},
        {"epochs": 1e300},
        {"steps": 10**12},
        {"batch": 2**63},
    ],
)
def test_a_number_that_makes_no_sense_is_named(wrong: dict[str, Any]) -> None:
    with pytest.raises(BadRecipeError) as caught:
        Recipe(base="b", **wrong)
    assert caught.value.field in wrong


def test_a_recipe_written_down_is_the_same_when_it_is_read() -> None:
    recipe = Recipe(base="b", method="qlora", targets=("q_proj", "v_proj"), rate=3e-4)
    assert Recipe.of(json.loads(json.dumps(asdict(recipe)))) == recipe


def test_a_recipe_of_another_version_is_refused() -> None:
    with pytest.raises(BadRecipeError):
        Recipe.of({"base": "b", "warp": 9})


def test_a_rate_that_is_not_given_suits_the_method() -> None:
    assert Recipe(base="b", method="full").peak < Recipe(base="b", method="lora").peak
    assert Recipe(base="b", rate=5e-5).peak == 5e-5


@given(st.integers(1, 500), st.floats(0, 1), st.sampled_from(["linear", "cosine", "constant"]))
def test_the_rate_is_above_0_and_at_most_its_peak_at_every_step(steps: int, warm_up: float, schedule: Schedule) -> None:
    recipe = Recipe(base="b", warm_up=warm_up, schedule=schedule)
    shares = [recipe.share(step, steps) for step in range(steps)]
    assert all(0 < share <= 1 for share in shares)


@pytest.mark.parametrize("schedule", ["linear", "cosine"])
def test_the_rate_rises_to_its_peak_and_falls_to_the_last_step(schedule: Schedule) -> None:
    recipe = Recipe(base="b", warm_up=0.1, schedule=schedule)
    shares = [recipe.share(step, 100) for step in range(100)]
    peak = shares.index(max(shares))
    assert shares[: peak + 1] == sorted(shares[: peak + 1])
    assert shares[peak:] == sorted(shares[peak:], reverse=True)
    assert shares[peak] > 0.99
    assert shares[-1] < 0.03
