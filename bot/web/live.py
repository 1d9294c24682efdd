"""Server-sent events for one piece of work: its latest state a few times a second, then ``end``."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Any, Final

from starlette.responses import StreamingResponse

from bot.stage import Progress, Stage, Work

_EVERY: Final = 0.15  # seconds between two states
_KEEP_ALIVE: Final = 10.0


def follow(stage: Stage, work: Work, render: Callable[[Progress], Any]) -> StreamingResponse:
    """Return the stream of ``work``: ``progress`` events with ``render``'s JSON, then one ``end``."""
    return StreamingResponse(
        _events(stage, work, render),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _events(stage: Stage, work: Work, render: Callable[[Progress], Any]) -> AsyncGenerator[str]:
    async with aclosing(stage.watch(work)) as states:
        following = asyncio.ensure_future(anext(states, None))
        try:
            while True:
                done, _ = await asyncio.wait([following], timeout=_KEEP_ALIVE)
                if not done:
                    yield ": still here\n\n"
                    continue
                progress = following.result()
                if progress is None:
                    break
                yield f"event: progress\ndata: {json.dumps(render(progress))}\n\n"
                await asyncio.sleep(_EVERY)
                following = asyncio.ensure_future(anext(states, None))
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)
    yield "event: end\ndata: {}\n\n"
