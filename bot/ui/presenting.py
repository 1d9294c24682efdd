"""Cards that stay true: one follower a card, no faster than Discord likes, until the row says all there is."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Final
from weakref import WeakValueDictionary

import aiohttp
import discord
import structlog

from bot.app import App
from bot.stage import Work, script_work, slate_work, staging_work
from bot.ui import cards
from bot.ui.places import Show
from bot.usecases import browsing, rewriting
from db.errors import DatabaseBusyError, DatabaseUnreachableError
from db.ids import ScriptId, SlateId, StagingId

log = structlog.get_logger()
EDIT_EVERY: Final = 1.2  # seconds between edits in one channel
SLOWEST: Final = 20.0  # seconds between edits in a channel where Discord is busy
PAUSE: Final = 2.0  # seconds after a failed edit, doubled each time up to LONGEST
LONGEST: Final = 60.0
TRIES: Final = 30  # failed edits of one card in a row: about half an hour without Discord
CLOSED_WITHIN: Final = 45.0  # seconds after its time in which the clock has closed a vote
_DOUBLINGS: Final = 8

Draw = Callable[[], Awaitable[tuple[cards.View, bool]]]
"""Makes the card as of now, and says whether it is the last one."""

_TROUBLE: Final = (
    discord.HTTPException,
    aiohttp.ClientError,
    OSError,
    TimeoutError,
    DatabaseBusyError,
    DatabaseUnreachableError,
)


@dataclass(slots=True, kw_only=True)
class _Card:
    """One card on one message: what hangs there, whether it is the last one, how often showing it just failed."""

    draw: Draw
    show: Show
    channel_id: int
    hanging: object = None
    last: bool = False
    failures: int = 0
    tried: int = 0

    async def attempt(self) -> None:
        """Show the card as of now, unless it hangs there; trouble that may pass is counted.

        Raises:
            discord.NotFound, discord.Forbidden: the message is deleted or out of reach.
            discord.HTTPException, OSError, StorageError: ``TRIES`` times in a row.
        """
        try:
            view, last = await self.draw()
            parts = view.to_components()  # type: ignore[no-untyped-call]
            if parts != self.hanging:
                self.tried += 1
                await self.show(view)
        except (discord.NotFound, discord.Forbidden):
            raise
        except _TROUBLE as error:
            self.failures += 1
            if self.failures >= TRIES:
                raise
            log.warning("card not shown, tried again", error=repr(error), failures=self.failures)
        else:
            self.hanging, self.last, self.failures = parts, last, 0

    async def look_again(self) -> None:
        """See whether the last card is still right: what took long may have been shown after what is newer."""
        try:
            view, _ = await self.draw()
        except _TROUBLE:
            self.last = False
        else:
            self.last = view.to_components() == self.hanging  # type: ignore[no-untyped-call]


class Presenter:
    """The followers. What they miss because the process ends is caught up at the next start."""

    def __init__(self, app: App, *, edit_every: float = EDIT_EVERY, pause: float = PAUSE) -> None:
        self._app = app
        self._edit_every = edit_every
        self._pause = pause
        self._turns = WeakValueDictionary[int, asyncio.Lock]()
        self._every: dict[int, float] = {}  # seconds between edits where they are more than usual
        self._due: set[SlateId] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._closing = asyncio.Event()

    def slate(self, slate_id: SlateId, show: Show, channel_id: int) -> None:
        """Show a slate's card soon, keep it up to date while it is written, and see the end of its vote."""

        async def draw() -> tuple[cards.View, bool]:
            view = await browsing.slate(self._app, slate_id)
            return cards.slate_card(view), view.slate.state != "drafting"

        card = _Card(draw=draw, show=show, channel_id=channel_id)
        self._begin(self._follow_to_the_end(card, slate_id), f"slate {slate_id}")

    def script(self, script_id: ScriptId, show: Show, channel_id: int) -> None:
        """Show a script's card soon and keep it up to date until it is written, or failed."""
        work = script_work(script_id)

        async def draw() -> tuple[cards.View, bool]:
            pitch, script = await browsing.script(self._app, script_id)
            return cards.script_card(pitch, script, self._app.stage.latest(work)), script.state != "drafting"

        card = _Card(draw=draw, show=show, channel_id=channel_id)
        self._begin(self._follow(card, work), f"script {script_id}")

    def staging(self, staging_id: StagingId, show: Show, channel_id: int) -> None:
        """Show a staged dialog's card at once and keep it up to date until it is written, or failed."""
        work = staging_work(staging_id)

        async def draw() -> tuple[cards.View, bool]:
            staging = await rewriting.staging(self._app, staging_id)
            return cards.staging_card(staging, self._app.stage.latest(work)), staging.state != "drafting"

        card = _Card(draw=draw, show=show, channel_id=channel_id)
        self._begin(self._follow(card, work), f"staging {staging_id}")

    def refresh(self, slate_id: SlateId, show: Show, channel_id: int, *, after: float = 0.0) -> None:
        """Draw a slate's card once more, when it is its turn; asked again before that, it is still drawn once.

        ``after`` so many seconds at the earliest.
        """
        if slate_id in self._due:
            return
        self._due.add(slate_id)

        async def draw() -> tuple[cards.View, bool]:
            self._due.discard(slate_id)
            return cards.slate_card(await browsing.slate(self._app, slate_id)), True

        card = _Card(draw=draw, show=show, channel_id=channel_id)
        self._begin(self._finish(card, after=after), f"slate {slate_id}, its votes")

    def keep(self, draw: Draw, show: Show, channel_id: int, name: str) -> asyncio.Task[None]:
        """Show a card of any kind, and try until its last state hangs; the task does it and may be watched."""
        return self._begin(self._finish(_Card(draw=draw, show=show, channel_id=channel_id)), name)

    def follows(self, slate_id: SlateId) -> bool:
        """Say whether somebody keeps a slate's card up to date already."""
        return any(task.get_name() == f"card of slate {slate_id}" for task in self._tasks)

    async def close(self, seconds: float) -> None:
        """Let each follower try once more within ``seconds``, then stop them all."""
        self._closing.set()
        if not self._tasks:
            return
        _, late = await asyncio.wait(self._tasks, timeout=seconds)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    async def _follow(self, card: _Card, work: Work) -> None:
        """Show the card soon, after each change (the latest one counts), and last when the work is over.

        Not at once: where a message is edited right after it was sent, Discord's apps have shown what it was before.
        """
        await self._wait(self._edit_every)
        await self._in_turn(card)
        async for _ in self._app.stage.watch(work):
            await self._in_turn(card)
            if card.failures:
                await self._rest(card.failures)
        if not card.last:
            await self._finish(card)

    async def _follow_to_the_end(self, card: _Card, slate_id: SlateId) -> None:
        """Follow the writing, then draw the card once more when the time for votes is over."""
        await self._follow(card, slate_work(slate_id))
        slate = (await browsing.slate(self._app, slate_id)).slate
        if slate.state == "open" and slate.closes_at:
            left = (slate.closes_at - self._app.now()).total_seconds() + CLOSED_WITHIN
            if await self._wait(left):
                return
        card.last = False
        await self._finish(card)

    async def _finish(self, card: _Card, *, after: float = 0.0) -> None:
        """Try until the last card hangs; a row left in ``drafting`` is soon taken up again by the clock."""
        await self._wait(after)
        while True:
            once_more = self._closing.is_set()
            await self._in_turn(card)
            if card.last or once_more:
                return
            await self._rest(card.failures)

    async def _attempt(self, card: _Card) -> None:
        """Show a card; where Discord let us wait for it, its channel's turns are farther apart for a while."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        await card.attempt()
        every = self._every.pop(card.channel_id, self._edit_every)
        slow = loop.time() - began > self._edit_every
        every = min(2 * every, SLOWEST) if slow else every / 2
        if every > self._edit_every:
            self._every[card.channel_id] = every
        if slow and card.last:
            await card.look_again()

    async def _in_turn(self, card: _Card) -> None:
        """Show a card when it is its turn: one at a time in a channel, and so long after the last edit was answered."""
        turn = self._turns.setdefault(card.channel_id, asyncio.Lock())
        async with turn:
            tried = card.tried
            await self._attempt(card)
            if card.tried > tried:
                await asyncio.sleep(self._every.get(card.channel_id, self._edit_every))

    async def _rest(self, failures: int) -> None:
        await self._wait(min(self._pause * 2 ** min(failures, _DOUBLINGS), LONGEST))

    async def _wait(self, seconds: float) -> bool:
        """Wait so long, or until the end of the process comes first; return whether it did."""
        closing = asyncio.create_task(self._closing.wait())
        try:
            await asyncio.wait({closing}, timeout=max(seconds, 0.0))
            return closing.done()
        finally:
            closing.cancel()

    def _begin(self, following: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        task = asyncio.create_task(following, name=f"card of {name}")
        self._tasks.add(task)
        task.add_done_callback(self._end)
        return task

    def _end(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if isinstance(error, discord.NotFound):
            log.info("card deleted", card=task.get_name())
        elif isinstance(error, discord.Forbidden):
            log.warning("card out of reach", card=task.get_name(), code=error.code)
        elif error:
            log.error("card not updated", card=task.get_name(), exc_info=error)
