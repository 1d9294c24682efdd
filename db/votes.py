"""The table of votes: one per member and slate, changeable until the slate closes; a tally is always counted."""

from datetime import datetime
from typing import Final

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from db import slates
from db.base import Base, insert_into
from db.errors import NotFoundError, SlateClosedError
from db.ids import MemberId, PitchId, SlateId
from db.pitches import PitchRow
from db.slates import SlateState


class VoteRow(Base):
    """One vote."""

    __tablename__ = "votes"
    __table_args__ = (
        ForeignKeyConstraint(["slate_id", "pitch_id"], ["pitches.slate_id", "pitches.id"], ondelete="RESTRICT"),
        Index(None, "pitch_id"),
        Index(None, "member_id"),
    )
    slate_id: Mapped[int] = mapped_column(primary_key=True)
    member_id: Mapped[str] = mapped_column(ForeignKey("members.id", ondelete="CASCADE"), primary_key=True)
    pitch_id: Mapped[int]
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]


_OF_SLATE: Final = select(PitchRow.id).where(  # asked often: made once
    PitchRow.id == bindparam("pitch_id"), PitchRow.slate_id == bindparam("slate_id")
)


async def cast(
    session: AsyncSession,
    *,
    slate_id: SlateId,
    pitch_id: PitchId,
    member_id: MemberId,
    now: datetime,
    clicked: datetime | None = None,
) -> None:
    """Count the member's vote for the pitch; an earlier one on this slate is changed.

    ``clicked`` is when the member decided, if that is known: of two votes under way at the same time the later one
    counts, whichever arrives last.

    The slate stays locked until the session ends, so what is decided from the tally is decided once.

    Raises:
        SlateClosedError: the slate is not open, or its time is over.
        NotFoundError: there is no such slate, or no such pitch on it.
        BrokenRuleError: the member was not ensured before.
    """
    slate = await slates.lock(session, slate_id)
    if slate.state != SlateState.OPEN or slate.closes_at is None or now >= slate.closes_at:
        raise SlateClosedError(slate_id)
    if await session.scalar(_OF_SLATE, {"pitch_id": pitch_id, "slate_id": slate_id}) is None:
        raise NotFoundError("pitch", pitch_id)
    clicked = now if clicked is None else clicked
    vote = insert_into(session, VoteRow).values(
        slate_id=slate_id, member_id=member_id, pitch_id=pitch_id, created_at=now, changed_at=clicked
    )
    changed = {"pitch_id": pitch_id, "changed_at": clicked}
    key, newer = ["slate_id", "member_id"], VoteRow.changed_at <= clicked
    await session.execute(vote.on_conflict_do_update(index_elements=key, set_=changed, where=newer))


async def of_slate(session: AsyncSession, slate_id: SlateId) -> dict[MemberId, PitchId]:
    """Return who voted for which pitch of the slate, the first to vote first."""
    cast_ = select(VoteRow.member_id, VoteRow.pitch_id).where(VoteRow.slate_id == slate_id)
    ordered = cast_.order_by(VoteRow.created_at, VoteRow.member_id)
    return {MemberId(member): PitchId(pitch) for member, pitch in await session.execute(ordered)}


async def slates_since(session: AsyncSession, moment: datetime) -> tuple[SlateId, ...]:
    """Return the slates on which somebody voted since then, the oldest first."""
    voted = select(VoteRow.slate_id).where(VoteRow.changed_at >= moment).distinct().order_by(VoteRow.slate_id)
    return tuple(SlateId(number) for number in await session.scalars(voted))


async def tally(session: AsyncSession, slate_id: SlateId) -> dict[PitchId, int]:
    """Return how many votes each pitch of the slate has, zero included."""
    counted = (
        select(PitchRow.id, func.count(VoteRow.member_id))
        .outerjoin(VoteRow, VoteRow.pitch_id == PitchRow.id)
        .where(PitchRow.slate_id == slate_id)
        .group_by(PitchRow.id, PitchRow.slot)
        .order_by(PitchRow.slot)
    )
    return {PitchId(pitch_id): votes for pitch_id, votes in await session.execute(counted)}


async def of_member(session: AsyncSession, slate_id: SlateId, member_id: MemberId) -> PitchId | None:
    """Return the pitch the member voted for on this slate, if any."""
    choice = select(VoteRow.pitch_id).where(VoteRow.slate_id == slate_id, VoteRow.member_id == member_id)
    pitch_id = await session.scalar(choice)
    return None if pitch_id is None else PitchId(pitch_id)
