"""The table of runs: fine-tunings somebody asked for, at most one at a time per guild."""

from dataclasses import dataclass
from datetime import datetime
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One fine-tuning; ``failure`` is the code of what went wrong."""

    id: RunId
    guild_id: GuildId
    asked_by: MemberId | None
    state: RunState
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    failure: str | None


async def queue(session: AsyncSession, *, guild_id: GuildId, asked_by: MemberId, now: datetime) -> tuple[Run, bool]:
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
    )
