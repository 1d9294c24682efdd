"""The table of rewrites: lines of a script that a member had said otherwise, before and after."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, ForeignKey, Index, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, one_of
from db.errors import NotFoundError
from db.ids import MemberId, RewriteId, ScriptId


class RewriteState(StrEnum):
    """``drafting`` → ``done`` or ``failed``."""

    DRAFTING = "drafting"
    DONE = "done"
    FAILED = "failed"


class RewriteRow(Base):
    """One line: element ``at`` (from 0) of a script, as it ``was`` and as it ``became``."""

    __tablename__ = "rewrites"
    __table_args__ = (one_of(RewriteState), Index(None, "state"), Index(None, "script_id"), Index(None, "asked_by"))
    id: Mapped[int] = mapped_column(primary_key=True)
    script_id: Mapped[int] = mapped_column(ForeignKey("scripts.id", ondelete="CASCADE"))
    at: Mapped[int]
    was: Mapped[str]
    became: Mapped[str | None]
    state: Mapped[str]
    failure: Mapped[str | None]
    seed: Mapped[int] = mapped_column(BigInteger)
    asked_by: Mapped[str | None] = mapped_column(ForeignKey("members.id", ondelete="SET NULL"))
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewrite:
    """One line as it ``was`` and, once ``done``, as it ``became``; element ``at`` (from 0) of a script."""

    id: RewriteId
    script_id: ScriptId
    at: int
    was: str
    became: str | None
    state: RewriteState
    failure: str | None
    seed: int
    asked_by: MemberId | None


async def order(
    session: AsyncSession, *, script_id: ScriptId, at: int, was: str, seed: int, asked_by: MemberId, now: datetime
) -> Rewrite:
    """Return a new rewrite, ``drafting``.

    Raises:
        BrokenRuleError: there is no such script, or the member was not ensured before.
    """
    facts = {"script_id": script_id, "at": at, "was": was, "seed": seed, "asked_by": asked_by}
    new = insert(RewriteRow).values(state=RewriteState.DRAFTING, created_at=now, **facts)
    return _rewrite((await session.scalars(new.returning(RewriteRow))).one())


async def get(session: AsyncSession, rewrite_id: RewriteId) -> Rewrite:
    """Return the rewrite.

    Raises:
        NotFoundError: there is none.
    """
    row = await session.scalar(select(RewriteRow).where(RewriteRow.id == rewrite_id))
    if row is None:
        raise NotFoundError("rewrite", rewrite_id)
    return _rewrite(row)


async def unfinished(session: AsyncSession) -> tuple[Rewrite, ...]:
    """Return the rewrites still ``drafting``, the oldest first."""
    drafting = select(RewriteRow).where(RewriteRow.state == RewriteState.DRAFTING).order_by(RewriteRow.id)
    return tuple(_rewrite(row) for row in await session.scalars(drafting))


async def finish(session: AsyncSession, rewrite_id: RewriteId, *, became: str, now: datetime) -> bool:
    """Keep what a line became; ``False`` if it is not being rewritten any more."""
    return await _end(session, rewrite_id, RewriteState.DONE, {"became": became, "finished_at": now})


async def fail(session: AsyncSession, rewrite_id: RewriteId, *, reason: str, now: datetime) -> bool:
    """Give a rewrite up with an error code; ``False`` if it is not being written any more."""
    return await _end(session, rewrite_id, RewriteState.FAILED, {"failure": reason, "finished_at": now})


async def _end(session: AsyncSession, rewrite_id: RewriteId, state: RewriteState, values: Mapping[str, object]) -> bool:
    drafting = update(RewriteRow).where(RewriteRow.id == rewrite_id, RewriteRow.state == RewriteState.DRAFTING)
    return await session.scalar(drafting.values(state=state, **values).returning(RewriteRow.id)) is not None


def _rewrite(row: RewriteRow) -> Rewrite:
    return Rewrite(
        id=RewriteId(row.id),
        script_id=ScriptId(row.script_id),
        at=row.at,
        was=row.was,
        became=row.became,
        state=RewriteState(row.state),
        failure=row.failure,
        seed=row.seed,
        asked_by=None if row.asked_by is None else MemberId(row.asked_by),
    )
