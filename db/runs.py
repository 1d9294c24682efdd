"""The table of runs: fine-tunings somebody asked for, one a guild in line, one at work."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, one_of
from db.errors import NotFoundError
from db.guilds import GuildRow
from db.ids import GuildId, MemberId, RunId


class RunState(StrEnum):
    """``queued`` → ``running`` → ``finished`` | ``failed``; ``cancelled`` from either of the first two."""

    QUEUED = "queued"
    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"
    CANCELLED = "cancelled"


_UNFINISHED = (RunState.QUEUED, RunState.RUNNING)
_WHERE_UNFINISHED = text("state IN ('queued', 'running')")


class RunRow(Base):
    """One run."""

    __tablename__ = "runs"
    __table_args__ = (
        one_of(RunState),
        Index(
            "uq_runs_unfinished",
            "guild_id",
            unique=True,
            sqlite_where=_WHERE_UNFINISHED,
            postgresql_where=_WHERE_UNFINISHED,
        ),
        Index(None, "guild_id", "id"),
        Index(None, "asked_by"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    guild_id: Mapped[str] = mapped_column(ForeignKey("guilds.id", ondelete="RESTRICT"))
    asked_by: Mapped[str | None] = mapped_column(ForeignKey("members.id", ondelete="SET NULL"))
    state: Mapped[str]
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    failure: Mapped[str | None]
    claimed_by: Mapped[str | None]
    heartbeat_at: Mapped[datetime | None]
    stage: Mapped[str | None]
    step: Mapped[int] = mapped_column(server_default="0")
    steps: Mapped[int] = mapped_column(server_default="0")
    losses: Mapped[str] = mapped_column(server_default="[]")
    verdict: Mapped[str | None]
    picture: Mapped[bytes | None]
    adapter: Mapped[str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One fine-tuning; ``failure`` is the code of what went wrong.

    ``claimed_by`` works on it, at ``step`` of the ``steps`` of its ``stage``; ``losses`` are those so far. ``verdict``
    says in a sentence what came of it, ``adapter`` what was published, if anything was.
    """

    id: RunId
    guild_id: GuildId
    asked_by: MemberId | None
    state: RunState
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    failure: str | None
    claimed_by: str | None = None
    stage: str | None = None
    step: int = 0
    steps: int = 0
    losses: tuple[float, ...] = ()
    verdict: str | None = None
    adapter: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Far:
    """How far a run is; ``losses`` are those so far."""

    stage: str | None = None
    step: int = 0
    steps: int = 0
    losses: tuple[float, ...] = ()


async def queue(
    session: AsyncSession, *, guild_id: GuildId, asked_by: MemberId | None, now: datetime
) -> tuple[Run, bool]:
    """Return the guild's run that is queued or running, or a new one; the second value says whether it is new.

    Raises:
        NotFoundError: there is no such guild.
        BrokenRuleError: the member was not ensured before.
    """
    guild = select(GuildRow.id).where(GuildRow.id == guild_id).with_for_update(key_share=True)  # one asks at a time
    if await session.scalar(guild) is None:
        raise NotFoundError("guild", guild_id)
    unfinished = select(RunRow).where(RunRow.guild_id == guild_id, RunRow.state.in_(_UNFINISHED))
    row = await session.scalar(unfinished)
    if row is not None:
        return _run(row), False
    new = insert(RunRow).values(guild_id=guild_id, asked_by=asked_by, state=RunState.QUEUED, created_at=now)
    return _run((await session.scalars(new.returning(RunRow))).one()), True


async def claim(session: AsyncSession, *, by: str, now: datetime, lease: timedelta) -> Run | None:
    """Give the next run to ``by``; None while there is none, or somebody works on another.

    One whose worker has not been heard of for a ``lease`` comes before those that wait.
    """
    rows = select(RunRow).where(RunRow.state.in_(_UNFINISHED)).order_by(RunRow.id).with_for_update()
    unfinished = list(await session.scalars(rows))
    running = [row for row in unfinished if row.state == RunState.RUNNING]
    if any(row.heartbeat_at is not None and row.heartbeat_at > now - lease for row in running):
        return None
    for row in (*running, *unfinished):
        claimed = update(RunRow).where(RunRow.id == row.id, RunRow.state == row.state)
        values = {"state": RunState.RUNNING, "claimed_by": by, "heartbeat_at": now, "started_at": row.started_at or now}
        return _run((await session.scalars(claimed.values(values).returning(RunRow))).one())
    return None


