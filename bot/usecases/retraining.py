"""Put a fine-tuning in line, look at it, call it off; a training process claims it."""

from bot.app import App
from db import audit, guilds, members, runs
from db.database import Session
from db.ids import GuildId, MemberId, RunId
from db.runs import Run


async def queue_run(app: App, *, by: MemberId, guild: GuildId) -> tuple[Run, bool]:
    """Queue a run for a server; return it and whether it is new (one waits or works at a time)."""
    async with app.database.writing() as session:
        await members.ensure(session, by)
        await guilds.ensure(session, guild)
        run, new = await runs.queue(session, guild_id=guild, asked_by=by, now=app.now())
        if new:
            await _record(app, session, guild, "queued", run.id, by=by)
        return run, new


async def recent_runs(app: App, guild: GuildId, limit: int = 5) -> tuple[Run, ...]:
    """Return the server's last runs, the newest first."""
    async with app.database.reading() as session:
        return await runs.recent(session, guild, limit)


async def picture(app: App, run: RunId) -> bytes | None:
    """Return the picture of a run's verdict (PNG), if there is one."""
    async with app.database.reading() as session:
        return await runs.picture(session, run)


async def cancel_run(app: App, *, by: MemberId, guild: GuildId) -> RunId | None:
    """Call off the run that waits or works; None if there is none."""
    async with app.database.writing() as session:
        await members.ensure(session, by)
        await guilds.ensure(session, guild)
        cancelled = await runs.cancel(session, guild, app.now())
        if cancelled is not None:
            await _record(app, session, guild, "cancelled", cancelled, by=by)
        return cancelled


async def _record(app: App, session: Session, guild: GuildId, word: str, run: RunId, *, by: MemberId) -> None:
    subject = f"run {run}"
    await audit.record(session, guild_id=guild, actor=by, action=f"retraining {word}", subject=subject, now=app.now())
