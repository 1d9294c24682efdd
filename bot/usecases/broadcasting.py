"""The show of the day on each server that has a channel for it: its own best, at its own hour, once a day."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, tzinfo
from functools import cache, partial
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import structlog

from bot import languages
from bot.app import App
from bot.networks.base import Network
from bot.usecases import showing
from bot.usecases.delivering import STUCK_AFTER, deliver
from bot.usecases.reserve import NothingToPostError
from bot.usecases.showing import Draw
from db import guilds, posts
from db.guilds import Guild
from db.ids import GuildId
from db.posts import SERVERS, Post

log = structlog.get_logger()
AT_ONCE: Final = 8  # servers whose posts are moved on at the same time
Channel = Callable[[str], Network | None]
"""Returns the network that a server (its number) is, or None where it has no channel or we are not there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A server whose hour has come on its ``day``."""

    guild: Guild
    day: date


async def due(app: App, post_at: time) -> tuple[Due, ...]:
    """Return the servers whose hour has come and that nobody has claimed their day for; ``post_at`` is the owner's."""
    now = app.now()
    async with app.database.reading() as session:
        waiting = [_due(guild, now, post_at, app.zone) for guild in await guilds.announcing(session)]
        claimed = await posts.claimed_on_servers(
            session, min((each.day for each in waiting if each), default=now.date())
        )
    return tuple(each for each in waiting if each and (each.day, _number(each.guild.id)) not in claimed)


def _due(guild: Guild, now: datetime, post_at: time, zone: tzinfo) -> Due | None:
    local = now.astimezone((_zone(guild.zone) if guild.zone else None) or zone)
    owners = post_at.hour * 60 + post_at.minute
    at = owners if guild.daily_minute is None else guild.daily_minute
    return Due(guild=guild, day=local.date()) if local.hour * 60 + local.minute >= at else None


@cache
def _zone(name: str) -> ZoneInfo | None:
    """Return a time zone; None, and a word to the operator, where this machine does not know it (another one did)."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        log.exception("a server's time zone is unknown here, so its show goes out by the bot's own", zone=name)
        return None


async def announce(app: App, draw: Draw, network: Network, found: Due) -> Post | None:
    """Post a server's show of its day; None if somebody else has claimed it, or no show is ready yet."""
    async with app.database.writing() as session:
        claim = await posts.claim(session, day=found.day, network=network.name, account=network.account, now=app.now())
    if claim is None:
        return None
    await _deliver(app, draw, network, claim)
    async with app.database.reading() as session:
        return await posts.get(session, found.day, network.name, network.account)


async def recover(app: App, draw: Draw, channel: Channel) -> None:
    """Move on every server's post whose time has come: left behind by a crash, or waiting for its next try."""
    async with app.database.reading() as session:
        stuck = [post for post in await posts.stuck(session, app.now(), STUCK_AFTER) if post.network == SERVERS]
        spoken = {_number(guild.id): guild.language for guild in await guilds.announcing(session)} if stuck else {}
    turns = asyncio.Semaphore(AT_ONCE)

    async def move_on(post: Post) -> None:
        languages.speak(spoken.get(post.account) or languages.ENGLISH)  # in this task, nowhere else
        await _recover(app, draw, channel(post.account), post, turns)

    await asyncio.gather(*map(move_on, stuck))


async def _recover(app: App, draw: Draw, network: Network | None, post: Post, turns: asyncio.Semaphore) -> None:
    if network is None:
        return  # another process is there, or its channel was taken away
    async with turns:
        async with app.database.writing() as session:
            mine = await posts.reclaim(session, post, app.now())
        try:
            if mine:
                await _deliver(app, draw, network, post)
        except Exception:  # one server's trouble is none of the others'
            log.exception("a server's show not moved on, tried again", server=post.account)


async def _deliver(app: App, draw: Draw, network: Network, post: Post) -> None:
    try:
        choose = partial(showing.choose_for_server, server=GuildId(f"discord:{network.account}"))
        await deliver(app, draw, network, post, choose)
    except NothingToPostError:
        log.warning("no show for a server yet, looked for later", server=network.account)


def _number(guild: GuildId) -> str:
    return guild.partition(":")[2]
