"""The lag of the event loop in the log."""

import asyncio
import gc
import time

from structlog.testing import capture_logs

from bot import lag

HELD = 0.3  # seconds


async def test_what_holds_the_loop_up_stands_in_the_log_and_the_next_interval_begins_anew() -> None:
    with capture_logs() as logs:
        watching = asyncio.create_task(lag.watch(0.02))
        await asyncio.sleep(0.005)
        time.sleep(HELD)  # noqa: ASYNC251 - that is what is to be seen
        while len(logs) < 5:  # noqa: ASYNC110 - what is waited for is in the log
            await asyncio.sleep(0.005)
        watching.cancel()
    assert {line["event"] for line in logs} == {"event loop"}
    first, *others = [line["worst_lag_ms"] for line in logs]
    assert first >= 900 * HELD  # it had waited for a little when it was held up
    assert min(others) < first


def test_what_is_there_after_a_start_is_not_searched_for_garbage_any_more() -> None:
    before = gc.get_freeze_count()
    kept = [[number] for number in range(1000)]
    try:
        lag.settle()
        assert gc.get_freeze_count() >= before + len(kept)
    finally:
        gc.unfreeze()
