"""``transformers.generate`` over static batches of up to 128 requests, fp32, tokens streamed as they are drawn."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM

from benchmarks.worker.folders import CHECKPOINT
from benchmarks.worker.rivals.batches import MOST, Batches, Told
from benchmarks.worker.rivals.serving import Place, Request, serve


class Tokens:
    """What ``generate`` calls a streamer: tells every row's token, without the prompt."""

    def __init__(self, told: Told) -> None:
        self._told = told
        self._begun = False

    def put(self, tokens: torch.Tensor) -> None:
        """Take one token a row; the first call brings the prompts."""
        if self._begun:
            for row, token in enumerate(tokens.flatten().tolist()):
                self._told(row, token)
        self._begun = True

    def end(self) -> None:
        """Nothing is held back."""


class Generate:
    """One loaded model."""

    def __init__(self, checkpoint: Path, threads: int) -> None:
        torch.set_num_threads(threads)
        loaded: Any = AutoModelForCausalLM.from_pretrained(checkpoint, dtype=torch.float32)
        self._model = loaded.eval()

    def write(self, batch: Sequence[Request], told: Told) -> None:
        """Write all of them; they are equally long."""
        asked = batch[0]
        torch.manual_seed(asked.seed)
        ids = torch.tensor([request.ids for request in batch])
        self._model.generate(
            ids,
            attention_mask=torch.ones_like(ids),
            do_sample=True,
            temperature=asked.temperature,
            top_p=asked.top_p,
            top_k=0,
            min_new_tokens=asked.max_tokens,
            max_new_tokens=asked.max_tokens,
            pad_token_id=0,
            streamer=Tokens(told),
        )


def load(where: Place, *, most: int = MOST) -> Batches:
    """Return the engine."""
    return Batches(Generate(where.folder / CHECKPOINT, where.threads).write, most=most)


if __name__ == "__main__":
    serve(__doc__, load)
