"""The table of roles: which of a server's roles may vote, and which decide as showrunners."""

from collections.abc import Collection
from enum import StrEnum
from typing import Final

from sqlalchemy import BigInteger, ForeignKey, bindparam, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, one_of
from db.ids import GuildId


class Purpose(StrEnum):
    """What a role is for; where no role is a ``voter``, everybody may vote."""

    VOTER = "voter"
    SHOWRUNNER = "showrunner"


class RoleRow(Base):
    """One role of a server, for one purpose."""

    __tablename__ = "roles"
    __table_args__ = (one_of(Purpose, "purpose"),)
    guild_id: Mapped[str] = mapped_column(ForeignKey("guilds.id", ondelete="CASCADE"), primary_key=True)
    purpose: Mapped[str] = mapped_column(primary_key=True)
    role_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)


_CHOSEN: Final = select(RoleRow.role_id).where(  # asked often: made once
    RoleRow.guild_id == bindparam("guild_id"), RoleRow.purpose == bindparam("purpose")
)


async def of(session: AsyncSession, guild_id: GuildId, purpose: Purpose) -> frozenset[int]:
    """Return the server's roles for a purpose."""
    return frozenset(await session.scalars(_CHOSEN, {"guild_id": guild_id, "purpose": purpose}))


async def choose(session: AsyncSession, guild_id: GuildId, purpose: Purpose, role_ids: Collection[int]) -> None:
    """Make these, and no others, the server's roles for a purpose.

    Raises:
        BrokenRuleError: the guild was not ensured before.
    """
    await session.execute(delete(RoleRow).where(RoleRow.guild_id == guild_id, RoleRow.purpose == purpose))
    if role_ids:
        rows = [{"guild_id": guild_id, "purpose": purpose, "role_id": role_id} for role_id in set(role_ids)]
        await session.execute(insert(RoleRow).values(rows))
