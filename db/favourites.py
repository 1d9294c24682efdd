"""The table of favourites: which shows a member keeps."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, delete, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, insert_into
from db.ids import MemberId, PitchId


class FavouriteRow(Base):
    """One pitch that one member keeps."""

    __tablename__ = "favourites"
    __table_args__ = (Index(None, "pitch_id"),)
    member_id: Mapped[str] = mapped_column(ForeignKey("members.id", ondelete="CASCADE"), primary_key=True)
    pitch_id: Mapped[int] = mapped_column(ForeignKey("pitches.id", ondelete="RESTRICT"), primary_key=True)
    created_at: Mapped[datetime]


async def of(session: AsyncSession, member: MemberId) -> tuple[PitchId, ...]:
    """Return what a member keeps, the last kept first."""
    kept = select(FavouriteRow.pitch_id).where(FavouriteRow.member_id == member)
    ordered = kept.order_by(FavouriteRow.created_at.desc(), FavouriteRow.pitch_id.desc())
    return tuple(PitchId(pitch) for pitch in await session.scalars(ordered))


async def toggle(session: AsyncSession, *, member: MemberId, pitch: PitchId, now: datetime) -> bool:
    """Keep a pitch, or keep it no longer; ``True`` if it is kept now.

    Raises:
        BrokenRuleError: there is no such pitch, or the member was not ensured before.
    """
    this = FavouriteRow.member_id == member, FavouriteRow.pitch_id == pitch
    if await session.scalar(delete(FavouriteRow).where(*this).returning(FavouriteRow.pitch_id)) is not None:
        return False
    new = insert_into(session, FavouriteRow).values(member_id=member, pitch_id=pitch, created_at=now)
    await session.execute(new.on_conflict_do_nothing())
    return True
