"""How late the event loop comes round, in the log, for whoever wants to know: what blocks it, blocks everybody."""

import asyncio
from typing import Final

import structlog

log = structlog.get_logger()
TICK: Final = 0.01  # seconds between looks; what is late by less is not seen


async def watch(every: float) -> None:
    """Log the worst lag of each ``every`` seconds, in milliseconds, until cancelled."""
    loop = asyncio.get_running_loop()
    while True:
        worst, end = 0.0, loop.time() + every
        while (asked := loop.time()) < end:
            await asyncio.sleep(TICK)
            worst = max(worst, loop.time() - asked - TICK)
        log.info("event loop", worst_lag_ms=round(1000 * worst, 1))
