"""Across tables: the community's verdicts, as far as a training may look at them; nothing is changed here.

Left out are slates without a name under them (their author asked to be forgotten, or they are older than names are
kept), servers that we left, pitches that moderators removed or that wait for their decision, votes of members who are
blocked on the server, and the words of authors who did not opt in.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, case, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.blocks import BlockRow
from db.guilds import GuildRow
from db.ids import MemberId, PitchId, RewriteId, ScriptId, SlateId
from db.members import MemberRow
from db.pitches import PitchRow, PitchState
from db.reports import ReportRow, ReportState
from db.rewrites import RewriteRow, RewriteState
from db.scripts import ScriptRow, ScriptState
from db.slates import SlateRow, SlateState
from db.votes import VoteRow

_WON = (PitchState.GREENLIT, PitchState.SCRIPTED, PitchState.POSTED)
_FIRST_PAGE = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A draft of ours on a slate whose vote is over; ``theme`` is None where its author did not opt in."""

    slate_id: SlateId
    pitch_id: PitchId
    slot: int
    genre: str
    theme: str | None
    title: str
    summary: str
    greenlit: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Ballot:
    """One vote on such a slate."""

    slate_id: SlateId
    pitch_id: PitchId
    member_id: MemberId


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The first page of a greenlit show, as Fountain."""

    script_id: ScriptId
    pitch_id: PitchId
    fountain: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of such a page that a member had said otherwise."""

    rewrite_id: RewriteId
    script_id: ScriptId
    at: int
    was: str
    became: str
    member_id: MemberId


async def shown(session: AsyncSession, until: datetime) -> tuple[Shown, ...]:
    """Return the drafts on slates closed ``until`` then, slate by slate in the order of their slots."""
    theme = case((MemberRow.opted_in_at.is_not(None), SlateRow.theme), else_=None)
    columns = (PitchRow, SlateRow.genre, theme)
    wanted = select(*columns).join(SlateRow, SlateRow.id == PitchRow.slate_id)
    wanted = wanted.join(MemberRow, MemberRow.id == SlateRow.asked_by).where(*_usable(until))
    return tuple(
        Shown(
            slate_id=SlateId(row.slate_id),
            pitch_id=PitchId(row.id),
            slot=row.slot,
            genre=genre,
            theme=about,
            title=row.title,
            summary=row.summary,
            greenlit=row.state in _WON,
        )
        for row, genre, about in await session.execute(wanted.order_by(PitchRow.slate_id, PitchRow.slot))
    )


async def ballots(session: AsyncSession, until: datetime) -> tuple[Ballot, ...]:
    """Return the votes on those drafts."""
    wanted = _of_usable(select(VoteRow).join(PitchRow, PitchRow.id == VoteRow.pitch_id), until)
    blocked = select(BlockRow.member_id).where(
        BlockRow.guild_id == SlateRow.guild_id, BlockRow.member_id == VoteRow.member_id
    )
    wanted = wanted.where(~blocked.exists()).order_by(VoteRow.slate_id, VoteRow.member_id)
    return tuple(
        Ballot(slate_id=SlateId(row.slate_id), pitch_id=PitchId(row.pitch_id), member_id=MemberId(row.member_id))
        for row in await session.scalars(wanted)
    )


async def pages(session: AsyncSession, until: datetime) -> tuple[Page, ...]:
    """Return the first pages written ``until`` then for those drafts."""
    wanted = _of_usable(select(ScriptRow).join(PitchRow, PitchRow.id == ScriptRow.pitch_id), until)
    return tuple(
        Page(script_id=ScriptId(row.id), pitch_id=PitchId(row.pitch_id), fountain=row.fountain)
        for row in await session.scalars(wanted.where(*_written(until)).order_by(ScriptRow.id))
        if row.fountain is not None
    )


async def lines(session: AsyncSession, until: datetime) -> tuple[Line, ...]:
    """Return the lines of those pages that members, all still known, had said otherwise ``until`` then."""
    wanted = select(RewriteRow).join(ScriptRow, ScriptRow.id == RewriteRow.script_id)
    wanted = _of_usable(wanted.join(PitchRow, PitchRow.id == ScriptRow.pitch_id), until).where(*_written(until))
    done = (RewriteRow.state == RewriteState.DONE, RewriteRow.asked_by.is_not(None), RewriteRow.finished_at <= until)
    return tuple(
        Line(
            rewrite_id=RewriteId(row.id),
            script_id=ScriptId(row.script_id),
            at=row.at,
            was=row.was,
            became=row.became,
            member_id=MemberId(row.asked_by),
        )
        for row in await session.scalars(wanted.where(*done).order_by(RewriteRow.id))
        if row.became is not None and row.asked_by is not None
    )


async def left_out(session: AsyncSession, until: datetime) -> dict[str, int]:
    """Return how many closed slates have nobody's name, and how many drafts were removed or wait for moderators."""
    nameless = select(func.count()).select_from(SlateRow).where(*_closed(until), SlateRow.asked_by.is_(None))
    unfit = (
        select(func.count())
        .select_from(PitchRow)
        .join(SlateRow, SlateRow.id == PitchRow.slate_id)
        .where(*_closed(until), PitchRow.removed_at.is_not(None) | _reported())
    )
    return {
        "slates without a name": await session.scalar(nameless) or 0,
        "drafts removed or reported": await session.scalar(unfit) or 0,
    }


async def verdicts_since(session: AsyncSession, since: datetime | None) -> int:
    """Return how many votes were cast on slates that closed after ``since`` (all, if None)."""
    counted = select(func.count()).select_from(VoteRow).join(SlateRow, SlateRow.id == VoteRow.slate_id)
    counted = counted.where(SlateRow.state == SlateState.CLOSED)
    if since is not None:
        counted = counted.where(SlateRow.closed_at > since)
    return await session.scalar(counted) or 0


def _of_usable(wanted: Select[Any], until: datetime) -> Select[Any]:
    return wanted.join(SlateRow, SlateRow.id == PitchRow.slate_id).where(*_usable(until))


def _usable(until: datetime) -> tuple[ColumnElement[bool], ...]:
    here = select(GuildRow.id).where(GuildRow.left_at.is_(None))
    return (
        *_closed(until),
        SlateRow.asked_by.is_not(None),
        SlateRow.guild_id.in_(here),
        PitchRow.removed_at.is_(None),
        ~_reported(),
    )


def _closed(until: datetime) -> tuple[ColumnElement[bool], ...]:
    return SlateRow.state == SlateState.CLOSED, SlateRow.closed_at <= until


def _reported() -> ColumnElement[bool]:
    waiting = select(ReportRow.id).where(ReportRow.pitch_id == PitchRow.id, ReportRow.state == ReportState.OPEN)
    return waiting.exists()


def _written(until: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        ScriptRow.part == _FIRST_PAGE,
        ScriptRow.state == ScriptState.DONE,
        ScriptRow.finished_at <= until,
        PitchRow.state.in_(_WON),
    )
