"""Bits per byte: what a model needs to foresee a text it never saw; the same measure for every tokenizer."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import log
from typing import Final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from tqdm import tqdm
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from model.engines import NotFiniteError, spelling
from model.tasks import Span
from training.examples import Example
from training.packing import Document

Predict = Callable[[Tensor], Tensor]  # token ids (rows, length) → scores (rows, length, vocabulary)
Floats = npt.NDArray[np.float64]
SCORES: Final = 2**22  # numbers a batch may bring from the model: what a CPU is fastest with
SCORES_ON_DEVICE: Final = 2**27  # half a GiB in fp32
_RESAMPLES: Final = 2000


class NothingToScoreError(ValueError):
    """There is nothing of ``task`` to score."""

    def __init__(self, task: str) -> None:
        super().__init__(task)
        self.task = task


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """How well a task's entries are foreseen; a byte is one of the UTF-8 completion.

    ``low`` to ``high`` holds the bits per byte of other works like these in 95 of 100 cases; None with a single work.
    Tokens are those of prompt and completion; words are counted in the completion and against its tokens.
    """

    entries: int
    works: int
    bits_per_byte: float
    low: float | None
    high: float | None
    tokens_per_entry: float
    words_per_1000_tokens: float


def score(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    examples: Sequence[Example],
    *,
    context: int,
    task: str = "",
    seed: int = 0,
) -> Score:
    """Return how well ``model`` foresees the completions, end markers included; what stands before costs nothing.

    ``model`` is in evaluation mode and reads ``context`` tokens at once.

    Raises:
        NothingToScoreError: the completions hold no text.
        NotFiniteError: the model's scores are not numbers.
    """
    sizes = np.array([len(example.completion.encode()) for example in examples], np.float64)
    if not sizes.sum():
        raise NothingToScoreError(task)
    documents = [document(tokenizer, example) for example in examples]
    scores = SCORES if model.device.type == "cpu" else SCORES_ON_DEVICE
    nats = cost(_predict(model), documents, context=context, device=model.device, scores=scores, name=task)
    bits = nats / log(2)
    low, high = interval(bits, sizes, [example.work for example in examples], seed=seed)
    scored = sum(len(one.tokens) - one.scored_from for one in documents)
    return Score(
        entries=len(examples),
        works=len({example.work for example in examples}),
        bits_per_byte=float(bits.sum() / sizes.sum()),
        low=low,
        high=high,
        tokens_per_entry=sum(len(one.tokens) for one in documents) / len(documents),
        words_per_1000_tokens=1000 * sum(len(example.completion.split()) for example in examples) / scored,
    )


def _predict(model: PreTrainedModel) -> Predict:
    def predict(ids: Tensor) -> Tensor:
        scores: Tensor = model(input_ids=ids, use_cache=False).logits
        return scores

    return predict


def document(tokenizer: PreTrainedTokenizerBase, example: Example) -> Document:
    """Return the example's tokens; prompt and completion are encoded apart, as they are when writing.

    The end marker closes it where the tokenizer has one. Where nothing stands before the completion, the tokenizer's
    beginning or end token does, as in most pre-training; only without either is the first token not scored.
    """
    before = spelling.encode(tokenizer, (Span(example.prompt),)) or _ids(tokenizer.bos_token_id, tokenizer.eos_token_id)
    completion: list[int] = tokenizer.encode(
        example.completion, add_special_tokens=False, split_special_tokens=True, verbose=False
    )
    tokens = [*before, *completion, *_ids(tokenizer.eos_token_id)]
    return Document(np.array(tokens, np.int32), max(1, len(before)))


def _ids(*candidates: object) -> list[int]:
    return [number for number in candidates if isinstance(number, int)][:1]


@dataclass(frozen=True, slots=True)
class _Window:
    """Tokens ``start:stop`` of document number ``document``; those from ``first`` on are scored."""

    document: int
    start: int
    first: int
    stop: int

    def __len__(self) -> int:
        return self.stop - self.start - 1


def _windows(number: int, document: Document, context: int) -> Iterator[_Window]:
    """Yield windows of at most ``context`` positions; every scored token is in one, with half a context before it."""
    done, end = document.scored_from, len(document.tokens)
    while done < end:
        stop = min(end, max(context + 1, done + max(1, context // 2)))
        yield _Window(number, max(0, stop - 1 - context), done, stop)
        done = stop


@torch.inference_mode()
def cost(
    predict: Predict,
    documents: Sequence[Document],
    *,
    context: int,
    device: torch.device | str = "cpu",
    scores: int = SCORES,
    name: str = "",
) -> Floats:
    """Return the nats (natural-log loss) of each document's scored tokens, shape (documents,).

    A document longer than ``context`` is read in windows; each token is scored once. ``predict`` must not look ahead:
    rows are filled up at their end, and what comes there is not scored. A batch brings about ``scores`` numbers.

    Raises:
        NotFiniteError: the model's scores are not numbers.
    """
    nats = np.zeros(len(documents), np.float64)
    windows = [window for number, one in enumerate(documents) for window in _windows(number, one, context)]
    left = sorted(windows, key=len, reverse=True)  # memory runs out at once, or not at all
    vocabulary = 0
    with tqdm(total=len(left), desc=f"scoring {name}".rstrip(), unit="row", disable=None, leave=False) as bar:
        while left:
            rows = max(1, scores // (len(left[0]) * vocabulary)) if vocabulary else 1
            batch, left = left[:rows], left[rows:]
            losses, vocabulary = _losses(predict, documents, batch, device)
            np.add.at(nats, [window.document for window in batch], losses)
            bar.update(len(batch))
    if not np.isfinite(nats).all():
        raise NotFiniteError
    return nats


def _losses(
    predict: Predict, documents: Sequence[Document], batch: Sequence[_Window], device: torch.device | str
) -> tuple[Floats, int]:
    ids = torch.zeros(len(batch), len(batch[0]), dtype=torch.int64)
    targets = torch.full_like(ids, -1)
    for row, window in enumerate(batch):
        tokens = torch.from_numpy(documents[window.document].tokens[window.start : window.stop].astype(np.int64))
        ids[row, : len(window)] = tokens[:-1]
        scored = slice(window.first - window.start - 1, len(window))
        targets[row, scored] = tokens[1:][scored]
    logits = predict(ids.to(device))
    wanted = (targets >= 0).to(logits.device)
    each = torch.nn.functional.cross_entropy(
        logits[wanted].float(), targets.to(logits.device)[wanted], reduction="none"
    )
    losses = torch.zeros(wanted.shape, dtype=torch.float64, device="cpu")
    losses[wanted.cpu()] = each.double().cpu()
    return losses.sum(1).numpy(), logits.shape[-1]


def interval(bits: Floats, sizes: Floats, works: Sequence[str], *, seed: int) -> tuple[float | None, float | None]:
    """Return the 95 % interval of ``bits ÷ sizes`` when works are drawn anew (bootstrap), None with a single work."""
    names, work_of = np.unique(np.array(works), return_inverse=True)
    if len(names) < 2:
        return None, None
    their_bits = np.bincount(work_of, weights=bits)
    their_sizes = np.bincount(work_of, weights=sizes)
    random = np.random.default_rng(seed)
    drawn = [random.integers(len(names), size=len(names)) for _ in range(_RESAMPLES)]
    ratios = [their_bits[some].sum() / max(1.0, their_sizes[some].sum()) for some in drawn]
    low, high = np.percentile(ratios, [2.5, 97.5])
    return float(low), float(high)
