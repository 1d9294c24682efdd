# ruff: noqa: ARG002 - callbacks have the arguments that the Trainer gives them
"""Preference learning on a tiny model: what it promises of its loss, of going on, and of being killed."""

from dataclasses import replace
from math import exp, log
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from model import checkpoint
from model.checkpoint import BrokenCheckpointError
from tests.model import tiny
from training import runs
from training.adapting import load_base, load_tokenizer
from training.feedback import Pair
from training.prefer import Taste, pair_loss, prefer
from training.preferences import Floats, likelihoods, order, sides
from training.recipe import BadRecipeError, Recipe
from training.rows import IGNORED
from training.runs import Run

SMALL: dict[str, Any] = {"context": 64, "batch": 2, "accumulate": 2, "rank": 4, "save_every": 3, "dropout": 0.0}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.write(tmp_path_factory.mktemp("base"), "llama")


def pairs(count: int = 8) -> list[Pair]:
    return [
        Pair(
            prompt=f"THEME: {number}\nTITLE:",
            chosen=f" sea {number}",
            rejected=f" story {number}",
            weight=1.0,
            group=f"slate {number}",
            mark=f"{number}",
        )
        for number in range(count)
    ]


def run_in(folder: Path, name: str = "a") -> Run:
    return runs.create(name, {"kind": "preferences", "recipe": {}, "data": ""}, below=folder)


def margins(recipe: Recipe, found: list[Pair]) -> Floats:
    """Return how much likelier the chosen sides are than the others."""
    seen = likelihoods(load_base(recipe), sides(load_tokenizer(recipe.base), found, 64), 64)
    margin: Floats = seen[:, 0] - seen[:, 1]
    return margin


class Killed(TrainerCallback):
    """Ends the process's work at a step, as a kill would."""

    def __init__(self, at: int) -> None:
        self.at = at

    def on_step_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: object
    ) -> None:
        if state.global_step == self.at:
            raise KeyboardInterrupt


def test_the_loss_of_a_pair_is_dpos_with_its_weight_and_anchor() -> None:
    logits = torch.log(torch.tensor([[[0.7, 0.3]], [[0.6, 0.4]]]))
    targets = torch.tensor([[0], [0]])
    reference = torch.log(torch.tensor([0.5, 0.5]))
    taste = Taste(beta=0.5, anchor=0.25)
    found = pair_loss(logits, targets, reference, torch.tensor([2.0]), taste)
    pulled = 0.5 * ((log(0.7) - log(0.5)) - (log(0.6) - log(0.5)))
    assert float(found) == pytest.approx(2 * (log(1 + exp(-pulled)) - 0.25 * log(0.7)), rel=1e-5)


def test_only_completions_count() -> None:
    logits = torch.zeros(2, 3, 5)
    targets = torch.tensor([[IGNORED, 1, 2], [IGNORED, IGNORED, 3]])
    none = torch.zeros(2)
    before = pair_loss(logits, targets, none, torch.ones(1), Taste())
    logits[:, 0] = torch.randn(2, 5)
    assert torch.equal(before, pair_loss(logits, targets, none, torch.ones(1), Taste()))


def test_what_was_preferred_becomes_likelier_than_what_was_not(base: Path, tmp_path: Path) -> None:
    recipe = Recipe(base=str(base), epochs=20, rate=5e-3, **SMALL)
    run = run_in(tmp_path)
    facts = prefer(recipe, Taste(), pairs(), run)
    assert checkpoint.verify(run.model).facts["data"] == facts["data"]
    assert facts["data"]["pairs"] == 8
    learnt = margins(replace(recipe, adapter=str(run.model)), pairs()) - margins(recipe, pairs())
    assert (learnt > 1).all()


def test_a_heavier_pair_pulls_harder(base: Path, tmp_path: Path) -> None:
    recipe = Recipe(base=str(base), epochs=10, rate=5e-3, **SMALL)
    first, second, *_ = pairs()
    against = [first, replace(second, prompt=first.prompt, chosen=first.rejected, rejected=first.chosen, weight=0.2)]
    run = run_in(tmp_path)
    prefer(recipe, Taste(anchor=0.0), against, run)
    moved = margins(replace(recipe, adapter=str(run.model)), [first]) - margins(recipe, [first])
    assert moved[0] > 0.1


@pytest.mark.parametrize("killed_at", [2, 5])
def test_a_killed_run_goes_on_and_ends_with_the_same_weights(base: Path, killed_at: int, tmp_path: Path) -> None:
    recipe = Recipe(base=str(base), epochs=4, **SMALL)
    whole, killed = run_in(tmp_path / "whole"), run_in(tmp_path / "killed")
    prefer(recipe, Taste(), pairs(), whole)
    with pytest.raises(KeyboardInterrupt):
        prefer(recipe, Taste(), pairs(), killed, watchers=[Killed(killed_at)])
    prefer(recipe, Taste(), pairs(), killed)
    assert checkpoint.verify(killed.model) == checkpoint.verify(whole.model)


def test_an_adapter_that_is_gone_on_from_begins_where_it_ended(base: Path, tmp_path: Path) -> None:
    recipe = Recipe(base=str(base), epochs=10, rate=5e-3, **SMALL)
    first, second = run_in(tmp_path, "first"), run_in(tmp_path, "second")
    prefer(recipe, Taste(), pairs(), first)
    further = replace(recipe, adapter=str(first.model))
    before = margins(further, pairs())
    prefer(further, Taste(), pairs(), second)
    assert (margins(replace(recipe, adapter=str(second.model)), pairs()) > before).all()


def test_an_adapter_of_another_base_is_refused(base: Path, tmp_path: Path) -> None:
    run = run_in(tmp_path)
    prefer(Recipe(base=str(base), **SMALL), Taste(), pairs(2), run)
    other = tiny.write(tmp_path / "other", "gpt2")
    with pytest.raises(BrokenCheckpointError):
        load_base(Recipe(base=str(other), adapter=str(run.model), **SMALL))
    with pytest.raises(BadRecipeError):
        Recipe(base=str(base), adapter=str(run.model), method="full")


def test_a_line_has_no_end_marker_and_a_long_prompt_keeps_its_end(base: Path) -> None:
    tokenizer = load_tokenizer(str(base))
    line = Pair(prompt="x" * 500 + "ANNA: ", chosen="No.\n", rejected="Yes.\n", weight=1, group="", mark="", ends=False)
    (found,) = sides(tokenizer, [line], 64)
    assert len(found.chosen) == len(found.rejected) == 64
    assert str(tokenizer.decode(found.chosen.tokens)).endswith("xxxANNA: No.\n")
    assert tokenizer.decode(found.chosen.tokens[found.chosen.scored_from :]) == "No.\n"


def test_every_pair_is_read_as_often_as_every_other() -> None:
    read = order(6, epochs=2, a_step=4, seed=1)
    assert sorted(read) == sorted([*range(6)] * 2)
    assert order(6, epochs=2, a_step=4, seed=1) == read
    assert order(0, epochs=2, a_step=4, seed=1) == []
