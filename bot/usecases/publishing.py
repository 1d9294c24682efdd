"""The daily post: one a day and network, claimed by a row before the world sees anything.

All networks get the same show of the day. What happens to a claimed row is in :mod:`bot.usecases.delivering`.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from bot.app import App
from bot.networks.base import Announcement, Measure, Network, Ruled
from bot.usecases import showing
from bot.usecases.delivering import STUCK_AFTER, deliver
from bot.usecases.reserve import NothingToPostError
from bot.usecases.showing import Draw
from db import pitches, posts, proposals
from db.errors import NotFoundError
from db.ids import PostId
from db.pitches import Pitch
from db.posts import Post


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a network would be sent: the text, how it measures there, and the announcement with its picture."""

    network: str
    account: str
    text: str
    measure: Measure
    announcement: Announcement


def today(app: App) -> date:
    """Return the room's local date: the key under which a day is claimed."""
    return app.now().astimezone(app.zone).date()


async def publish(app: App, draw: Draw, day: date) -> tuple[Post, ...]:
    """Post the day's show on every network that has none yet; return the day's posts, one a network.

    A network that refused our keys is left alone.

    Raises:
        NothingToPostError: there is no finished show and none could be written; the claim is taken up later.
    """
    known = await posts_of(app, day)
    claimed = {(post.network, post.account) for post in known}
    missing = [network for network in _trusted(app) if (network.name, network.account) not in claimed]
    for network in missing:
        await _publish(app, draw, network, day)
    return await posts_of(app, day) if missing else known


async def preview(app: App, draw: Draw, day: date) -> tuple[Preview, ...]:
    """Return what each network would be sent for ``day``; nothing is sent, claimed or written.

    Raises:
        NothingToPostError: no show is finished.
        NetworkError: a network could not be asked for its rules.
    """
    pitch = await _next_show(app, day)
    announced = [(each, await showing.announce(app, draw, pitch, day, each.name)) for each in app.networks]
    return tuple([await _preview(network, announcement) for network, announcement in announced])


async def _preview(network: Network, announcement: Announcement) -> Preview:
    if isinstance(network, Ruled):
        await network.learn()
    text = network.text(announcement)
    return Preview(
        network=network.name,
        account=network.account,
        text=text,
        measure=network.measure(text),
        announcement=announcement,
    )


async def _next_show(app: App, day: date) -> Pitch:
    async with app.database.reading() as session:
        found = await proposals.of_day(session, day) if app.approval else None
        named = await posts.show_of(session, day) or (found.pitch_id if found else None)
        if named:
            return await pitches.get(session, named)
    waiting = await showing.waiting(app)
    if waiting is None:
        raise NothingToPostError
    return waiting


async def catch_up(app: App, draw: Draw, day: date, days: int) -> None:
    """Post the shows of the last ``days`` days before ``day`` that the room was closed on, the oldest first.

    A network is never behind before its first post.

    Raises:
        NothingToPostError: as :func:`publish`.
    """
    if not days:
        return
    async with app.database.reading() as session:
        last = [
            (network, await posts.last_day(session, network.name, network.account, before=day))
            for network in _trusted(app)
        ]
    for network, newest in last:
        behind = min(days, (day - newest).days - 1) if newest else 0
        for back in range(behind, 0, -1):
            await _publish(app, draw, network, day - timedelta(days=back))


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
    """Move on every post whose time has come: left behind by a crash, or waiting for its next try.

    Raises:
        NothingToPostError: as :func:`publish`.
    """
    async with app.database.reading() as session:
        stuck = await posts.stuck(session, app.now(), STUCK_AFTER)
    networks = {(network.name, network.account): network for network in _trusted(app)}
    without: list[NothingToPostError] = []
    for post in stuck:
        network = networks.get((post.network, post.account))
        if network is None:
            continue  # its keys were taken away or are wrong; it waits until they are back
        async with app.database.writing() as session:
            mine = await posts.reclaim(session, post, app.now())
        try:
            if mine:
                await deliver(app, draw, network, post)
        except NothingToPostError as error:
            without.append(error)  # the posts of other days may have one
    if without:
        raise without[0]


async def retry(app: App, draw: Draw, post_id: PostId) -> None:
    """Try once more what a network refused; a network that refused our keys is asked again, too.

    Raises:
        NotFoundError: no post of that number failed, or its network is not set up any more.
        NothingToPostError: as :func:`publish`.
    """
    networks = {(network.name, network.account): network for network in app.networks}
    async with app.database.writing() as session:
        post = await posts.again(session, post_id, app.now())
        if post is None or (post.network, post.account) not in networks:
            raise NotFoundError("failed post", post_id)
    app.refused.discard((post.network, post.account))
    await deliver(app, draw, networks[post.network, post.account], post)


def _trusted(app: App) -> tuple[Network, ...]:
    return tuple(network for network in app.networks if (network.name, network.account) not in app.refused)


async def _publish(app: App, draw: Draw, network: Network, day: date) -> None:
    async with app.database.writing() as session:
        claim = await posts.claim(session, day=day, network=network.name, account=network.account, now=app.now())
    if claim:
        await deliver(app, draw, network, claim)
