"""The table of pitches: every title ever shown, what became of it, and the lists made of them."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    ForeignKey,
    Index,
    Select,
    UniqueConstraint,
    bindparam,
    column,
    func,
    literal,
    select,
    table,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from db import slates
from db.base import Base, insert_into, one_of
from db.errors import NotFoundError
from db.ids import LARGEST_ID, GuildId, MemberId, PitchId, SlateId
from db.slates import SlateRow

_VOTES = table("votes", column("pitch_id"))  # their own file builds on this one
_POSTS = table("posts", column("pitch_id"), column("network"), column("account"))

_SERVERS: Final = "discord"  # as that file calls it


class PitchState(StrEnum):
    """``open`` → ``greenlit`` → ``scripted`` → ``posted``, or ``open`` → ``passed``."""

    OPEN = "open"
    GREENLIT = "greenlit"
    PASSED = "passed"
    SCRIPTED = "scripted"
    POSTED = "posted"


class PitchRow(Base):
    """One pitch; its ``title_key`` never comes twice."""

    __tablename__ = "pitches"
    __table_args__ = (
        one_of(PitchState),
        UniqueConstraint("title_key"),
        UniqueConstraint("slate_id", "slot"),
        UniqueConstraint("slate_id", "id"),  # so that a vote's pitch is always of the vote's slate
        Index(None, "state"),
        Index(None, "decided_by"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    slate_id: Mapped[int] = mapped_column(ForeignKey("slates.id", ondelete="RESTRICT"))
    slot: Mapped[int]
    title: Mapped[str]
    title_key: Mapped[str]
    summary: Mapped[str]
    state: Mapped[str]
    decided_by: Mapped[str | None] = mapped_column(ForeignKey("members.id", ondelete="SET NULL"))
    greenlit_at: Mapped[datetime | None]
    note: Mapped[str | None]
    removed_at: Mapped[datetime | None]
    thread_id: Mapped[int | None] = mapped_column(BigInteger)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pitch:
    """A pitch with its slate's genre and theme; ``votes`` is counted, ``slot`` is its place on the slate from 0.

    ``note`` is what was said to the decision; one that moderators ``removed`` is not shown anywhere any more.
    ``thread_id`` is the thread on Discord where its script is written.
    """

    id: PitchId
    slate_id: SlateId
    guild_id: GuildId
    slot: int
    title: str
    summary: str
    genre: str
    theme: str
    state: PitchState
    votes: int
    greenlit_at: datetime | None
    note: str | None = None
    removed: bool = False
    thread_id: int | None = None
    kept: int = 0


_VOTES_CAST = select(func.count()).select_from(_VOTES).where(_VOTES.c.pitch_id == PitchRow.id).scalar_subquery()

_NOT_COUNTED: ColumnElement[int] = literal(0)
_FAVOURITES = table("favourites", column("pitch_id"))
_KEPT = select(func.count()).select_from(_FAVOURITES).where(_FAVOURITES.c.pitch_id == PitchRow.id).scalar_subquery()
_LIKED = _VOTES_CAST + _KEPT

_SHOWN = PitchRow.removed_at.is_(None)


async def add(
    session: AsyncSession, *, slate_id: SlateId, slot: int, title: str, title_key: str, summary: str
) -> PitchId | None:
    """Add a pitch and return its id; ``None`` when some pitch, of whatever slate, has its ``title_key``.

    Raises:
        BrokenRuleError: there is no such slate, or its ``slot`` is filled.
    """
    new = insert_into(session, PitchRow).values(
        slate_id=slate_id, slot=slot, title=title, title_key=title_key, summary=summary, state=PitchState.OPEN
    )
    added = await session.scalar(new.on_conflict_do_nothing(index_elements=["title_key"]).returning(PitchRow.id))
    return None if added is None else PitchId(added)


async def get(session: AsyncSession, pitch_id: PitchId) -> Pitch:
    """Return the pitch.

    Raises:
        NotFoundError: there is none.
    """
    possible = 0 <= pitch_id <= LARGEST_ID  # more does not even fit into a question
    found = await _all(session, _ONE, pitch_id=pitch_id) if possible else ()
    if not found:
        raise NotFoundError("pitch", pitch_id)
    return found[0]


async def of_slate(session: AsyncSession, slate_id: SlateId) -> tuple[Pitch, ...]:
    """Return the slate's pitches, in the order of their slots."""
    return await _all(session, _OF_SLATE, slate_id=slate_id)


