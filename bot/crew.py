"""The work going on in the background: one task a piece of work, none forgotten, drained at the end."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import structlog

from bot.stage import Work

log = structlog.get_logger()


class Crew:
    """Background tasks by name. What must survive a restart is a row; a task is only who is at it now."""

    def __init__(self) -> None:
        self._tasks: dict[Work, asyncio.Task[None]] = {}

    def start(self, work: Work, job: Coroutine[Any, Any, None]) -> bool:
        """Begin ``job``; ``False`` (and it is not begun) if somebody is at ``work`` already."""
        if work in self._tasks and not self._tasks[work].done():
            job.close()
            return False
        task = asyncio.create_task(job, name=work)
        self._tasks[work] = task
        task.add_done_callback(lambda done: self._leave(work, done))
        return True

    def _leave(self, work: Work, task: asyncio.Task[None]) -> None:
        if self._tasks.get(work) is task:
            del self._tasks[work]
        error = None if task.cancelled() else task.exception()
        if error:
            log.error("work failed", work=work, exc_info=error)

    def stop(self, work: Work) -> None:
        """Have whoever is at ``work`` stop at the next chance; its row says why."""
        if task := self._tasks.get(work):
            task.cancel()

    async def finish(self, work: Work) -> None:
        """Wait until nobody is at ``work``; an error in it has been logged and is not raised here."""
        task = self._tasks.get(work)
        if task:
            await asyncio.wait([task])

    async def drain(self, seconds: float) -> int:
        """Give the work ``seconds`` to end, then stop it; return how much was stopped (its rows remember)."""
        tasks = list(self._tasks.values())
        if not tasks:
            return 0
        _, late = await asyncio.wait(tasks, timeout=seconds)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        return len(late)
