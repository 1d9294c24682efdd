"""The continuous batching of transformers (its manager, paged cache, sdpa), fp32."""

import asyncio
import itertools
from collections.abc import AsyncGenerator
from typing import Any, Final

import torch
from transformers import AutoModelForCausalLM, ContinuousBatchingConfig, GenerationConfig

from benchmarks.worker.folders import CHECKPOINT
from benchmarks.worker.rivals.serving import Piece, Place, Request, serve

AT_ONCE: Final = 128
PAGE: Final = 64  # tokens
PAGES: Final = AT_ONCE * 6  # of 64 tokens: 384 for each request


class Continuous:
    """An engine over one manager; temperature and top-p are the manager's, so they are set before the start."""

    def __init__(self, where: Place) -> None:
        torch.set_num_threads(where.threads)
        model: Any = AutoModelForCausalLM.from_pretrained(
            where.folder / CHECKPOINT, dtype=torch.float32, attn_implementation="sdpa"
        )
        config: Any = GenerationConfig
        drawing = config(do_sample=True, temperature=0.9, top_p=0.95, top_k=0, eos_token_id=-1)
        self._manager = model.eval().init_continuous_batching(
            generation_config=drawing,
            continuous_batching_config=ContinuousBatchingConfig(
                page_size=PAGE, num_blocks=PAGES, max_requests_per_batch=AT_ONCE, max_batch_tokens=2048
            ),
        )
        self._manager.start()
        self._names = itertools.count()

    async def submit(self, request: Request, /) -> AsyncGenerator[Piece]:
        """Yield what is written; see :class:`benchmarks.worker.rivals.serving.Engine`."""
        name = f"r{next(self._names)}"
        said: asyncio.Queue[Any] = asyncio.Queue()
        self._manager.register_result_handler(name, said.put_nowait)
        self._manager.add_request(
            list(request.ids), request_id=name, max_new_tokens=request.max_tokens, streaming=True, eos_token_id=-1
        )
        told = 0
        while told < request.max_tokens:
            output = await said.get()
            if output.error:
                raise RuntimeError(output.error)
            fresh = output.generated_tokens[told:]
            told += len(fresh)
            if fresh:
                yield Piece(len(fresh), list(fresh))
            if output.is_finished():
                return


if __name__ == "__main__":
    serve(__doc__, Continuous)