async def taken(session: AsyncSession, keys: Collection[str]) -> frozenset[str]:
    """Return those of ``keys`` that some pitch already has."""
    return frozenset(await session.scalars(select(PitchRow.title_key).where(PitchRow.title_key.in_(keys))))


async def greenlight(
    session: AsyncSession, pitch_id: PitchId, *, decided_by: MemberId | None, now: datetime, note: str | None = None
) -> bool:
    """Greenlight an ``open`` pitch, the others of its slate are ``passed``; ``True`` for the one who did it.

    Raises:
        NotFoundError: there is no such pitch.
    """
    slate_id = (await get(session, pitch_id)).slate_id
    await slates.lock(session, slate_id)  # two pitches of one slate cannot both win
    still_open = update(PitchRow).where(PitchRow.slate_id == slate_id, PitchRow.state == PitchState.OPEN)
    won = still_open.where(PitchRow.id == pitch_id).returning(PitchRow.id)
    values = {"state": PitchState.GREENLIT, "decided_by": decided_by, "greenlit_at": now, "note": note}
    if await session.scalar(won.values(values)) is None:
        return False
    await session.execute(still_open.values(state=PitchState.PASSED))
    return True


async def pass_over(session: AsyncSession, pitch_id: PitchId, *, decided_by: MemberId, note: str | None) -> bool:
    """Decide against an ``open`` pitch; ``False`` if it is not open."""
    passed = update(PitchRow).where(PitchRow.id == pitch_id, PitchRow.state == PitchState.OPEN)
    values = {"state": PitchState.PASSED, "decided_by": decided_by, "note": note}
    return await session.scalar(passed.values(values).returning(PitchRow.id)) is not None


async def remove(session: AsyncSession, pitch_id: PitchId, *, now: datetime) -> None:
    """Hide a pitch from every list; one that was open is passed."""
    await session.execute(update(PitchRow).where(PitchRow.id == pitch_id).values(removed_at=now))
    await mark(session, pitch_id, PitchState.PASSED, from_states=(PitchState.OPEN,))


async def mark(
    session: AsyncSession, pitch_id: PitchId, state: PitchState, *, from_states: Collection[PitchState]
) -> bool:
    """Move the pitch to ``state`` if it is in one of ``from_states``; ``False`` if it is not."""
    moved = update(PitchRow).where(PitchRow.id == pitch_id, PitchRow.state.in_(from_states)).values(state=state)
    return await session.scalar(moved.returning(PitchRow.id)) is not None


async def set_thread(session: AsyncSession, pitch_id: PitchId, thread_id: int | None) -> None:
    """Remember the thread where the show's script is written, or that there is none any more."""
    await session.execute(update(PitchRow).where(PitchRow.id == pitch_id).values(thread_id=thread_id))


async def search(
    session: AsyncSession, guild_id: GuildId, text: str, *, states: Collection[PitchState], limit: int
) -> tuple[Pitch, ...]:
    """Return the guild's pitches in ``states`` with ``text`` in the title, whatever its case; most voted first."""
    wanted = _pitches().where(SlateRow.guild_id == guild_id, PitchRow.state.in_(states), _SHOWN)
    found = wanted.where(PitchRow.title.icontains(text.replace("\0", ""), autoescape=True))  # PostgreSQL has no NUL
    return await _all(session, found.order_by(_VOTES_CAST.desc(), PitchRow.id.desc()).limit(limit))


async def leaderboard(
    session: AsyncSession, guild_id: GuildId, limit: int, *, since: datetime | None = None
) -> tuple[Pitch, ...]:
    """Return the guild's pitches that somebody likes (those ``since`` then), most liked first, of equals the oldest.

    A vote for a pitch counts one, and so does keeping it; ``kept`` is how many keep it.
    """
    voted = _pitches(_KEPT).where(SlateRow.guild_id == guild_id, _LIKED > 0, _SHOWN)
    if since is not None:
        voted = voted.where(SlateRow.created_at >= since)
    return await _all(session, voted.order_by(_LIKED.desc(), PitchRow.id).limit(limit))


async def listed(
    session: AsyncSession,
    guild_id: GuildId,
    states: Collection[PitchState],
    *,
    genre: str | None,
    offset: int,
    limit: int,
) -> tuple[Pitch, ...]:
    """Return some of the guild's pitches in ``states``, the newest first, from number ``offset`` on."""
    wanted = _pitches().where(SlateRow.guild_id == guild_id, PitchRow.state.in_(states), _SHOWN)
    if genre is not None:
        wanted = wanted.where(SlateRow.genre == genre)
    return await _all(session, wanted.order_by(PitchRow.id.desc()).offset(offset).limit(limit))


