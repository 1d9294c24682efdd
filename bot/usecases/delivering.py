"""One post on one network, moved from state to state; at every step another process may have to go on from the row.

``claimed → sending → posted``, or ``failed`` with its reason, or ``unknown`` when it could not be sent or the network's
answer was lost. A row that names its pitch was about to be sent once: nothing is sent again before the network's own
recent posts were looked up.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date, datetime, timedelta
from typing import Final, TypeVar

import structlog

from bot.app import App
from bot.networks.base import (
    Announcement,
    DuplicatePostError,
    Network,
    NetworkBusyError,
    NetworkError,
    NetworkRefusedError,
    NetworkUnauthorizedError,
    NetworkUncertainError,
    Ruled,
)
from bot.usecases import showing
from bot.usecases.showing import Draw
from db import pitches, posts, proposals
from db.database import Session
from db.pitches import Pitch, PitchState
from db.posts import Post

log = structlog.get_logger()
STUCK_AFTER: Final = timedelta(minutes=10)
"""After so long without a word whoever was at a post is taken for dead."""
PATIENCE: Final = 180.0
"""Seconds that a network may take to answer; three answers (look up, send, look up) take less than ``STUCK_AFTER``."""
LONGEST_WAIT: Final = timedelta(hours=3)
GIVEN_UP_AFTER: Final = timedelta(days=1)
"""Nothing is sent any more; what may be out is still looked for."""
SLEPT: Final = timedelta(hours=1)
"""A try that comes so late was slept through: it is made before anything is given up."""
FORGOTTEN_AFTER: Final = timedelta(days=7)
_MAX_REASON: Final = 500
_T = TypeVar("_T")


ChooseForDay = Callable[[App, date], Awaitable[Pitch]]
"""Returns the show of a day."""


class RemovedError(NetworkRefusedError):
    """Moderators have removed the show before it was sent."""


class GivenUpError(NetworkRefusedError):
    """The post could not be sent for a day."""


async def deliver(app: App, draw: Draw, network: Network, post: Post, choose: ChooseForDay = showing.choose) -> None:
    """Do what is next for ``post``, which was claimed by us just now; ``choose`` says what is shown on a day.

    Raises:
        NothingToPostError: there is no show for its day; the claim is taken up later.
    """
    if post.pitch_id is None and _age(app, post) > GIVEN_UP_AFTER:
        await _settle(app, network, post, GivenUpError("no show was ready for a day"))
        return
    pitch = await _chosen(app, post) or await choose(app, post.day)
    announcement = await showing.announce(app, draw, pitch, post.day, network.name)
    try:
        if isinstance(network, Ruled):
            await _within(network.learn(), NetworkBusyError)
        text = network.text(announcement)
        if not await _may_send(app, network, post, pitch, text):
            return
        address = await _deliver(app, network, post, pitch, announcement, text)
    except NetworkError as error:
        await _settle(app, network, post, error)
    else:
        async with app.database.writing() as session:
            await posts.posted(session, post.id, address=address, now=app.now())
            await pitches.mark(session, pitch.id, PitchState.POSTED, from_states=(PitchState.SCRIPTED,))


async def _may_send(app: App, network: Network, post: Post, pitch: Pitch, text: str) -> bool:
    """Write down what is about to be sent, if it is ours to send."""
    async with app.database.writing() as session:
        if post.pitch_id is None and not await _is_free(app, session, post, pitch):
            log.info("it was decided otherwise meanwhile, this one is taken up later", network=network.name)
            return False
        return await posts.sending(session, post.id, pitch_id=pitch.id, text=text, now=app.now())


async def _is_free(app: App, session: Session, post: Post, pitch: Pitch) -> bool:
    server = _server(post)
    if not await posts.may_show(session, post.day, pitch.id, server=server):
        return False
    if server or not app.approval or await posts.show_of(session, post.day) is not None:
        return True
    return await proposals.is_approved(session, post.day, pitch.id)  # or it was skipped since it was chosen


async def _chosen(app: App, post: Post) -> Pitch | None:
    """Return the show that this post, or the same day's on another public network, is about."""
    async with app.database.reading() as session:
        same = None if _server(post) else await posts.show_of(session, post.day)
        named = post.pitch_id or same
        return await pitches.get(session, named) if named else None


