"""The table of slates: what one ``/pitch`` brought, from the asking to the closing of the vote."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    Index,
    Select,
    bindparam,
    column,
    false,
    func,
    insert,
    select,
    table,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, one_of
from db.errors import NotFoundError
from db.ids import LARGEST_ID, GuildId, MemberId, SlateId

_PITCHES = table("pitches", column("slate_id"), column("state"))  # its own file builds on this one
_VOTES = table("votes", column("slate_id"))
_COUNTED = ("slates", "pitches", "votes", "scripts")


class SlateState(StrEnum):
    """``drafting`` → ``open`` → ``closed``, or ``drafting`` → ``failed``."""

    DRAFTING = "drafting"
    OPEN = "open"
    CLOSED = "closed"
    FAILED = "failed"


class SlateRow(Base):
    """One slate."""

    __tablename__ = "slates"
    __table_args__ = (
        one_of(SlateState),
        Index(None, "guild_id", "id"),
        Index(None, "state", "closes_at"),
        Index(None, "asked_by"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    guild_id: Mapped[str] = mapped_column(ForeignKey("guilds.id", ondelete="RESTRICT"))
    asked_by: Mapped[str | None] = mapped_column(ForeignKey("members.id", ondelete="SET NULL"))
    genre: Mapped[str]
    theme: Mapped[str]
    count: Mapped[int]
    seed: Mapped[int] = mapped_column(BigInteger)
    preset: Mapped[str] = mapped_column(server_default="tame")
    coarse: Mapped[bool] = mapped_column(server_default=false())
    state: Mapped[str]
    channel_id: Mapped[int | None] = mapped_column(BigInteger)
    message_id: Mapped[int | None] = mapped_column(BigInteger)
    model: Mapped[str | None]
    dropped: Mapped[int] = mapped_column(server_default="0")
    failure: Mapped[str | None]
    created_at: Mapped[datetime]
    opened_at: Mapped[datetime | None]
    closes_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Slate:
    """A slate; ``asked_by`` is ``None`` once that member is forgotten.

    ``channel_id`` and ``message_id`` say where its card hangs, ``dropped`` how many candidates were not original,
    ``coarse`` that strong words were allowed where it was asked for, ``failure`` is the code of what went wrong.
    """

    id: SlateId
    guild_id: GuildId
    asked_by: MemberId | None
    genre: str
    theme: str
    count: int
    seed: int
    preset: str
    coarse: bool
    state: SlateState
    channel_id: int | None
    message_id: int | None
    model: str | None
    dropped: int
    failure: str | None
    created_at: datetime
    opened_at: datetime | None
    closes_at: datetime | None
    closed_at: datetime | None


async def create(  # noqa: PLR0913 - one keyword per column
    session: AsyncSession,
    *,
    guild_id: GuildId,
    asked_by: MemberId,
    genre: str,
    theme: str,
    count: int,
    seed: int,
    preset: str = "tame",
    coarse: bool = False,
    now: datetime,
    channel_id: int | None = None,
    message_id: int | None = None,
) -> Slate:
    """Return a new slate, ``drafting``; where its card hangs is remembered with it, if that is known already.

    Raises:
        BrokenRuleError: the guild or the member was not ensured before.
    """
    new = insert(SlateRow).values(
        guild_id=guild_id,
        asked_by=asked_by,
        genre=genre,
        theme=theme,
        count=count,
        seed=seed,
        preset=preset,
        coarse=coarse,
        state=SlateState.DRAFTING,
        channel_id=channel_id,
        message_id=message_id,
        created_at=now,
    )
    return _slate((await session.scalars(new.returning(SlateRow))).one())


async def get(session: AsyncSession, slate_id: SlateId) -> Slate:
    """Return the slate.

    Raises:
        NotFoundError: there is none.
    """
    return await _one(session, slate_id, _ONE)


async def lock(session: AsyncSession, slate_id: SlateId) -> Slate:
    """Return the slate; until the session ends nobody else can lock or change it.

    On SQLite the writing session itself is that lock.

    Raises:
        NotFoundError: there is none.
    """
    return await _one(session, slate_id, _LOCKED)


async def unfinished(session: AsyncSession) -> tuple[Slate, ...]:
    """Return the slates still ``drafting``, the oldest first."""
    return await _all(session, select(SlateRow).where(SlateRow.state == SlateState.DRAFTING).order_by(SlateRow.id))


async def recent(session: AsyncSession, guild_id: GuildId, limit: int) -> tuple[Slate, ...]:
    """Return the guild's last ``limit`` slates, the newest first."""
    wanted = select(SlateRow).where(SlateRow.guild_id == guild_id).order_by(SlateRow.id.desc()).limit(limit)
    return await _all(session, wanted)


async def votes_by_genre(session: AsyncSession, since: datetime) -> dict[str, int]:
    """Return how many votes were cast on slates of each genre since then (aware)."""
    counted = (
        select(SlateRow.genre, func.count().label("votes"))
        .join(_VOTES, _VOTES.c.slate_id == SlateRow.id)
        .where(SlateRow.created_at >= since)
        .group_by(SlateRow.genre)
    )
    return {row.genre: row.votes for row in await session.execute(counted)}


