"""The table of blocks: who may not ask on a server. It outlives what else is known of them, or that would lift it."""

from datetime import datetime
from typing import Final

from sqlalchemy import ForeignKey, bindparam, delete, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, insert_into
from db.ids import GuildId, MemberId


class BlockRow(Base):
    """One member who is blocked on one server."""

    __tablename__ = "blocks"
    guild_id: Mapped[str] = mapped_column(ForeignKey("guilds.id", ondelete="CASCADE"), primary_key=True)
    member_id: Mapped[str] = mapped_column(primary_key=True)
    created_at: Mapped[datetime]


_BLOCKED: Final = select(BlockRow.member_id).where(  # asked often: made once
    BlockRow.guild_id == bindparam("guild_id"), BlockRow.member_id == bindparam("member_id")
)


async def is_blocked(session: AsyncSession, guild_id: GuildId, member_id: MemberId) -> bool:
    """Say whether the member is blocked on the server."""
    return await session.scalar(_BLOCKED, {"guild_id": guild_id, "member_id": member_id}) is not None


async def block(session: AsyncSession, guild_id: GuildId, member_id: MemberId, *, now: datetime) -> None:
    """Block the member, unless they are blocked.

    Raises:
        BrokenRuleError: the guild was not ensured before.
    """
    new = insert_into(session, BlockRow).values(guild_id=guild_id, member_id=member_id, created_at=now)
    await session.execute(new.on_conflict_do_nothing())


async def unblock(session: AsyncSession, guild_id: GuildId, member_id: MemberId) -> bool:
    """Lift a block; ``False`` if there was none."""
    this = delete(BlockRow).where(BlockRow.guild_id == guild_id, BlockRow.member_id == member_id)
    return await session.scalar(this.returning(BlockRow.member_id)) is not None
