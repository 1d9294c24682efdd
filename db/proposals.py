"""The table of proposals: shows of the day that wait for somebody's word; one a day that is not skipped."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import BigInteger, ForeignKey, Index, Select, UniqueConstraint, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, insert_into, one_of
from db.errors import NotFoundError
from db.ids import LARGEST_ID, MemberId, PitchId, ProposalId

_STANDS = text("state <> 'skipped'")


class ProposalState(StrEnum):
    """``proposed`` → ``approved`` (it goes out) | ``skipped`` (another one is proposed)."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    SKIPPED = "skipped"


class ProposalRow(Base):
    """One show proposed for one day."""

    __tablename__ = "proposals"
    __table_args__ = (
        one_of(ProposalState),
        UniqueConstraint("day", "pitch_id"),
        Index("ix_proposals_one_a_day", "day", unique=True, sqlite_where=_STANDS, postgresql_where=_STANDS),
        Index(None, "pitch_id"),
        Index(None, "decided_by"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    day: Mapped[date]
    pitch_id: Mapped[int] = mapped_column(ForeignKey("pitches.id", ondelete="CASCADE"))
    state: Mapped[str]
    summary: Mapped[str | None]
    decided_by: Mapped[str | None] = mapped_column(ForeignKey("members.id", ondelete="SET NULL"))
    channel_id: Mapped[int | None] = mapped_column(BigInteger)
    message_id: Mapped[int | None] = mapped_column(BigInteger)
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A show proposed for ``day``; ``summary`` is what is said of it instead of its own, if somebody edited that.

    ``channel_id`` and ``message_id`` say where it is asked about on Discord.
    """

    id: ProposalId
    day: date
    pitch_id: PitchId
    state: ProposalState
    summary: str | None
    channel_id: int | None
    message_id: int | None
    changed_at: datetime


async def propose(session: AsyncSession, *, day: date, pitch_id: PitchId, now: datetime) -> bool:
    """Propose a show for a day; ``False`` if one stands already, or this one was proposed for it before."""
    new = insert_into(session, ProposalRow).values(
        day=day, pitch_id=pitch_id, state=ProposalState.PROPOSED, created_at=now, changed_at=now
    )
    return await session.scalar(new.on_conflict_do_nothing().returning(ProposalRow.id)) is not None


async def get(session: AsyncSession, proposal_id: ProposalId) -> Proposal:
    """Return the proposal.

    Raises:
        NotFoundError: there is none.
    """
    possible = 0 <= proposal_id <= LARGEST_ID
    found = await _all(session, select(ProposalRow).where(ProposalRow.id == proposal_id)) if possible else ()
    if not found:
        raise NotFoundError("proposal", proposal_id)
    return found[0]


async def of_day(session: AsyncSession, day: date) -> Proposal | None:
    """Return the proposal that stands for a day, if there is one."""
    found = await _all(
        session, select(ProposalRow).where(ProposalRow.day == day, ProposalRow.state != ProposalState.SKIPPED)
    )
    return found[0] if found else None


async def is_approved(session: AsyncSession, day: date, pitch_id: PitchId) -> bool:
    """Return whether a show is approved for a day; until the session ends nobody else decides about it."""
    that = select(ProposalRow.state).where(ProposalRow.day == day, ProposalRow.pitch_id == pitch_id)
    return await session.scalar(that.with_for_update()) == ProposalState.APPROVED


async def since(session: AsyncSession, day: date) -> tuple[Proposal, ...]:
    """Return all proposals for a day and those after it, skipped ones too, in the order of days."""
    return await _all(
        session, select(ProposalRow).where(ProposalRow.day >= day).order_by(ProposalRow.day, ProposalRow.id)
    )


async def decide(
    session: AsyncSession, proposal_id: ProposalId, state: ProposalState, *, by: MemberId | None, now: datetime
) -> bool:
    """Approve or skip what is ``proposed``, or skip what is approved; ``False`` if that was settled otherwise."""
    from_states = [ProposalState.PROPOSED]
    if state == ProposalState.SKIPPED:
        from_states.append(ProposalState.APPROVED)
    still = update(ProposalRow).where(ProposalRow.id == proposal_id, ProposalRow.state.in_(from_states))
    decided = still.values(state=state, decided_by=by, changed_at=now).returning(ProposalRow.id)
    return await session.scalar(decided) is not None


async def edit(session: AsyncSession, proposal_id: ProposalId, summary: str, *, now: datetime) -> bool:
    """Say something else of a show that stands; ``False`` if it was skipped."""
    stands = update(ProposalRow).where(ProposalRow.id == proposal_id, ProposalRow.state != ProposalState.SKIPPED)
    edited = stands.values(summary=summary, changed_at=now).returning(ProposalRow.id)
    return await session.scalar(edited) is not None


async def set_place(session: AsyncSession, proposal_id: ProposalId, *, channel_id: int, message_id: int) -> None:
    """Remember where it is asked about on Discord."""
    place = {"channel_id": channel_id, "message_id": message_id}
    await session.execute(update(ProposalRow).where(ProposalRow.id == proposal_id).values(place))


async def _all(session: AsyncSession, wanted: Select[ProposalRow]) -> tuple[Proposal, ...]:
    return tuple(
        Proposal(
            id=ProposalId(row.id),
            day=row.day,
            pitch_id=PitchId(row.pitch_id),
            state=ProposalState(row.state),
            summary=row.summary,
            channel_id=row.channel_id,
            message_id=row.message_id,
            changed_at=row.changed_at,
        )
        for row in await session.scalars(wanted)
    )