async def containing(
    session: AsyncSession, guild_id: GuildId, text: str, *, offset: int, limit: int
) -> tuple[Pitch, ...]:
    """Return some of the guild's pitches with ``text`` in title or summary, whatever its case; most voted first."""
    text = text.replace("\0", "")
    either = PitchRow.title.icontains(text, autoescape=True) | PitchRow.summary.icontains(text, autoescape=True)
    wanted = _pitches().where(SlateRow.guild_id == guild_id, either, _SHOWN)
    return await _all(session, wanted.order_by(_VOTES_CAST.desc(), PitchRow.id.desc()).offset(offset).limit(limit))


async def asked_by(
    session: AsyncSession, guild_id: GuildId, member_id: MemberId, *, offset: int, limit: int
) -> tuple[Pitch, ...]:
    """Return some of the pitches on a member's slates of this guild, the newest first."""
    own = _pitches().where(SlateRow.guild_id == guild_id, SlateRow.asked_by == member_id, _SHOWN)
    return await _all(session, own.order_by(PitchRow.id.desc()).offset(offset).limit(limit))


async def these(session: AsyncSession, guild_id: GuildId, ids: Collection[PitchId]) -> tuple[Pitch, ...]:
    """Return those of the pitches that are the guild's."""
    return await _all(session, _pitches().where(SlateRow.guild_id == guild_id, PitchRow.id.in_(ids), _SHOWN))


async def by_chance(session: AsyncSession, guild_id: GuildId, states: Collection[PitchState]) -> Pitch | None:
    """Return one of the guild's pitches in ``states`` by chance, if there is one."""
    wanted = _pitches().where(SlateRow.guild_id == guild_id, PitchRow.state.in_(states), _SHOWN)
    found = await _all(session, wanted.order_by(func.random()).limit(1))
    return found[0] if found else None


async def judged(session: AsyncSession, limit: int) -> tuple[Pitch, ...]:
    """Return the newest pitches about which the community has decided, for or against."""
    decided = _pitches().where(PitchRow.state != PitchState.OPEN, _SHOWN)
    return await _all(session, decided.order_by(PitchRow.id.desc()).limit(limit))


async def unposted(
    session: AsyncSession, limit: int, *, of: GuildId | None = None, server: str | None = None
) -> tuple[Pitch, ...]:
    """Return finished shows that no post was ever about, most voted first, then the longest greenlit.

    Those ``of`` one guild, if one is given; posts are those for all, or those on one ``server`` (its number).
    """
    seen = _POSTS.c.network != _SERVERS
    if server is not None:
        seen = (_POSTS.c.network == _SERVERS) & (_POSTS.c.account == server)
    spoken_of = select(_POSTS.c.pitch_id).where(_POSTS.c.pitch_id == PitchRow.id, seen).exists()
    waiting = _pitches().where(PitchRow.state.in_((PitchState.SCRIPTED, PitchState.POSTED)), ~spoken_of, _SHOWN)
    if of is not None:
        waiting = waiting.where(SlateRow.guild_id == of)
    return await _all(session, waiting.order_by(_VOTES_CAST.desc(), PitchRow.greenlit_at, PitchRow.id).limit(limit))


def _pitches(kept: ColumnElement[int] = _NOT_COUNTED) -> Select[PitchRow, str, str, str, int, int]:
    columns = (PitchRow, SlateRow.guild_id, SlateRow.genre, SlateRow.theme, _VOTES_CAST, kept)
    return select(*columns).join(SlateRow, SlateRow.id == PitchRow.slate_id)


_ONE: Final = _pitches().where(PitchRow.id == bindparam("pitch_id"))  # asked often: made once
_OF_SLATE: Final = _pitches().where(PitchRow.slate_id == bindparam("slate_id")).order_by(PitchRow.slot)


async def _all(
    session: AsyncSession, wanted: Select[PitchRow, str, str, str, int, int], **given: object
) -> tuple[Pitch, ...]:
    return tuple(
        Pitch(
            id=PitchId(row.id),
            slate_id=SlateId(row.slate_id),
            guild_id=GuildId(guild_id),
            slot=row.slot,
            title=row.title,
            summary=row.summary,
            genre=genre,
            theme=theme,
            state=PitchState(row.state),
            votes=votes,
            kept=kept,
            greenlit_at=row.greenlit_at,
            note=row.note,
            removed=row.removed_at is not None,
            thread_id=row.thread_id,
        )
        for row, guild_id, genre, theme, votes, kept in await session.execute(wanted, given)
    )
