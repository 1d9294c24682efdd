"""Pairs as tensors: what a step of preference learning reads, and how likely the reference makes each side."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from random import Random
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.utils.data import Dataset
from transformers import PreTrainedTokenizerBase

from training.adapting import Model
from training.feedback import Pair
from training.packing import Document
from training.rows import IGNORED, documents
from training.scoring import SCORES, SCORES_ON_DEVICE, cost

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Sides:
    """A pair as tokens."""

    chosen: Document
    rejected: Document
    weight: float


def sides(tokenizer: PreTrainedTokenizerBase, pairs: Sequence[Pair], context: int) -> list[Sides]:
    """Return the pairs as tokens; of a prompt that does not fit into ``context`` positions its end is kept."""
    texts = [(pair.prompt, text) for pair in pairs for text in (pair.chosen, pair.rejected)]
    found = documents(tokenizer, texts)
    return [
        Sides(_ready(found[2 * at], pair, context), _ready(found[2 * at + 1], pair, context), pair.weight)
        for at, pair in enumerate(pairs)
    ]


def _ready(document: Document, pair: Pair, context: int) -> Document:
    tokens = document.tokens if pair.ends else document.tokens[:-1]
    cut = max(0, len(tokens) - context - 1)
    return Document(tokens[cut:], max(1, document.scored_from - cut))


def likelihoods(model: Model, pairs: Sequence[Sides], context: int) -> Floats:
    """Return how likely ``model``, in evaluation mode, makes both sides of each pair: log-probabilities (pairs, 2).

    Raises:
        NotFiniteError: the model's scores are not numbers.
    """
    device = next(model.parameters()).device

    def predict(ids: Tensor) -> Tensor:
        scores: Tensor = model(input_ids=ids, use_cache=False).logits
        return scores

    was_training = model.training
    model.eval()
    every = [side for pair in pairs for side in (pair.chosen, pair.rejected)]
    scores = SCORES if device.type == "cpu" else SCORES_ON_DEVICE
    nats = cost(predict, every, context=context, device=device, scores=scores, name="pairs")
    model.train(was_training)
    return -nats.reshape(-1, 2)


class PairSet(Dataset[dict[str, Any]]):
    """Pairs with their reference in the order in which they are read, epoch after epoch."""

    def __init__(self, pairs: Sequence[Sides], reference: Floats, order: Sequence[int]) -> None:
        self._pairs, self._reference, self._order = pairs, reference, order

    def __len__(self) -> int:
        return len(self._order)

    def __getitem__(self, number: int) -> dict[str, Any]:
        """Return pair ``number`` of the run."""
        at = self._order[number]
        pair = self._pairs[at]
        reference = torch.tensor(self._reference[at], dtype=torch.float32)
        return {"sides": (pair.chosen, pair.rejected), "reference": reference, "weight": pair.weight}


def order(pairs: int, *, epochs: float, a_step: int, seed: int) -> list[int]:
    """Return which pair is read when: ``epochs`` times each, shuffled anew, a whole number of steps."""
    random = Random(seed)  # noqa: S311 -- no secret
    wanted = max(1, ceil(pairs * epochs / a_step)) * a_step if pairs else 0
    found: list[int] = []
    while len(found) < wanted:
        found += random.sample(range(pairs), pairs)
    return found[:wanted]


def collate(batch: Sequence[dict[str, Any]]) -> dict[str, Tensor]:
    """Return pairs as tensors (rows, length): the chosen sides, then the rejected ones, filled up at their end."""
    documents_ = [one["sides"][side] for side in (0, 1) for one in batch]
    length = max(map(len, documents_))
    ids = torch.zeros(len(documents_), length, dtype=torch.int64)
    targets = torch.full_like(ids, IGNORED)
    for row, document in enumerate(documents_):
        tokens = torch.from_numpy(document.tokens.astype(np.int64))
        ids[row, : len(document)] = tokens[:-1]
        scored = slice(document.scored_from - 1, len(document))
        targets[row, scored] = tokens[1:][scored]
    return {
        "input_ids": ids,
        "position_ids": torch.arange(length).expand(len(documents_), -1).clone(),
        "shift_labels": targets,
        "reference": torch.stack([one["reference"] for one in batch], 1).flatten(),
        "weight": torch.tensor([one["weight"] for one in batch], dtype=torch.float32),
    }
