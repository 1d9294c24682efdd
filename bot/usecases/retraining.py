"""Put a fine-tuning in line; a training process claims it."""

from bot.app import App
from db import guilds, members, runs
from db.ids import GuildId, MemberId
from db.runs import Run


async def queue_run(app: App, *, by: MemberId, guild: GuildId) -> tuple[Run, bool]:
    """Queue a run for a server; return it and whether it is new (one waits or works at a time)."""
    async with app.database.writing() as session:
        await members.ensure(session, by)
        await guilds.ensure(session, guild)
        return await runs.queue(session, guild_id=guild, asked_by=by, now=app.now())
