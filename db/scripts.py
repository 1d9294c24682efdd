"""The table of scripts: the pages of a greenlit show, ordered once, written, and kept as Fountain."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, ForeignKey, Index, Select, UniqueConstraint, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, insert_into, one_of
from db.errors import NotFoundError
from db.ids import LARGEST_ID, MemberId, PitchId, ScriptId


class ScriptState(StrEnum):
    """``drafting`` → ``done`` or ``failed``; a failed one that is ordered again is ``drafting``."""

    DRAFTING = "drafting"
    DONE = "done"
    FAILED = "failed"


class ScriptRow(Base):
    """One part of a show's script."""

    __tablename__ = "scripts"
    __table_args__ = (
        one_of(ScriptState),
        UniqueConstraint("pitch_id", "part"),
        Index(None, "state"),
        Index(None, "asked_by"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    pitch_id: Mapped[int] = mapped_column(ForeignKey("pitches.id", ondelete="RESTRICT"))
    part: Mapped[int] = mapped_column(server_default="1")
    state: Mapped[str]
    fountain: Mapped[str | None]
    synopsis: Mapped[str | None]
    seed: Mapped[int] = mapped_column(BigInteger)
    model: Mapped[str | None]
    failure: Mapped[str | None]
    channel_id: Mapped[int | None] = mapped_column(BigInteger)
    message_id: Mapped[int | None] = mapped_column(BigInteger)
    asked_by: Mapped[str | None] = mapped_column(ForeignKey("members.id", ondelete="SET NULL"))
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """Part ``part`` (from 1) of a show's script; ``fountain`` is its text once ``done``.

    ``synopsis`` says what happened up to its end, for whoever writes the next part.
    """

    id: ScriptId
    pitch_id: PitchId
    part: int
    state: ScriptState
    fountain: str | None
    synopsis: str | None
    seed: int
    model: str | None
    failure: str | None
    channel_id: int | None
    message_id: int | None
    asked_by: MemberId | None
    created_at: datetime
    finished_at: datetime | None


async def order(
    session: AsyncSession, *, pitch_id: PitchId, part: int, seed: int, asked_by: MemberId | None, now: datetime
) -> Script:
    """Return this part of the pitch's script: the one that exists, or a new one to be written.

    One that failed becomes ``drafting`` again, with the new seed and without a place.

    Raises:
        BrokenRuleError: there is no such pitch, or the member was not ensured before.
    """
    anew = {"state": ScriptState.DRAFTING, "seed": seed, "asked_by": asked_by}
    new = insert_into(session, ScriptRow).values(pitch_id=pitch_id, part=part, created_at=now, **anew)
    cleared = dict.fromkeys(("failure", "finished_at", "channel_id", "message_id"))
    ordered = new.on_conflict_do_update(
        index_elements=["pitch_id", "part"], set_=anew | cleared, where=ScriptRow.state == ScriptState.FAILED
    )
    await session.execute(ordered)
    this = select(ScriptRow).where(ScriptRow.pitch_id == pitch_id, ScriptRow.part == part)
    return _script((await session.scalars(this)).one())


async def get(session: AsyncSession, script_id: ScriptId) -> Script:
    """Return the script.

    Raises:
        NotFoundError: there is none.
    """
    possible = 0 <= script_id <= LARGEST_ID  # more does not even fit into a question
    row = await session.scalar(select(ScriptRow).where(ScriptRow.id == script_id)) if possible else None
    if row is None:
        raise NotFoundError("script", script_id)
    return _script(row)


async def of_pitch(session: AsyncSession, pitch_id: PitchId) -> tuple[Script, ...]:
    """Return the parts of the pitch's script, in their order."""
    return await _all(session, select(ScriptRow).where(ScriptRow.pitch_id == pitch_id).order_by(ScriptRow.part))


async def unfinished(session: AsyncSession) -> tuple[Script, ...]:
    """Return the scripts still ``drafting``, the oldest first."""
    return await _all(session, select(ScriptRow).where(ScriptRow.state == ScriptState.DRAFTING).order_by(ScriptRow.id))


async def set_place(session: AsyncSession, script_id: ScriptId, *, channel_id: int, message_id: int) -> None:
    """Remember where the script's message hangs.

    Raises:
        NotFoundError: there is no such script.
    """
    place = {"channel_id": channel_id, "message_id": message_id}
    done = update(ScriptRow).where(ScriptRow.id == script_id).values(place).returning(ScriptRow.id)
    if await session.scalar(done) is None:
        raise NotFoundError("script", script_id)


async def finish(
    session: AsyncSession,
    script_id: ScriptId,
    *,
    fountain: str,
    model: str | None,
    now: datetime,
    synopsis: str | None = None,
) -> bool:
    """Keep the text of a ``drafting`` script; ``False`` if it is not drafting any more."""
    values = {"fountain": fountain, "synopsis": synopsis, "model": model, "finished_at": now}
    return await _end(session, script_id, ScriptState.DONE, values)


async def lock(session: AsyncSession, script_id: ScriptId) -> Script:
    """Return the script; until the session ends nobody else can lock or change it.

    Raises:
        NotFoundError: there is none.
    """
    row = await session.scalar(select(ScriptRow).where(ScriptRow.id == script_id).with_for_update())
    if row is None:
        raise NotFoundError("script", script_id)
    return _script(row)


async def rewrite(session: AsyncSession, script_id: ScriptId, fountain: str) -> None:
    """Put another text in place of a script's; it was locked before."""
    await session.execute(update(ScriptRow).where(ScriptRow.id == script_id).values(fountain=fountain))


async def fail(session: AsyncSession, script_id: ScriptId, reason: str, now: datetime) -> bool:
    """Give a ``drafting`` script up with an error code; ``False`` if it is not drafting any more."""
    return await _end(session, script_id, ScriptState.FAILED, {"failure": reason, "finished_at": now})


async def _end(session: AsyncSession, script_id: ScriptId, state: ScriptState, values: Mapping[str, object]) -> bool:
    drafting = update(ScriptRow).where(ScriptRow.id == script_id, ScriptRow.state == ScriptState.DRAFTING)
    ended = drafting.values(state=state, **values).returning(ScriptRow.id)
    return await session.scalar(ended) is not None


async def _all(session: AsyncSession, scripts: Select[ScriptRow]) -> tuple[Script, ...]:
    return tuple(_script(row) for row in await session.scalars(scripts))


def _script(row: ScriptRow) -> Script:
    return Script(
        id=ScriptId(row.id),
        pitch_id=PitchId(row.pitch_id),
        part=row.part,
        state=ScriptState(row.state),
        fountain=row.fountain,
        synopsis=row.synopsis,
        seed=row.seed,
        model=row.model,
        failure=row.failure,
        channel_id=row.channel_id,
        message_id=row.message_id,
        asked_by=None if row.asked_by is None else MemberId(row.asked_by),
        created_at=row.created_at,
        finished_at=row.finished_at,
    )
