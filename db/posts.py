"""The table of posts: at most one per day, network and account, claimed before anything is sent."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final

from sqlalchemy import (
    ColumnElement,
    ForeignKey,
    Index,
    Select,
    UniqueConstraint,
    and_,
    column,
    func,
    or_,
    select,
    table,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, insert_into, one_of
from db.ids import PitchId, PostId

_PITCHES = table("pitches", column("id"))  # their own file knows this one's


SERVERS: Final = "discord"
"""The network whose accounts are servers: each has its own show of the day, the others all have the same."""


class PostState(StrEnum):
    """``claimed`` → ``sending`` → ``posted`` | ``unknown`` (it may be out) | ``failed`` (it is not)."""

    CLAIMED = "claimed"
    SENDING = "sending"
    POSTED = "posted"
    UNKNOWN = "unknown"
    FAILED = "failed"


_UNSETTLED = (PostState.CLAIMED, PostState.SENDING, PostState.UNKNOWN)


class PostRow(Base):
    """One post."""

    __tablename__ = "posts"
    __table_args__ = (
        one_of(PostState),
        UniqueConstraint("day", "network", "account"),
        Index(None, "state", "changed_at"),
        Index(None, "pitch_id", "network", "account"),  # what was shown where; ten thousand servers may have one show
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    day: Mapped[date]
    network: Mapped[str]
    account: Mapped[str] = mapped_column(server_default="")
    state: Mapped[str]
    pitch_id: Mapped[int | None] = mapped_column(ForeignKey("pitches.id", ondelete="RESTRICT"))
    text: Mapped[str | None]
    address: Mapped[str | None]
    reason: Mapped[str | None]
    retry_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(server_default="0")
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """The post of one day on one network; ``address`` is where it can be read, ``reason`` an error code.

    ``attempts`` is how often it came to nothing, ``retry_at`` when an ``unknown`` one is taken up again.
    """

    id: PostId
    day: date
    network: str
    account: str
    state: PostState
    pitch_id: PitchId | None
    text: str | None
    address: str | None
    reason: str | None
    retry_at: datetime | None
    attempts: int
    created_at: datetime
    changed_at: datetime


async def claim(session: AsyncSession, *, day: date, network: str, account: str, now: datetime) -> Post | None:
    """Claim the day on this network and account; ``None`` for everybody but the first."""
    new = insert_into(session, PostRow).values(
        day=day, network=network, account=account, state=PostState.CLAIMED, created_at=now, changed_at=now
    )
    first = new.on_conflict_do_nothing(index_elements=["day", "network", "account"]).returning(PostRow)
    row = await session.scalar(first)
    return None if row is None else _post(row)


async def get(session: AsyncSession, day: date, network: str, account: str) -> Post | None:
    """Return the post of that day, if it was ever claimed."""
    that = select(PostRow).where(PostRow.day == day, PostRow.network == network, PostRow.account == account)
    row = await session.scalar(that)
    return None if row is None else _post(row)


async def last_day(session: AsyncSession, network: str, account: str, *, before: date) -> date | None:
    """Return the newest day before ``before`` that was ever claimed there."""
    there = PostRow.network == network, PostRow.account == account, PostRow.day < before
    return await session.scalar(select(func.max(PostRow.day)).where(*there))


async def sending(session: AsyncSession, post_id: PostId, *, pitch_id: PitchId, text: str, now: datetime) -> bool:
    """Say what a ``claimed`` post is about to say; commit before it is sent. ``False``: it is not yours to send."""
    values = {"pitch_id": pitch_id, "text": text}
    return await _move(session, post_id, (PostState.CLAIMED,), PostState.SENDING, now, values)


async def show_of(session: AsyncSession, day: date) -> PitchId | None:
    """Return the show that some post of ``day`` is about, on whatever public network."""
    chosen = select(PostRow.pitch_id).where(PostRow.day == day, PostRow.pitch_id.is_not(None), _seen_by(None))
    pitch_id = await session.scalar(chosen.order_by(PostRow.id).limit(1))
    return None if pitch_id is None else PitchId(pitch_id)


async def went_out(session: AsyncSession, pitch_id: PitchId, *, but_on: date) -> bool:
    """Return whether a post on a public network is about the show, of another day than ``but_on``."""
    other = select(PostRow.id).where(PostRow.pitch_id == pitch_id, PostRow.day != but_on, _seen_by(None))
    return await session.scalar(other.limit(1)) is not None


async def may_show(session: AsyncSession, day: date, pitch_id: PitchId, *, server: str | None = None) -> bool:
    """Return whether ``pitch_id`` may be the show of ``day``: no other day's, and no other show is the day's already.

    That is so for all public networks together, and for each ``server`` by itself. Until the session ends nobody else
    decides about this day or this pitch.
    """
    of_day = select(PostRow.id).where(PostRow.day == day, _seen_by(server))  # ten thousand servers are no queue
    await session.execute(of_day.order_by(PostRow.id).with_for_update())
    await session.execute(select(_PITCHES.c.id).where(_PITCHES.c.id == pitch_id).with_for_update())
    same_day, same_show = PostRow.day == day, PostRow.pitch_id == pitch_id
    other = select(PostRow.id).where(or_(and_(same_day, PostRow.pitch_id != pitch_id), and_(~same_day, same_show)))
    return await session.scalar(other.where(_seen_by(server)).limit(1)) is None


def _seen_by(server: str | None) -> ColumnElement[bool]:
    """Return what one audience sees: everybody, or those on a server."""
    return PostRow.network != SERVERS if server is None else and_(PostRow.network == SERVERS, PostRow.account == server)


async def claimed_on_servers(session: AsyncSession, since: date) -> frozenset[tuple[date, str]]:
    """Return the days from then on that somebody has claimed on servers, with the servers' numbers."""
    claimed = select(PostRow.day, PostRow.account).where(PostRow.network == SERVERS, PostRow.day >= since)
    return frozenset((day, account) for day, account in await session.execute(claimed))


