"""The clock: it only reminds. Every job looks for rows in a state and moves them on; twice or never is harmless."""

from datetime import datetime, time, timedelta
from typing import Final

import structlog
from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_MISSED, JobExecutionEvent
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot.app import App
from bot.usecases import (
    approving,
    forgetting,
    pitching,
    publishing,
    reserve,
    rewriting,
    showing,
    voting,
    writing,
)
from bot.usecases.reserve import NothingToPostError
from bot.usecases.showing import Draw

log = structlog.get_logger()
GRACE: Final = 6 * 3600  # seconds a late job may still run
CATCH_UP_MINUTES: Final = 10
CLOSE_SECONDS: Final = 30
RESERVE_MINUTES: Final = 30
PROPOSE_MINUTES: Final = 1


def clock(
    app: App, draw: Draw, *, post_at: time, retention: timedelta = timedelta(days=90), missed: int = 0
) -> AsyncIOScheduler:
    """Return the scheduler, not started: the daily post, its catch-up, the end of votes, what is forgotten by night.

    So many ``missed`` days are still posted.
    """
    scheduler = AsyncIOScheduler(
        timezone=app.zone, job_defaults={"misfire_grace_time": GRACE, "coalesce": True, "max_instances": 1}
    )
    scheduler.add_listener(_report, EVENT_JOB_ERROR | EVENT_JOB_MISSED)
    scheduler.add_job(
        daily, "cron", args=[app, draw, post_at, missed], hour=post_at.hour, minute=post_at.minute, id="daily post"
    )
    scheduler.add_job(daily, "interval", args=[app, draw, post_at, missed], minutes=CATCH_UP_MINUTES, id="catch up")
    scheduler.add_job(propose, "interval", args=[app, post_at], minutes=PROPOSE_MINUTES, id="propose")
    scheduler.add_job(reserve.fill, "interval", args=[app], minutes=RESERVE_MINUTES, id="shows in reserve")
    scheduler.add_job(take_up, "interval", args=[app], minutes=1, id="take up")
    scheduler.add_job(forgetting.tidy, "cron", args=[app, retention], hour=4, minute=30, id="forget what is old")
    scheduler.add_job(voting.close_expired, "interval", args=[app], seconds=CLOSE_SECONDS, id="close votes")
    return scheduler


async def daily(app: App, draw: Draw, post_at: time, missed: int = 0) -> None:
    """Post today's show if its hour has come and it is not posted; move on what a crash or a refusal left behind.

    Up to ``missed`` days that the room was closed on go out just before today's.
    """
    try:
        await publishing.recover(app, draw)
    except NothingToPostError:
        log.warning("no show yet for what was left behind, asked again at the next catch-up")
    try:
        if is_due(app.now().astimezone(app.zone), post_at):
            day = publishing.today(app)
            await publishing.catch_up(app, draw, day, missed)
            await publishing.publish(app, draw, day)
    except NothingToPostError:
        log.warning("no show for today yet, asked again at the next catch-up")


async def propose(app: App, post_at: time) -> None:
    """Where the owner wants to see it first, propose today's show, or once that is out, tomorrow's."""
    if not app.approval:
        return
    today = publishing.today(app)
    out = is_due(app.now().astimezone(app.zone), post_at) and await publishing.is_settled(app, today)
    try:
        await approving.standing(app, today + timedelta(days=1) if out else today, showing.the_next)
    except NothingToPostError:
        log.warning("no show to propose yet, tried again")


def is_due(now: datetime, post_at: time) -> bool:
    """Return whether the day's hour has come at local time ``now``."""
    return now.time() >= post_at


async def take_up(app: App) -> None:
    """Put somebody at every slate and script that nobody is at."""
    await pitching.resume(app)
    await writing.resume(app)
    await rewriting.resume(app)


def _report(event: JobExecutionEvent) -> None:
    log.error("job failed or missed", job=event.job_id, exc_info=event.exception)
