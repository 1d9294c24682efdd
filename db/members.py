"""The table of members: who has ever asked, voted or decided."""

from datetime import datetime

from sqlalchemy import delete, false, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, insert_into, this_moment
from db.ids import MemberId


class MemberRow(Base):
    """One member: the id, and what they chose: ``opted_in_at`` to train with their prompts, ``notified`` by message."""

    __tablename__ = "members"
    id: Mapped[str] = mapped_column(primary_key=True)
    opted_in_at: Mapped[datetime | None]
    notified: Mapped[bool] = mapped_column(server_default=false())
    created_at: Mapped[datetime] = mapped_column(default=this_moment)


async def ensure(session: AsyncSession, member_id: MemberId) -> None:
    """Remember the member, unless already known."""
    await session.execute(insert_into(session, MemberRow).values(id=member_id).on_conflict_do_nothing())


async def wants_notice(session: AsyncSession, member_id: MemberId) -> bool:
    """Say whether the member wants to hear by message what became of their slates."""
    return bool(await session.scalar(select(MemberRow.notified).where(MemberRow.id == member_id)))


async def set_notice(session: AsyncSession, member_id: MemberId, *, wanted: bool) -> None:
    """Remember whether the member wants to hear by message; they were ensured before."""
    await session.execute(update(MemberRow).where(MemberRow.id == member_id).values(notified=wanted))


async def opt(session: AsyncSession, member_id: MemberId, *, since: datetime | None) -> None:
    """Remember since when the member's prompts may be trained with; None: they may not."""
    await session.execute(update(MemberRow).where(MemberRow.id == member_id).values(opted_in_at=since))


async def forget(session: AsyncSession, member_id: MemberId) -> bool:
    """Delete the member and their votes; what they asked for stays, without their name. ``False``: unknown."""
    gone = delete(MemberRow).where(MemberRow.id == member_id).returning(MemberRow.id)
    return await session.scalar(gone) is not None