def _server(post: Post) -> str | None:
    return post.account if post.network == posts.SERVERS else None


async def _deliver(app: App, network: Network, post: Post, pitch: Pitch, announcement: Announcement, text: str) -> str:
    """Return the post's address, found or made; one that was tried for too long, or removed, is only looked for."""
    if post.pitch_id is not None and (found := await _find(network, announcement, text)):
        return found
    if _age(app, post) > GIVEN_UP_AFTER and post.retry_at and app.now() - post.retry_at < SLEPT:
        raise GivenUpError("it could not be sent for a day")
    if await _is_removed(app, pitch):
        raise RemovedError("moderators removed the show")
    try:
        return await _within(network.post(announcement, text), NetworkUncertainError)
    except (NetworkUncertainError, DuplicatePostError):
        if found := await _find(network, announcement, text):
            return found
        raise


async def _is_removed(app: App, pitch: Pitch) -> bool:
    async with app.database.reading() as session:
        return (await pitches.get(session, pitch.id)).removed


async def _find(network: Network, announcement: Announcement, text: str) -> str | None:
    return await _within(network.find(announcement, text), NetworkBusyError)


async def _within(work: Awaitable[_T], unclear: Callable[[], NetworkError]) -> _T:
    try:
        async with asyncio.timeout(PATIENCE):
            return await work
    except TimeoutError as error:
        raise unclear() from error


async def _settle(app: App, network: Network, post: Post, error: NetworkError) -> None:
    """Write down that nothing came of it, and whether it is tried again."""
    reason, now = type(error).__name__, app.now()
    match error:
        case NetworkRefusedError():
            log.error("post failed", network=network.name, account=network.account, error=error.reason)
            await _fail(app, post, f"{reason}: {error.reason}")
        case _ if _age(app, post) > FORGOTTEN_AFTER:
            log.error("post forgotten", network=network.name, account=network.account, error=reason)
            await _fail(app, post, f"{reason}: nobody could tell for a week")
        case _:
            moment = next_try(error, post.attempts, now)
            log.warning("post unclear, taken up later", network=network.name, error=reason, at=moment.isoformat())
            async with app.database.writing() as session:
                await posts.unknown(session, post.id, reason=reason, now=now, retry_at=moment)
            if isinstance(error, NetworkUnauthorizedError):
                await _stop(app, network)


async def _fail(app: App, post: Post, reason: str) -> None:
    async with app.database.writing() as session:
        await posts.failed(session, post.id, reason=reason[:_MAX_REASON], now=app.now())


async def _stop(app: App, network: Network) -> None:
    """Leave the network alone until the next start, and say so to the owners, once."""
    place = network.name, network.account
    if place in app.refused:
        return
    app.refused.add(place)
    log.error("a network refuses our keys; it is left alone until the next start", network=place[0], account=place[1])
    shown = f"{network.name} ({network.account})" if network.account else network.name
    for alarm in app.alarms:
        await alarm(
            f"{shown} does not accept the keys it was given, so the daily show does not go there. "
            "Put in new keys and start the bot anew; `greenlit doctor` says whether they are right."
        )


def next_try(error: NetworkError, attempts: int, now: datetime) -> datetime:
    """Return when a post that came to nothing ``attempts`` times before is taken up again.

    Each wait is twice the last, up to ``LONGEST_WAIT``; a network that names a later moment is believed, within a day.
    """
    wait = min(STUCK_AFTER * (1 << min(attempts, 10)), LONGEST_WAIT)
    named = error.retry_at if isinstance(error, NetworkBusyError) else None
    return max(now + wait, min(named, now + GIVEN_UP_AFTER)) if named else now + wait


def _age(app: App, post: Post) -> timedelta:
    return app.now() - post.created_at