async def expired(session: AsyncSession, now: datetime) -> tuple[SlateId, ...]:
    """Return the ids of open slates whose time is over, the longest overdue first."""
    over = select(SlateRow.id).where(SlateRow.state == SlateState.OPEN, SlateRow.closes_at <= now)
    return tuple(SlateId(id_) for id_ in await session.scalars(over.order_by(SlateRow.closes_at, SlateRow.id)))


async def drafting_of(session: AsyncSession, guild_id: GuildId, member_id: MemberId) -> SlateId | None:
    """Return a slate that is being written for the member on this server, if there is one."""
    drafting = select(SlateRow.id).where(SlateRow.guild_id == guild_id, SlateRow.asked_by == member_id)
    found = await session.scalar(drafting.where(SlateRow.state == SlateState.DRAFTING).limit(1))
    return None if found is None else SlateId(found)


async def asked_since(
    session: AsyncSession, guild_id: GuildId, since: datetime, *, member: MemberId | None = None
) -> tuple[datetime, ...]:
    """Return when slates were asked for on this server since then, the oldest first; a member's if one is named."""
    asked = select(SlateRow.created_at).where(SlateRow.guild_id == guild_id, SlateRow.created_at > since)
    if member is not None:
        asked = asked.where(SlateRow.asked_by == member)
    return tuple(await session.scalars(asked.order_by(SlateRow.id)))


async def set_place(session: AsyncSession, slate_id: SlateId, *, channel_id: int, message_id: int) -> None:
    """Remember where the slate's card hangs.

    Raises:
        NotFoundError: there is no such slate.
    """
    place = {"channel_id": channel_id, "message_id": message_id}
    done = update(SlateRow).where(SlateRow.id == slate_id).values(place).returning(SlateRow.id)
    if await session.scalar(done) is None:
        raise NotFoundError("slate", slate_id)


async def open_slate(
    session: AsyncSession, slate_id: SlateId, *, model: str | None, dropped: int, now: datetime, closes_at: datetime
) -> bool:
    """Open the vote on a ``drafting`` slate; ``False`` (and nothing changed) if it is not drafting any more."""
    values = {"model": model, "dropped": dropped, "opened_at": now, "closes_at": closes_at}
    return await _move(session, slate_id, SlateState.DRAFTING, SlateState.OPEN, values)


async def fail(session: AsyncSession, slate_id: SlateId, reason: str, now: datetime) -> bool:
    """Give a ``drafting`` slate up with an error code; ``False`` if it is not drafting any more."""
    return await _move(session, slate_id, SlateState.DRAFTING, SlateState.FAILED, {"failure": reason, "closed_at": now})


async def close(session: AsyncSession, slate_id: SlateId, now: datetime) -> bool:
    """End the vote; pitches not greenlit are ``passed``. ``True`` for the one caller who closed it."""
    if not await _move(session, slate_id, SlateState.OPEN, SlateState.CLOSED, {"closed_at": now}):
        return False
    left = _PITCHES.update().where(_PITCHES.c.slate_id == slate_id, _PITCHES.c.state == "open")
    await session.execute(left.values(state="passed"))
    return True


async def counts(session: AsyncSession) -> dict[str, int]:
    """Return how many ``slates``, ``pitches``, ``votes`` and ``scripts`` are remembered."""
    each = [select(func.count()).select_from(table(name)).scalar_subquery().label(name) for name in _COUNTED]
    return dict((await session.execute(select(*each))).mappings().one())


_ONE: Final = select(SlateRow).where(SlateRow.id == bindparam("slate_id"))  # asked often: made once
_LOCKED: Final = _ONE.with_for_update()


async def _one(session: AsyncSession, slate_id: SlateId, slate: Select[SlateRow]) -> Slate:
    possible = 0 <= slate_id <= LARGEST_ID  # more does not even fit into a question
    row = await session.scalar(slate, {"slate_id": slate_id}) if possible else None
    if row is None:
        raise NotFoundError("slate", slate_id)
    return _slate(row)


async def _all(session: AsyncSession, slates: Select[SlateRow]) -> tuple[Slate, ...]:
    return tuple(_slate(row) for row in await session.scalars(slates))


async def _move(
    session: AsyncSession, slate_id: SlateId, old: SlateState, new: SlateState, values: Mapping[str, object]
) -> bool:
    moved = update(SlateRow).where(SlateRow.id == slate_id, SlateRow.state == old).values(state=new, **values)
    return await session.scalar(moved.returning(SlateRow.id)) is not None


def _slate(row: SlateRow) -> Slate:
    return Slate(
        id=SlateId(row.id),
        guild_id=GuildId(row.guild_id),
        asked_by=None if row.asked_by is None else MemberId(row.asked_by),
        genre=row.genre,
        theme=row.theme,
        count=row.count,
        seed=row.seed,
        preset=row.preset,
        coarse=row.coarse,
        state=SlateState(row.state),
        channel_id=row.channel_id,
        message_id=row.message_id,
        model=row.model,
        dropped=row.dropped,
        failure=row.failure,
        created_at=row.created_at,
        opened_at=row.opened_at,
        closes_at=row.closes_at,
        closed_at=row.closed_at,
    )
