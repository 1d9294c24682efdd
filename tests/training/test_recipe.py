import json
from dataclasses import asdict
from typing import Any

import pytest

from training.recipe import BadRecipeError, Recipe


@pytest.mark.parametrize(
    "wrong",
    [{"rank": 0}, {"batch": 0}, {"epochs": 0}, {"dropout": 1.0}, {"warm_up": 1.5}, {"steps": -1}, {"save_every": 0}],
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
