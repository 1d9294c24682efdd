import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import pytest

from db import members, scripts
from db.database import Database
from db.errors import BrokenRuleError, NotFoundError
from db.ids import MemberId, PitchId, ScriptId
from db.pitches import Pitch
from db.scripts import Script, ScriptState

Open = Callable[..., Awaitable[tuple[Pitch, ...]]]


async def order(database: Database, pitch_id: PitchId, now: datetime, *, part: int = 1, seed: int = 1) -> Script:
    async with database.writing() as session:
        return await scripts.order(session, pitch_id=pitch_id, part=part, seed=seed, asked_by=None, now=now)


async def test_a_script_ordered_twice_is_written_once(database: Database, open_slate: Open, now: datetime) -> None:
    one, *_ = await open_slate()
    first = await order(database, one.id, now, seed=1)
    assert await order(database, one.id, now + timedelta(hours=1), seed=2) == first
    assert (first.state, first.part, first.seed, first.created_at) == (ScriptState.DRAFTING, 1, 1, now)


async def test_a_script_ordered_by_many_at_once_is_one(
    database: Database, database_url: str, open_slate: Open, now: datetime
) -> None:
    one, *_ = await open_slate()
    other = Database.connect(database_url)
    ordered = await asyncio.gather(*(order(room, one.id, now) for room in (database, other) * 5))
    await other.close()
    assert len({script.id for script in ordered}) == 1


async def test_a_failed_script_can_be_ordered_anew(database: Database, open_slate: Open, now: datetime) -> None:
    one, *_ = await open_slate()
    first = await order(database, one.id, now)
    async with database.writing() as session:
        await scripts.set_place(session, first.id, channel_id=5, message_id=6)
        assert await scripts.fail(session, first.id, "engine_lost", now)
        failed = await scripts.get(session, first.id)
    assert (failed.state, failed.failure, failed.finished_at) == (ScriptState.FAILED, "engine_lost", now)
    again = await order(database, one.id, now, seed=2)
    assert (again.id, again.state, again.seed) == (first.id, ScriptState.DRAFTING, 2)
    assert (again.failure, again.finished_at, again.channel_id, again.message_id) == (None, None, None, None)


async def test_a_finished_script_is_not_written_over(database: Database, open_slate: Open, now: datetime) -> None:
    one, *_ = await open_slate()
    script = await order(database, one.id, now)
    async with database.writing() as session:
        assert await scripts.finish(session, script.id, fountain="INT. ROOM - DAY", model="lora-1", now=now)
        assert not await scripts.finish(session, script.id, fountain="other", model=None, now=now)
        assert not await scripts.fail(session, script.id, "late", now)
    done = await order(database, one.id, now, seed=9)
    assert (done.state, done.fountain, done.model, done.finished_at, done.seed) == (
        ScriptState.DONE,
        "INT. ROOM - DAY",
        "lora-1",
        now,
        1,
    )


async def test_parts_come_in_order_and_unfinished_ones_are_found(
    database: Database, open_slate: Open, now: datetime
) -> None:
    one, *_ = await open_slate()
    second, first = await order(database, one.id, now, part=2), await order(database, one.id, now, part=1)
    async with database.writing() as session:
        assert await scripts.of_pitch(session, one.id) == (first, second)
        assert await scripts.unfinished(session) == (second, first)
        await scripts.finish(session, second.id, fountain="x", model=None, now=now)
        assert await scripts.unfinished(session) == (first,)


async def test_the_place_of_a_script_is_remembered(database: Database, open_slate: Open, now: datetime) -> None:
    one, *_ = await open_slate()
    script = await order(database, one.id, now)
    async with database.writing() as session:
        await scripts.set_place(session, script.id, channel_id=2**60, message_id=2**61)
        placed = await scripts.get(session, script.id)
    assert (placed.channel_id, placed.message_id) == (2**60, 2**61)


async def test_an_unknown_script_is_not_found(database: Database) -> None:
    async with database.writing() as session:
        with pytest.raises(NotFoundError, match="script 9"):
            await scripts.get(session, ScriptId(9))
        with pytest.raises(NotFoundError, match="script 9"):
            await scripts.set_place(session, ScriptId(9), channel_id=1, message_id=1)


async def test_an_unknown_pitch_gets_no_script(database: Database, now: datetime) -> None:
    with pytest.raises(BrokenRuleError):
        await order(database, PitchId(9), now)


async def test_who_is_forgotten_leaves_the_script_without_a_name(
    database: Database, open_slate: Open, anna: MemberId, now: datetime
) -> None:
    one, *_ = await open_slate()
    async with database.writing() as session:
        script = await scripts.order(session, pitch_id=one.id, part=1, seed=1, asked_by=anna, now=now)
        assert script.asked_by == anna
        await members.forget(session, anna)
        assert (await scripts.get(session, script.id)).asked_by is None
