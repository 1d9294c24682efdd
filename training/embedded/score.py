"""How good a checkpoint is: bits per byte on works it never saw, task by task."""

from collections.abc import Sequence
from math import log
from pathlib import Path
from typing import Any, Final

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase
from transformers.utils import logging as hf_logging

from training.embedded.prepare import documents
from training.embedded.schedule import NothingToLearnError
from training.packing import Document

DOCUMENTS: Final = 150  # of a task


def score(model: Path, cache: Path, limit: int = DOCUMENTS) -> dict[str, Any]:
    """Return the bits per byte of ``model`` on held-out works, by task, over at most ``limit`` documents each.

    Only what the model is to write counts; a byte is one of the UTF-8 text.

    Raises:
        NothingToLearnError: nothing was prepared in ``cache``.
    """
    held_out = documents(cache, "held-out")
    if not held_out:
        raise NothingToLearnError("of held-out works")
    hf_logging.disable_progress_bar()  # type: ignore[no-untyped-call]  # a log has no use for it
    weights = AutoModelForCausalLM.from_pretrained(model, dtype=torch.float32).eval()  # type: ignore[no-untyped-call]
    tokenizer = AutoTokenizer.from_pretrained(model)
    return {task: round(bits_per_byte(weights, tokenizer, found[:limit]), 4) for task, found in held_out.items()}


@torch.inference_mode()
def bits_per_byte(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, held_out: Sequence[Document]) -> float:
    """Return the bits the model needs for a byte of the documents' scored text, end markers included."""
    nats, size = 0.0, 0
    for document in held_out:
        tokens = torch.from_numpy(document.tokens.astype("int64"))
        logits = model(input_ids=tokens[None, :-1]).logits[0].float()
        losses = torch.nn.functional.cross_entropy(logits, tokens[1:], reduction="none")
        nats += float(losses[document.scored_from - 1 :].sum())
        text = tokenizer.decode(tokens[document.scored_from :], skip_special_tokens=True)
        assert isinstance(text, str)  # noqa: S101 -- one document, one text
        size += len(text.encode())
    return nats / log(2) / max(1, size)
