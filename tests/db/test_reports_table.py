from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import pytest

from db import members, reports
from db.database import Database
from db.errors import NotFoundError
from db.ids import MemberId, ReportId
from db.pitches import Pitch
from db.reports import Report, ReportState

Open = Callable[..., Awaitable[tuple[Pitch, ...]]]


async def report(database: Database, pitch: Pitch, by: MemberId, now: datetime) -> Report:
    async with database.writing() as session:
        await members.ensure(session, by)
        return await reports.add(
            session, guild_id=pitch.guild_id, pitch_id=pitch.id, reported_by=by, reason="dull", now=now
        )


async def test_a_report_hangs_nowhere_until_its_place_is_remembered(
    database: Database, open_slate: Open, anna: MemberId, now: datetime
) -> None:
    pitch, other, *_ = await open_slate()
    first, second = await report(database, pitch, anna, now), await report(database, other, anna, now)
    async with database.writing() as session:
        assert await reports.untold(session) == (first, second)
        await reports.set_place(session, first.id, channel_id=1, message_id=2)
        assert await reports.untold(session) == (second,)
        placed = await reports.get(session, first.id)
    assert (placed.channel_id, placed.message_id) == (1, 2)


async def test_what_was_decided_since_then_and_hangs_somewhere_is_found(
    database: Database, open_slate: Open, anna: MemberId, now: datetime
) -> None:
    pitch, other, third = await open_slate()
    old, new, nowhere = [await report(database, each, anna, now) for each in (pitch, other, third)]
    async with database.writing() as session:
        for one, at in ((old, now), (new, now + timedelta(hours=2)), (nowhere, now + timedelta(hours=2))):
            if one != nowhere:
                await reports.set_place(session, one.id, channel_id=1, message_id=one.id)
            assert await reports.decide(session, one.id, ReportState.PARDONED, by=anna, now=at)
        (found,) = await reports.decided_since(session, now + timedelta(hours=1))
        assert await reports.untold(session) == ()
    assert (found.id, found.state, found.decided_by) == (new.id, ReportState.PARDONED, anna)


@pytest.mark.parametrize("number", [0, 99, 10**30, -1])
async def test_a_report_that_nobody_made_is_not_found(database: Database, number: int) -> None:
    async with database.reading() as session:
        with pytest.raises(NotFoundError):
            await reports.get(session, ReportId(number))
