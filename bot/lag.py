"""What blocks the event loop, blocks everybody: how late it comes round, in the log, and one block less."""

import asyncio
import gc
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


def settle() -> None:
    """Have the garbage collector leave alone what is there now, at the end of a start: most of it stays for ever.

    Looking through the libraries and the catalogs for garbage takes a sixth of a second in which nothing else happens.
    """
    gc.collect()
    gc.freeze()
