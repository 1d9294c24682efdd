"""Our own decoder, as the worker loads it (``GREENLIT_WORKER_*`` count), behind the same door as the others."""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Any

from benchmarks.worker.folders import CHECKPOINT
from benchmarks.worker.rivals.serving import Piece, Place, Request, serve
from model.decoder import Chunk, Halt, Sampling
from model.serve import load_decoder
from model.settings import WorkerSettings
from model.tasks import Span


class Ours:
    """An engine over our decoder."""

    def __init__(self, where: Place) -> None:
        settings = WorkerSettings(model=str(where.folder / CHECKPOINT), threads=where.threads)
        self._decoder: Any = load_decoder(settings)
        self._write: Callable[..., AsyncGenerator[Chunk]] = getattr(self._decoder, "write", self._spelt)

    async def submit(self, request: Request, /) -> AsyncGenerator[Piece]:
        """Yield what is written; see :class:`benchmarks.worker.rivals.serving.Engine`."""
        sampling = Sampling(temperature=request.temperature, top_p=request.top_p, max_tokens=request.max_tokens)
        async with aclosing(self._write(list(request.ids), (request.seed,), sampling, Halt())) as chunks:
            async for chunk in chunks:
                yield Piece(chunk.tokens, chunk.text)

    def _spelt(self, ids: list[int], seeds: tuple[int, ...], sampling: Sampling, halt: Halt) -> AsyncGenerator[Chunk]:
        """Write behind the text of ``ids``, for a decoder that takes no tokens."""
        text: str = self._decoder.tokenizer.decode(ids)
        written: AsyncGenerator[Chunk] = self._decoder.decode((Span(text, foreign=True),), seeds, sampling, halt)
        return written


if __name__ == "__main__":
    serve(__doc__, Ours)
