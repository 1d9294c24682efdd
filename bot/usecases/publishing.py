"""The daily post: one a day and network, claimed by a row before the world sees anything.

``claimed → sending → posted``, or ``failed`` with its reason, or ``unknown`` when the network's answer was lost.
A row that names its pitch was about to be sent once: nothing is sent again before the network's own recent posts
were looked up. All networks get the same show of the day.
"""

from datetime import date, timedelta
from typing import Final

import structlog

from bot.app import App
from bot.networks.base import (
    Announcement,
    DuplicatePostError,
    Network,
    NetworkBusyError,
    NetworkError,
    NetworkUncertainError,
)
from bot.usecases import showing
from bot.usecases.showing import Draw
from db import pitches, posts
from db.pitches import Pitch, PitchState
from db.posts import Post

log = structlog.get_logger()
STUCK_AFTER: Final = timedelta(minutes=10)


def today(app: App) -> date:
    """Return the room's local date: the key under which a day is claimed."""
    return app.now().astimezone(app.zone).date()


async def publish(app: App, draw: Draw, day: date) -> tuple[Post, ...]:
    """Post the day's show on every network that has none yet; return the day's posts, one a network.

    Raises:
        NothingToPostError: there is no finished show and none could be written; the claim is taken up later.
    """
    for network in app.networks:
        async with app.database.writing() as session:
            claim = await posts.claim(session, day=day, network=network.name, account=network.account, now=app.now())
        if claim:
            await _post(app, draw, network, claim)
    return await posts_of(app, day)


async def posts_of(app: App, day: date) -> tuple[Post, ...]:
    """Return what stands in the rows for ``day``, one a network that has one."""
    async with app.database.reading() as session:
        found = [await posts.get(session, day, network.name, network.account) for network in app.networks]
    return tuple(post for post in found if post)


async def is_settled(app: App, day: date) -> bool:
    """Return whether every network's post of a day is out, or given up."""
    posts_ = await posts_of(app, day)
    return len(posts_) == len(app.networks) and all(post.state in {"posted", "failed"} for post in posts_)


async def recover(app: App, draw: Draw) -> None:
    """Move on every post that a crash or an unclear answer left behind for ``STUCK_AFTER``.

    Raises:
        NothingToPostError: as :func:`publish`.
    """
    before = app.now() - STUCK_AFTER
    async with app.database.reading() as session:
        stuck = await posts.stuck(session, before)
    networks = {(network.name, network.account): network for network in app.networks}
    for post in stuck:
        network = networks.get((post.network, post.account))
        if network is None:
            continue  # its keys were taken away; it waits until they are back
        async with app.database.writing() as session:
            mine = await posts.reclaim(session, post.id, post.state, app.now(), before=before)
        if mine:
            await _post(app, draw, network, post)


async def _post(app: App, draw: Draw, network: Network, post: Post) -> None:
    pitch = await _chosen(app, post) or await showing.choose(app, post.day)
    announcement = await showing.announce(app, draw, pitch, post.day, network.name)
    text = network.text(announcement)
    async with app.database.writing() as session:
        if post.pitch_id is None and not await posts.may_show(session, post.day, pitch.id):
            log.info("another post chose meanwhile, this one is taken up later", network=network.name)
            return
        if not await posts.sending(session, post.id, pitch_id=pitch.id, text=text, now=app.now()):
            return
    try:
        address = await network.find(announcement, text) if post.pitch_id else None
        address = address or await _send(network, announcement, text)
    except (NetworkUncertainError, NetworkBusyError, DuplicatePostError) as error:
        log.warning("post unclear, looked up later", network=network.name, error=type(error).__name__)
        async with app.database.writing() as session:
            await posts.unknown(session, post.id, reason=type(error).__name__, now=app.now())
    except NetworkError as error:
        log.error("post failed", network=network.name, error=str(error))  # noqa: TRY400 – the reason is the news
        async with app.database.writing() as session:
            await posts.failed(session, post.id, reason=f"{type(error).__name__}: {error}"[:500], now=app.now())
    else:
        async with app.database.writing() as session:
            await posts.posted(session, post.id, address=address, now=app.now())
            await pitches.mark(session, pitch.id, PitchState.POSTED, from_states=(PitchState.SCRIPTED,))


async def _chosen(app: App, post: Post) -> Pitch | None:
    """Return the show that this post, or the same day's on another network, is about."""
    async with app.database.reading() as session:
        named = post.pitch_id or await posts.show_of(session, post.day)
        return await pitches.get(session, named) if named else None


async def _send(network: Network, announcement: Announcement, text: str) -> str:
    """Post; an answer that leaves open whether it stands there is settled by a look, if one finds it."""
    try:
        return await network.post(announcement, text)
    except (NetworkUncertainError, DuplicatePostError):
        address = await network.find(announcement, text)
        if address is None:
            raise
        return address
