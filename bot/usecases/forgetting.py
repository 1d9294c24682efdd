"""What is kept of a member, given to them, and taken away; what is kept of a server that we left, too."""

from datetime import timedelta
from typing import Any, Final

import structlog

from bot.app import App
from db import guilds, keeping, members
from db.ids import GuildId, MemberId

log = structlog.get_logger()
GONE_AFTER: Final = timedelta(days=30)


async def kept_of(app: App, member: MemberId) -> dict[str, int]:
    """Return how many rows of each kind have to do with a member."""
    async with app.database.reading() as session:
        return {kind: len(rows) for kind, rows in (await keeping.of_member(session, member)).items()}


async def export(app: App, member: MemberId) -> dict[str, list[dict[str, Any]]]:
    """Return everything that has to do with a member, kind by kind, as plain values."""
    async with app.database.reading() as session:
        return await keeping.of_member(session, member)


async def forget(app: App, member: MemberId) -> bool:
    """Delete a member: their votes, dialogs and favourites go, what they asked for stays without a name.

    A block on a server stays, or asking to be forgotten would lift it. Returns whether anything was known.
    """
    async with app.database.writing() as session:
        return await members.forget(session, member)


async def allow_training(app: App, member: MemberId, *, wanted: bool) -> None:
    """Remember whether a member's prompts may be trained with."""
    async with app.database.writing() as session:
        await members.ensure(session, member)
        await members.opt(session, member, since=app.now() if wanted else None)


async def leave(app: App, guild: GuildId) -> None:
    """Remember since when we are not on a server any more."""
    async with app.database.writing() as session:
        await guilds.ensure(session, guild)
        await guilds.change(session, guild, left_at=app.now())


async def come_back(app: App, guild: GuildId) -> None:
    """Remember that we are on a server."""
    async with app.database.writing() as session:
        await guilds.ensure(session, guild)
        await guilds.change(session, guild, left_at=None)


async def tidy(app: App, retention: timedelta) -> tuple[int, int]:
    """Take names off what is older than ``retention``, and delete servers that we left ``GONE_AFTER`` ago.

    Returns how many rows lost their name, and how many servers are gone.
    """
    now = app.now()
    async with app.database.writing() as session:
        nameless = await keeping.unname(session, before=now - retention)
        gone = await guilds.left_before(session, now - GONE_AFTER)
    for guild in gone:  # a transaction each: none of them is long
        async with app.database.writing() as session:
            await keeping.purge(session, guild)
        log.info("a server that we left is forgotten", guild=guild)
    return nameless, len(gone)
