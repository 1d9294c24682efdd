"""The table of guilds: the servers (and the page) with their rule for greenlighting."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import CheckConstraint, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, insert_into, this_moment
from db.errors import NotFoundError
from db.ids import GuildId


class GuildRow(Base):
    """One guild."""

    __tablename__ = "guilds"
    __table_args__ = (
        CheckConstraint("votes_to_greenlight >= 1", name="votes_to_greenlight"),
        CheckConstraint("voting_hours >= 1", name="voting_hours"),
    )
    id: Mapped[str] = mapped_column(primary_key=True)
    votes_to_greenlight: Mapped[int] = mapped_column(server_default="3")
    voting_hours: Mapped[int] = mapped_column(server_default="24")
    created_at: Mapped[datetime] = mapped_column(default=this_moment)


@dataclass(frozen=True, slots=True, kw_only=True)
class Guild:
    """A guild: ``votes_to_greenlight`` votes greenlight a pitch, a slate stays open ``voting_hours``."""

    id: GuildId
    votes_to_greenlight: int
    voting_hours: int
    created_at: datetime


async def ensure(session: AsyncSession, guild_id: GuildId) -> Guild:
    """Return the guild; a new one gets the defaults."""
    await session.execute(insert_into(session, GuildRow).values(id=guild_id).on_conflict_do_nothing())
    return await get(session, guild_id)


async def get(session: AsyncSession, guild_id: GuildId) -> Guild:
    """Return the guild.

    Raises:
        NotFoundError: it has never been here.
    """
    row = await session.scalar(select(GuildRow).where(GuildRow.id == guild_id))
    if row is None:
        raise NotFoundError("guild", guild_id)
    return Guild(
        id=GuildId(row.id),
        votes_to_greenlight=row.votes_to_greenlight,
        voting_hours=row.voting_hours,
        created_at=row.created_at,
    )
