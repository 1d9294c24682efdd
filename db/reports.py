"""The table of reports: what members found unfit, and what moderators decided about it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, ForeignKey, Index, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, one_of
from db.errors import NotFoundError
from db.ids import LARGEST_ID, GuildId, MemberId, PitchId, ReportId


class ReportState(StrEnum):
    """``open`` → ``removed`` (hidden) | ``pardoned`` (it stays); blocking its author is a row of its own."""

    OPEN = "open"
    REMOVED = "removed"
    PARDONED = "pardoned"


class ReportRow(Base):
    """One report of a pitch."""

    __tablename__ = "reports"
    __table_args__ = (
        one_of(ReportState),
        Index(None, "guild_id", "state"),
        Index(None, "pitch_id"),
        Index(None, "reported_by"),
        Index(None, "decided_by"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    guild_id: Mapped[str] = mapped_column(ForeignKey("guilds.id", ondelete="RESTRICT"))
    pitch_id: Mapped[int] = mapped_column(ForeignKey("pitches.id", ondelete="RESTRICT"))
    reported_by: Mapped[str | None] = mapped_column(ForeignKey("members.id", ondelete="SET NULL"))
    reason: Mapped[str]
    state: Mapped[str]
    decided_by: Mapped[str | None] = mapped_column(ForeignKey("members.id", ondelete="SET NULL"))
    channel_id: Mapped[int | None] = mapped_column(BigInteger)
    message_id: Mapped[int | None] = mapped_column(BigInteger)
    created_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One report of a pitch; ``channel_id`` and ``message_id`` say where moderators read it, once it hangs there."""

    id: ReportId
    guild_id: GuildId
    pitch_id: PitchId
    reported_by: MemberId | None
    reason: str
    state: ReportState
    decided_by: MemberId | None
    channel_id: int | None
    message_id: int | None
    created_at: datetime


async def add(
    session: AsyncSession, *, guild_id: GuildId, pitch_id: PitchId, reported_by: MemberId, reason: str, now: datetime
) -> Report:
    """Return a new report, ``open``.

    Raises:
        BrokenRuleError: the guild, the pitch or the member is not there.
    """
    facts = {"guild_id": guild_id, "pitch_id": pitch_id, "reported_by": reported_by, "reason": reason}
    new = insert(ReportRow).values(state=ReportState.OPEN, created_at=now, **facts)
    return _report((await session.scalars(new.returning(ReportRow))).one())


async def by(session: AsyncSession, pitch_id: PitchId, member_id: MemberId) -> bool:
    """Say whether the member has reported the pitch."""
    theirs = select(ReportRow.id).where(ReportRow.pitch_id == pitch_id, ReportRow.reported_by == member_id)
    return await session.scalar(theirs.limit(1)) is not None


async def get(session: AsyncSession, report_id: ReportId) -> Report:
    """Return the report.

    Raises:
        NotFoundError: there is none.
    """
    possible = 0 <= report_id <= LARGEST_ID  # more does not even fit into a question
    row = await session.scalar(select(ReportRow).where(ReportRow.id == report_id)) if possible else None
    if row is None:
        raise NotFoundError("report", report_id)
    return _report(row)


async def waiting(session: AsyncSession, guild_id: GuildId, limit: int) -> tuple[Report, ...]:
    """Return the guild's reports that nobody has decided, the oldest first."""
    undecided = select(ReportRow).where(ReportRow.guild_id == guild_id, ReportRow.state == ReportState.OPEN)
    return tuple(_report(row) for row in await session.scalars(undecided.order_by(ReportRow.id).limit(limit)))


async def untold(session: AsyncSession) -> tuple[Report, ...]:
    """Return the reports that nobody has decided and that hang nowhere, the oldest first."""
    undecided = select(ReportRow).where(ReportRow.state == ReportState.OPEN, ReportRow.message_id.is_(None))
    return tuple(_report(row) for row in await session.scalars(undecided.order_by(ReportRow.id)))


async def decided_since(session: AsyncSession, moment: datetime) -> tuple[Report, ...]:
    """Return the reports that hang somewhere and were decided since then, the oldest first."""
    decided = select(ReportRow).where(ReportRow.decided_at >= moment, ReportRow.message_id.is_not(None))
    return tuple(_report(row) for row in await session.scalars(decided.order_by(ReportRow.id)))


async def set_place(session: AsyncSession, report_id: ReportId, *, channel_id: int, message_id: int) -> None:
    """Remember where moderators read the report."""
    place = {"channel_id": channel_id, "message_id": message_id}
    await session.execute(update(ReportRow).where(ReportRow.id == report_id).values(place))


async def decide(
    session: AsyncSession, report_id: ReportId, state: ReportState, *, by: MemberId, now: datetime
) -> bool:
    """Decide an ``open`` report; ``False`` if somebody did before."""
    undecided = update(ReportRow).where(ReportRow.id == report_id, ReportRow.state == ReportState.OPEN)
    decided = undecided.values(state=state, decided_by=by, decided_at=now).returning(ReportRow.id)
    return await session.scalar(decided) is not None


def _report(row: ReportRow) -> Report:
    return Report(
        id=ReportId(row.id),
        guild_id=GuildId(row.guild_id),
        pitch_id=PitchId(row.pitch_id),
        reported_by=None if row.reported_by is None else MemberId(row.reported_by),
        reason=row.reason,
        state=ReportState(row.state),
        decided_by=None if row.decided_by is None else MemberId(row.decided_by),
        channel_id=row.channel_id,
        message_id=row.message_id,
        created_at=row.created_at,
    )
