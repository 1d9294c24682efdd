# ruff: noqa: S311 - no secrets are drawn here
import json
from pathlib import Path
from random import Random

import numpy as np
import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from training.embedded.loss import cross_entropy
from training.embedded.network import Network, Shape, fresh, mask, stock_config, stock_weights
from training.embedded.pretrain import train
from training.embedded.recipe import Recipe
from training.embedded.schedule import NothingToLearnError, plan
from training.packing import Document, Rows

NANO = Recipe(
    vocabulary=64, width=32, layers=2, heads=2, hidden=48, context=64, row=32, micro_batch=2, accumulate=2, steps=20,
    mix=(("pitch", 1.0, 1.0),), save_every=5,
)  # fmt: skip


def counting(recipe: Recipe) -> Rows:
    """Return rows in which every number follows the one before."""
    random = Random(1)
    starts = [random.randrange(40) for _ in range(60)]
    documents = [Document(np.arange(start + 1, start + 22, dtype=np.int32), 4) for start in starts]
    return plan(recipe, {"pitch": documents})


def test_the_learning_rate_is_positive_at_every_planned_step() -> None:
    for steps in (1, 20, 1900):
        recipe = Recipe(steps=steps)
        rates = [recipe.rate(step) for step in range(steps)]
        assert min(rates) > 0
        assert max(rates) <= 1
    assert rates[-1] == recipe.floor


def test_the_shares_of_the_mix_add_up_and_prose_fades_out() -> None:
    recipe = Recipe()
    for progress in (0.0, 0.3, recipe.settled, 1.0):
        assert sum(recipe.share(task, progress) for task, _, _ in recipe.mix) == pytest.approx(1)
    assert recipe.share("prose", recipe.settled) == pytest.approx(0)


def test_twenty_steps_reduce_the_loss(tmp_path: Path) -> None:
    train(NANO, counting(NANO), tmp_path, dtype=torch.float32)
    losses = json.loads((tmp_path / "receipt.json").read_text())["losses"]
    assert len(losses) == 20
    assert losses[-1] < losses[0] - 0.5


def test_a_killed_run_that_goes_on_ends_with_the_same_weights(tmp_path: Path) -> None:
    rows = counting(NANO)
    whole = train(NANO, rows, tmp_path / "whole", dtype=torch.float32)
    train(NANO, rows, tmp_path / "killed", dtype=torch.float32, stop_after=13)
    resumed = train(NANO, rows, tmp_path / "killed", dtype=torch.float32)
    for name, weight in whole.state_dict().items():
        assert torch.equal(weight, resumed.state_dict()[name]), name


def test_the_receipt_tells_recipe_and_tokens(tmp_path: Path) -> None:
    rows = counting(NANO)
    train(NANO, rows, tmp_path, dtype=torch.float32, stop_after=3)
    receipt = json.loads((tmp_path / "receipt.json").read_text())
    assert receipt["steps"] == 3
    assert receipt["positions"] == 3 * 4 * 32
    assert receipt["scored"] == int((rows.targets[:12] >= 0).sum())
    assert receipt["recipe"]["vocabulary"] == 64


def test_the_network_computes_what_the_stock_architecture_computes() -> None:
    shape = Shape(vocabulary=50, width=32, layers=2, heads=2, hidden=48, context=64)
    network = fresh(shape, 1)
    stock = LlamaForCausalLM(LlamaConfig(**stock_config(shape, 0))).eval()  # type: ignore[no-untyped-call]
    stock.load_state_dict(stock_weights(network), strict=False)
    tokens = torch.randint(0, 50, (2, 16), generator=torch.Generator().manual_seed(1))
    hidden = network(tokens, torch.arange(16).expand(2, 16), mask(torch.zeros(2, 16), torch.float32))
    scores = hidden @ network.embedding.weight.T
    assert torch.allclose(scores, stock(tokens).logits, atol=1e-5)


def test_a_document_does_not_see_the_one_before_it_in_its_row() -> None:
    network = fresh(Shape(vocabulary=50, width=32, layers=2, heads=2, hidden=48), 1)
    tokens = torch.randint(0, 50, (1, 8), generator=torch.Generator().manual_seed(1))
    apart = torch.tensor([[0, 0, 0, 0, 1, 1, 1, 1]])
    places = torch.tensor([[0, 1, 2, 3, 0, 1, 2, 3]])
    together = network(tokens, places, mask(apart, torch.float32))[0, 4:]
    alone = network(tokens[:, 4:], places[:, 4:], mask(apart[:, 4:], torch.float32))[0]
    assert torch.allclose(together, alone, atol=1e-6)


def test_the_loss_and_its_slopes_are_those_of_the_plain_formula() -> None:
    dice = torch.Generator().manual_seed(3)
    hidden = torch.randn(300, 8, generator=dice, requires_grad=True)
    embedding = torch.randn(20, 8, generator=dice, requires_grad=True)
    targets = torch.randint(0, 20, (300,), generator=dice)
    plain = torch.nn.functional.cross_entropy(hidden @ embedding.T, targets, reduction="sum")
    wanted = torch.autograd.grad(plain, (hidden, embedding))
    ours = cross_entropy(hidden, embedding, targets)
    found = torch.autograd.grad(ours, (hidden, embedding))
    assert torch.allclose(ours, plain, rtol=1e-4)
    for one, other in zip(found, wanted, strict=True):
        assert torch.allclose(one, other, atol=1e-3)


def test_a_task_without_documents_stops_the_plan() -> None:
    with pytest.raises(NothingToLearnError, match="pitch"):
        plan(NANO, {})


def test_a_network_is_the_same_for_the_same_seed() -> None:
    shape = Shape(vocabulary=50, width=32, layers=1, heads=2, hidden=48)
    one, other = (fresh(shape, 9).state_dict() for _ in range(2))
    assert isinstance(fresh(shape, 9), Network)
    assert all(torch.equal(one[name], other[name]) for name in one)