async def beat(session: AsyncSession, run_id: RunId, *, by: str, now: datetime, far: Far) -> bool:
    """Say that ``by`` still works on the run, and how far it is; ``False`` if it was called off or given to another."""
    told = {"stage": far.stage, "step": far.step, "steps": far.steps, "losses": json.dumps(list(far.losses))}
    return await _change(session, run_id, by, {**told, "heartbeat_at": now})


async def finish(
    session: AsyncSession,
    run_id: RunId,
    *,
    by: str,
    now: datetime,
    verdict: str,
    adapter: str | None,
    picture: bytes | None = None,
) -> bool:
    """End the run that ``by`` works on; ``False`` if it was called off or given to another."""
    told = {"verdict": verdict, "adapter": adapter, "picture": picture}
    return await _change(session, run_id, by, {"state": RunState.FINISHED, "finished_at": now, **told})


async def fail(
    session: AsyncSession, run_id: RunId, *, by: str, now: datetime, reason: str, told: str | None = None
) -> bool:
    """Give the run up with an error's code and a sentence; ``False`` if it was called off or given to another."""
    ended = {"state": RunState.FAILED, "finished_at": now, "failure": reason, "verdict": told}
    return await _change(session, run_id, by, ended)


async def release(session: AsyncSession, run_id: RunId, *, by: str) -> bool:
    """Give the run back to whoever claims next, because ``by`` stops; it goes on where it is."""
    return await _change(session, run_id, by, {"heartbeat_at": None})


async def picture(session: AsyncSession, run_id: RunId) -> bytes | None:
    """Return the picture of the run's verdict (PNG), if there is one."""
    drawn: bytes | None = await session.scalar(select(RunRow.picture).where(RunRow.id == run_id))
    return drawn


async def _change(session: AsyncSession, run_id: RunId, by: str, values: Mapping[str, object]) -> bool:
    theirs = update(RunRow).where(RunRow.id == run_id, RunRow.claimed_by == by, RunRow.state == RunState.RUNNING)
    return await session.scalar(theirs.values(values).returning(RunRow.id)) is not None


async def unfinished(session: AsyncSession) -> bool:
    """Say whether any run waits or works."""
    return await session.scalar(select(RunRow.id).where(RunRow.state.in_(_UNFINISHED)).limit(1)) is not None


async def last_begun(session: AsyncSession) -> datetime | None:
    """Return when the last run began that came to its end, if there was one."""
    begun: datetime | None = await session.scalar(
        select(RunRow.started_at).where(RunRow.state == RunState.FINISHED).order_by(RunRow.id.desc()).limit(1)
    )
    return begun


async def cancel(session: AsyncSession, guild_id: GuildId, now: datetime) -> RunId | None:
    """Cancel the guild's run that waits or works; None if there is none."""
    unfinished = update(RunRow).where(RunRow.guild_id == guild_id, RunRow.state.in_(_UNFINISHED))
    cancelled = unfinished.values(state=RunState.CANCELLED, finished_at=now).returning(RunRow.id)
    found = await session.scalar(cancelled)
    return None if found is None else RunId(found)


async def recent(session: AsyncSession, guild_id: GuildId, limit: int) -> tuple[Run, ...]:
    """Return the guild's last runs, the newest first."""
    runs = select(RunRow).where(RunRow.guild_id == guild_id).order_by(RunRow.id.desc()).limit(limit)
    return tuple(_run(row) for row in await session.scalars(runs))


async def latest(session: AsyncSession, guild_id: GuildId) -> Run | None:
    """Return the guild's last run, if there was one."""
    runs = select(RunRow).where(RunRow.guild_id == guild_id).order_by(RunRow.id.desc()).limit(1)
    row = await session.scalar(runs)
    return None if row is None else _run(row)


def _run(row: RunRow) -> Run:
    return Run(
        id=RunId(row.id),
        guild_id=GuildId(row.guild_id),
        asked_by=None if row.asked_by is None else MemberId(row.asked_by),
        state=RunState(row.state),
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        failure=row.failure,
        claimed_by=row.claimed_by,
        stage=row.stage,
        step=row.step,
        steps=row.steps,
        losses=tuple(json.loads(row.losses)),
        verdict=row.verdict,
        adapter=row.adapter,
    )
