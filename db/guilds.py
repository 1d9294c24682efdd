"""The table of guilds: the servers (and the page) with their settings."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import BigInteger, CheckConstraint, Select, bindparam, false, select, true, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, insert_into, this_moment
from db.errors import NotFoundError
from db.ids import GuildId


class Rating(StrEnum):
    """What a server wants to read: ``general``, or ``mature`` where age-restricted channels may be coarse."""

    GENERAL = "general"
    MATURE = "mature"


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
    self_votes: Mapped[bool] = mapped_column(server_default=true())
    voters_shown: Mapped[bool] = mapped_column(server_default=false())
    slates_a_day: Mapped[int] = mapped_column(server_default="20")
    slates_a_day_of_all: Mapped[int] = mapped_column(server_default="500")
    pages_a_day: Mapped[int] = mapped_column(server_default="50")
    rating: Mapped[str] = mapped_column(server_default="general")
    language: Mapped[str | None]
    pitch_channel: Mapped[int | None] = mapped_column(BigInteger)
    script_channel: Mapped[int | None] = mapped_column(BigInteger)
    report_channel: Mapped[int | None] = mapped_column(BigInteger)
    daily_channel: Mapped[int | None] = mapped_column(BigInteger)
    daily_minute: Mapped[int | None]
    zone: Mapped[str | None]
    left_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=this_moment)


@dataclass(frozen=True, slots=True, kw_only=True)
class Guild:
    """A guild with its settings.

    ``votes_to_greenlight`` votes greenlight a pitch, a slate stays open ``voting_hours``. ``slates_a_day`` are a
    member's, ``slates_a_day_of_all`` the whole server's; ``pages_a_day`` scenes, lines and dialogs a member's.
    In ``daily_channel`` its show of the day goes out, ``daily_minute`` minutes after midnight in ``zone``; None is
    whatever the bot's owner chose. ``language`` is None where everybody is answered in their own, ``left_at`` says
    since when the bot is not there.
    """

    id: GuildId
    votes_to_greenlight: int
    voting_hours: int
    self_votes: bool
    voters_shown: bool
    slates_a_day: int
    slates_a_day_of_all: int
    pages_a_day: int
    rating: Rating
    language: str | None
    pitch_channel: int | None
    script_channel: int | None
    report_channel: int | None
    daily_channel: int | None
    daily_minute: int | None
    zone: str | None
    left_at: datetime | None
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
    return await _one(session, guild_id, _ONE)


async def lock(session: AsyncSession, guild_id: GuildId) -> Guild:
    """Return the guild; until the session ends nobody else can lock it.

    Raises:
        NotFoundError: it has never been here.
    """
    return await _one(session, guild_id, _LOCKED)


async def announcing(session: AsyncSession) -> tuple[Guild, ...]:
    """Return the guilds that have a channel for the daily show and were not left."""
    wanted = select(GuildRow).where(GuildRow.daily_channel.is_not(None), GuildRow.left_at.is_(None))
    return tuple(_guild(row) for row in await session.scalars(wanted.order_by(GuildRow.id)))


async def left_before(session: AsyncSession, moment: datetime) -> tuple[GuildId, ...]:
    """Return the guilds that were left before then."""
    return tuple(GuildId(name) for name in await session.scalars(select(GuildRow.id).where(GuildRow.left_at < moment)))


async def change(session: AsyncSession, guild_id: GuildId, **settings: object) -> Guild:
    """Change some of the guild's settings (see :class:`Guild`) and return it.

    Raises:
        NotFoundError: it has never been here.
        BrokenRuleError: a number is too small.
    """
    await session.execute(update(GuildRow).where(GuildRow.id == guild_id).values(**settings))
    return await get(session, guild_id)


_ONE: Final = select(GuildRow).where(GuildRow.id == bindparam("guild_id"))  # asked often: made once
_LOCKED: Final = _ONE.with_for_update()


async def _one(session: AsyncSession, guild_id: GuildId, guild: Select[GuildRow]) -> Guild:
    row = await session.scalar(guild, {"guild_id": guild_id})
    if row is None:
        raise NotFoundError("guild", guild_id)
    return _guild(row)


def _guild(row: GuildRow) -> Guild:
    return Guild(
        id=GuildId(row.id),
        votes_to_greenlight=row.votes_to_greenlight,
        voting_hours=row.voting_hours,
        self_votes=row.self_votes,
        voters_shown=row.voters_shown,
        slates_a_day=row.slates_a_day,
        slates_a_day_of_all=row.slates_a_day_of_all,
        pages_a_day=row.pages_a_day,
        rating=Rating(row.rating),
        language=row.language,
        pitch_channel=row.pitch_channel,
        script_channel=row.script_channel,
        report_channel=row.report_channel,
        daily_channel=row.daily_channel,
        daily_minute=row.daily_minute,
        zone=row.zone,
        left_at=row.left_at,
        created_at=row.created_at,
    )