async def on_servers(session: AsyncSession, since: date) -> dict[date, dict[PostState, int]]:
    """Return on how many servers the posts of each day from then on are in which state."""
    counted = (
        select(PostRow.day, PostRow.state, func.count())
        .where(PostRow.network == SERVERS, PostRow.day >= since)
        .group_by(PostRow.day, PostRow.state)
    )
    days: dict[date, dict[PostState, int]] = {}
    for day, state, count in await session.execute(counted):
        days.setdefault(day, {})[PostState(state)] = count
    return days


async def posted(session: AsyncSession, post_id: PostId, *, address: str | None, now: datetime) -> bool:
    """The post is out, at ``address``; ``False`` if it was neither ``sending`` nor ``unknown``."""
    values = {"address": address, "reason": None, "retry_at": None}
    return await _move(session, post_id, (PostState.SENDING, PostState.UNKNOWN), PostState.POSTED, now, values)


async def unknown(
    session: AsyncSession, post_id: PostId, reason: str, now: datetime, *, retry_at: datetime | None = None
) -> bool:
    """Nobody knows whether the post is out; it is taken up at ``retry_at``. ``False`` if it was not on its way."""
    values = {"reason": reason, "retry_at": retry_at, "attempts": PostRow.attempts + 1}
    return await _move(session, post_id, (PostState.CLAIMED, PostState.SENDING), PostState.UNKNOWN, now, values)


async def failed(session: AsyncSession, post_id: PostId, reason: str, now: datetime) -> bool:
    """The post is not out and will not be; ``False`` if that was settled before."""
    return await _move(session, post_id, _UNSETTLED, PostState.FAILED, now, {"reason": reason})


async def stuck(session: AsyncSession, now: datetime, patience: timedelta) -> tuple[Post, ...]:
    """Return the posts that somebody must take up at ``now``, the oldest first.

    Nobody settled them, and nobody touched them for ``patience``; those that wait for a moment wait until it has come.
    One that was touched long after ``now`` is among them: the clock was set back since.
    """
    idle = PostRow.retry_at.is_(None) & (PostRow.changed_at < now - patience)
    left = or_(idle, PostRow.retry_at <= now, PostRow.changed_at > now + patience)
    unsettled = select(PostRow).where(PostRow.state.in_(_UNSETTLED), left)
    return await _all(session, unsettled.order_by(PostRow.changed_at, PostRow.id))


async def reclaim(session: AsyncSession, post: Post, now: datetime) -> bool:
    """Take ``post`` over, as ``claimed``; ``False`` if it moved on since it was read: one of several succeeds."""
    same = PostRow.id == post.id, PostRow.state == post.state, PostRow.changed_at == post.changed_at
    values = {"state": PostState.CLAIMED, "changed_at": now, "reason": None, "retry_at": None}
    taken = update(PostRow).where(*same).values(values).returning(PostRow.id)
    return await session.scalar(taken) is not None


async def again(session: AsyncSession, post_id: PostId, now: datetime) -> Post | None:
    """Take up, as ``claimed``, a post that ``failed``, as if it was new; ``None`` if it did not."""
    fresh: dict[str, object] = {"state": PostState.CLAIMED, "reason": None, "retry_at": None, "attempts": 0}
    fresh |= {"created_at": now, "changed_at": now}
    failed_ = update(PostRow).where(PostRow.id == post_id, PostRow.state == PostState.FAILED)
    row = await session.scalar(failed_.values(fresh).returning(PostRow))
    return None if row is None else _post(row)


async def recent(session: AsyncSession, limit: int) -> tuple[Post, ...]:
    """Return the last ``limit`` posts on public networks, the newest first."""
    return await _all(
        session, select(PostRow).where(_seen_by(None)).order_by(PostRow.day.desc(), PostRow.id.desc()).limit(limit)
    )


async def _move(
    session: AsyncSession,
    post_id: PostId,
    old: tuple[PostState, ...],
    new: PostState,
    now: datetime,
    values: Mapping[str, object],
) -> bool:
    still = update(PostRow).where(PostRow.id == post_id, PostRow.state.in_(old))
    moved = still.values(state=new, changed_at=now, **values).returning(PostRow.id)
    return await session.scalar(moved) is not None


async def _all(session: AsyncSession, posts: Select[PostRow]) -> tuple[Post, ...]:
    return tuple(_post(row) for row in await session.scalars(posts))


def _post(row: PostRow) -> Post:
    return Post(
        id=PostId(row.id),
        day=row.day,
        network=row.network,
        account=row.account,
        state=PostState(row.state),
        pitch_id=None if row.pitch_id is None else PitchId(row.pitch_id),
        text=row.text,
        address=row.address,
        reason=row.reason,
        retry_at=row.retry_at,
        attempts=row.attempts,
        created_at=row.created_at,
        changed_at=row.changed_at,
    )
