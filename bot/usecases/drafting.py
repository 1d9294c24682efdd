"""Ask the writer and keep asking while it is away; the stage shows how far it is."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import structlog

from bot.app import App
from bot.stage import Progress, Work
from model.briefs import Brief
from model.engine import (
    EngineFailedError,
    EngineLostError,
    EngineUnavailableError,
    Event,
    LineFullError,
    Queued,
    Terms,
)

log = structlog.get_logger()
_FAILURES_ALLOWED = 2


class Restarted:
    """The worker went away; everything it said about this brief is void and comes again."""


async def events(app: App, work: Work, brief: Brief, terms: Terms) -> AsyncGenerator[Event | Restarted]:
    """Yield what the engine says about ``brief`` asked on ``terms``, from the start again after each loss.

    Places in line are published on the stage, not yielded.

    Raises:
        EngineError: the worker stayed away longer than the app's patience, or refuses for good.
    """
    waited, pause, failures = 0.0, app.patience.first, 0
    while True:
        try:
            async with aclosing(app.engine.stream(brief, terms)) as stream:
                async for event in stream:
                    if isinstance(event, Queued):
                        app.stage.publish(work, Progress(place=event.place))
                    else:
                        yield event
        except (EngineLostError, EngineUnavailableError, LineFullError, EngineFailedError) as error:
            failures += isinstance(error, EngineFailedError)
            if waited >= app.patience.total or failures > _FAILURES_ALLOWED:
                raise
            log.warning("asking the worker again", work=work, error=type(error).__name__, pause=pause)
            app.stage.publish(work, Progress(absent=True))
            pause = max(pause, error.retry_after) if isinstance(error, LineFullError) else pause
            await asyncio.sleep(pause)
            waited += pause
            pause = min(pause * 2, app.patience.longest)
            yield Restarted()
        else:
            return
