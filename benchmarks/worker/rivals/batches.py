"""Static batches, the strongest simple form: whoever waits when the engine is free goes together."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from benchmarks.worker.rivals.serving import Piece, Request

MOST: Final = 128  # requests in a batch
GATHER: Final = 0.02  # seconds that the first of a batch waits for others

Told = Callable[[int, int], None]
"""Takes the number of a row and its next token."""


@dataclass(slots=True, eq=False)
class _Row:
    request: Request
    pieces: asyncio.Queue[Piece | Exception | None] = field(default_factory=asyncio.Queue)

    @property
    def kind(self) -> tuple[int, int, float, float]:
        """Rows of one kind may share a batch."""
        asked = self.request
        return len(asked.ids), asked.max_tokens, asked.temperature, asked.top_p


class Batches:
    """An engine over ``write``, which blocks until a whole batch is written and tells every token."""

    def __init__(self, write: Callable[[Sequence[Request], Told], None], *, most: int = MOST) -> None:
        self._write = write
        self._most = most
        self._waiting: list[_Row] = []
        self._work: asyncio.Task[None] | None = None

    async def submit(self, request: Request, /) -> AsyncGenerator[Piece]:
        """Yield what is written; see :class:`benchmarks.worker.rivals.serving.Engine`."""
        row = _Row(request)
        self._waiting.append(row)
        if self._work is None:
            self._work = asyncio.create_task(self._run())
        while (piece := await row.pieces.get()) is not None:
            if isinstance(piece, Exception):
                raise piece
            yield piece

    async def _run(self) -> None:
        if self._most > 1:
            await asyncio.sleep(GATHER)
        while self._waiting:
            kind = self._waiting[0].kind
            batch = [row for row in self._waiting if row.kind == kind][: self._most]
            self._waiting = [row for row in self._waiting if row not in batch]
            await self._one(batch)
        self._work = None

    async def _one(self, batch: list[_Row]) -> None:
        loop = asyncio.get_running_loop()

        def told(row: int, token: int) -> None:
            loop.call_soon_threadsafe(batch[row].pieces.put_nowait, Piece(1, [token]))

        end: Exception | None = None
        try:
            await asyncio.to_thread(self._write, [row.request for row in batch], told)
        except Exception as error:  # noqa: BLE001 -- each request of the batch raises it
            end = error
        for row in batch:
            row.pieces.put_nowait(end)
