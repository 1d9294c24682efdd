"""Across all tables: what has to do with one member, and everything of one guild."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from db.adapters import AdapterRow
from db.audit import AuditRow
from db.base import Base
from db.blocks import BlockRow
from db.favourites import FavouriteRow
from db.guilds import GuildRow
from db.ids import GuildId, MemberId
from db.members import MemberRow
from db.pitches import PitchRow
from db.posts import SERVERS, PostRow, PostState
from db.proposals import ProposalRow
from db.reports import ReportRow
from db.rewrites import RewriteRow
from db.roles import RoleRow
from db.runs import RunRow
from db.scripts import ScriptRow
from db.slates import SlateRow
from db.stagings import StagingRow
from db.votes import VoteRow

_NAMED: Final[dict[str, InstrumentedAttribute[Any]]] = {
    "choices": MemberRow.id,
    "slates": SlateRow.asked_by,
    "votes": VoteRow.member_id,
    "decisions": PitchRow.decided_by,
    "scripts": ScriptRow.asked_by,
    "rewrites": RewriteRow.asked_by,
    "dialogs": StagingRow.asked_by,
    "favourites": FavouriteRow.member_id,
    "reports": ReportRow.reported_by,
    "decided reports": ReportRow.decided_by,
    "proposals": ProposalRow.decided_by,
    "retrainings": RunRow.asked_by,
    "deeds": AuditRow.actor,
    "blocks": BlockRow.member_id,
}
"""Where a member's id stands, table by table; a test compares this with the tables."""


async def of_member(session: AsyncSession, member_id: MemberId) -> dict[str, list[dict[str, Any]]]:
    """Return every row that names the member, by kind, as plain values."""
    found: dict[str, list[dict[str, Any]]] = {}
    for kind, column in _NAMED.items():
        table = column.class_.__table__
        rows = await session.execute(select(table).where(column == member_id))
        found[kind] = [{name: _plain(value) for name, value in row.items()} for row in rows.mappings()]
    return {kind: rows for kind, rows in found.items() if rows}


def _plain(value: object) -> object:
    if isinstance(value, bytes):  # a picture, and nothing about anybody
        return f"{len(value)} bytes"
    return value.isoformat() if isinstance(value, datetime) else value


async def unname(session: AsyncSession, *, before: datetime) -> int:
    """Take the names off slates, scripts and rewrites from ``before`` then whose authors did not opt in."""
    willing = select(MemberRow.id).where(MemberRow.opted_in_at.is_not(None))
    count = 0
    for row, name, made in (
        (SlateRow, SlateRow.asked_by, SlateRow.created_at),
        (ScriptRow, ScriptRow.asked_by, ScriptRow.created_at),
        (RewriteRow, RewriteRow.asked_by, RewriteRow.created_at),
    ):
        old = update(row).where(made < before, name.is_not(None), name.not_in(willing)).values(asked_by=None)
        count += len((await session.scalars(old.returning(row.id))).all())
    return count


async def purge(session: AsyncSession, guild_id: GuildId) -> None:
    """Delete everything of a guild, and the guild; what was posted elsewhere keeps what the network shows."""
    slates = select(SlateRow.id).where(SlateRow.guild_id == guild_id)
    pitches = select(PitchRow.id).where(PitchRow.slate_id.in_(slates))
    scripts = select(ScriptRow.id).where(ScriptRow.pitch_id.in_(pitches))
    runs = select(RunRow.id).where(RunRow.guild_id == guild_id)
    number = guild_id.partition(":")[2]
    about = update(PostRow).where(PostRow.pitch_id.in_(pitches))
    on_its_way = about.where(PostRow.state.in_((PostState.CLAIMED, PostState.SENDING, PostState.UNKNOWN)))
    lost = {"state": PostState.FAILED, "reason": "its show is deleted", "retry_at": None}
    await session.execute(on_its_way.values(lost))  # without its show it would be sent once more, with another
    await session.execute(about.values(pitch_id=None))
    await session.execute(update(AdapterRow).where(AdapterRow.run_id.in_(runs)).values(run_id=None))
    for row, which in (
        (RewriteRow, RewriteRow.script_id.in_(scripts)),
        (ScriptRow, ScriptRow.pitch_id.in_(pitches)),
        (FavouriteRow, FavouriteRow.pitch_id.in_(pitches)),
        (ReportRow, or_(ReportRow.guild_id == guild_id, ReportRow.pitch_id.in_(pitches))),
        (ProposalRow, ProposalRow.pitch_id.in_(pitches)),
        (PostRow, and_(PostRow.network == SERVERS, PostRow.account == number)),
        (VoteRow, VoteRow.slate_id.in_(slates)),
        (PitchRow, PitchRow.slate_id.in_(slates)),
        (SlateRow, SlateRow.guild_id == guild_id),
        (StagingRow, StagingRow.guild_id == guild_id),
        (RunRow, RunRow.guild_id == guild_id),
        (RoleRow, RoleRow.guild_id == guild_id),
        (BlockRow, BlockRow.guild_id == guild_id),
        (AuditRow, AuditRow.guild_id == guild_id),
        (GuildRow, GuildRow.id == guild_id),
    ):
        await _delete(session, row, which)


async def _delete(session: AsyncSession, row: type[Base], which: ColumnElement[bool]) -> None:
    await session.execute(delete(row).where(which))


def named_columns() -> dict[str, InstrumentedAttribute[Any]]:
    """Return where a member's id stands, for whoever looks whether a table is missing."""
    return dict(_NAMED)
