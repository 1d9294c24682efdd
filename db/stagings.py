"""The table of stagings: a member's own dialog, and the scene it becomes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, ForeignKey, Index, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, one_of
from db.errors import NotFoundError
from db.ids import GuildId, MemberId, StagingId


class StagingState(StrEnum):
    """``drafting`` → ``done`` or ``failed``."""

    DRAFTING = "drafting"
    DONE = "done"
    FAILED = "failed"


class StagingRow(Base):
    """One dialog; it goes with the member who wrote it."""

    __tablename__ = "stagings"
    __table_args__ = (one_of(StagingState), Index(None, "state"), Index(None, "asked_by"), Index(None, "guild_id"))
    id: Mapped[int] = mapped_column(primary_key=True)
    guild_id: Mapped[str] = mapped_column(ForeignKey("guilds.id", ondelete="RESTRICT"))
    asked_by: Mapped[str] = mapped_column(ForeignKey("members.id", ondelete="CASCADE"))
    dialog: Mapped[str]
    state: Mapped[str]
    fountain: Mapped[str | None]
    seed: Mapped[int] = mapped_column(BigInteger)
    model: Mapped[str | None]
    failure: Mapped[str | None]
    channel_id: Mapped[int | None] = mapped_column(BigInteger)
    message_id: Mapped[int | None] = mapped_column(BigInteger)
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Staging:
    """A member's dialog, a turn a line, and the scene in ``fountain`` once it is ``done``."""

    id: StagingId
    guild_id: GuildId
    asked_by: MemberId
    dialog: str
    state: StagingState
    fountain: str | None
    seed: int
    failure: str | None
    channel_id: int | None
    message_id: int | None


async def order(
    session: AsyncSession,
    *,
    guild_id: GuildId,
    asked_by: MemberId,
    dialog: str,
    seed: int,
    now: datetime,
    place: tuple[int, int] | None = None,
) -> Staging:
    """Return a new staging, ``drafting``, with the channel and message where its card hangs.

    Raises:
        BrokenRuleError: the guild or the member was not ensured before.
    """
    facts: dict[str, object] = {"guild_id": guild_id, "asked_by": asked_by, "dialog": dialog, "seed": seed}
    facts |= dict(zip(("channel_id", "message_id"), place or (), strict=False))
    new = insert(StagingRow).values(state=StagingState.DRAFTING, created_at=now, **facts)
    return _staging((await session.scalars(new.returning(StagingRow))).one())


async def get(session: AsyncSession, staging_id: StagingId) -> Staging:
    """Return the staging.

    Raises:
        NotFoundError: there is none.
    """
    row = await session.scalar(select(StagingRow).where(StagingRow.id == staging_id))
    if row is None:
        raise NotFoundError("staging", staging_id)
    return _staging(row)


async def unfinished(session: AsyncSession) -> tuple[Staging, ...]:
    """Return the stagings still ``drafting``, the oldest first."""
    drafting = select(StagingRow).where(StagingRow.state == StagingState.DRAFTING).order_by(StagingRow.id)
    return tuple(_staging(row) for row in await session.scalars(drafting))


async def ended_since(session: AsyncSession, guild_id: GuildId, since: datetime) -> tuple[Staging, ...]:
    """Return the guild's stagings that ended since then."""
    wanted = select(StagingRow).where(StagingRow.guild_id == guild_id, StagingRow.finished_at >= since)
    return tuple(_staging(row) for row in await session.scalars(wanted.order_by(StagingRow.id)))


async def finish(session: AsyncSession, staging_id: StagingId, *, fountain: str, model: str, now: datetime) -> bool:
    """Keep the scene; ``False`` if it is not being written any more."""
    values = {"fountain": fountain, "model": model, "finished_at": now}
    return await _end(session, staging_id, StagingState.DONE, values)


async def fail(session: AsyncSession, staging_id: StagingId, *, reason: str, now: datetime) -> bool:
    """Give a staging up with an error code; ``False`` if it is not being written any more."""
    return await _end(session, staging_id, StagingState.FAILED, {"failure": reason, "finished_at": now})


async def _end(session: AsyncSession, staging_id: StagingId, state: StagingState, values: Mapping[str, object]) -> bool:
    drafting = update(StagingRow).where(StagingRow.id == staging_id, StagingRow.state == StagingState.DRAFTING)
    return await session.scalar(drafting.values(state=state, **values).returning(StagingRow.id)) is not None


def _staging(row: StagingRow) -> Staging:
    return Staging(
        id=StagingId(row.id),
        guild_id=GuildId(row.guild_id),
        asked_by=MemberId(row.asked_by),
        dialog=row.dialog,
        state=StagingState(row.state),
        fountain=row.fountain,
        seed=row.seed,
        failure=row.failure,
        channel_id=row.channel_id,
        message_id=row.message_id,
    )
