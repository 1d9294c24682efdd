"""How many pages a member asked for: of three tables, on one server, since a moment."""

from datetime import UTC, datetime, timedelta

from db import guilds, members, orders, pitches, rewrites, scripts, slates, stagings
from db.database import Database
from db.ids import GuildId, MemberId

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)
HERE, THERE = GuildId("discord:1"), GuildId("discord:2")
ANNA, BEN = MemberId("discord:3"), MemberId("discord:4")


async def test_scenes_lines_and_dialogs_of_one_member_on_one_server_are_counted(database: Database) -> None:
    async with database.writing() as session:
        for guild in (HERE, THERE):
            await guilds.ensure(session, guild)
        for member in (ANNA, BEN):
            await members.ensure(session, member)
        slate = await slates.create(
            session, guild_id=HERE, asked_by=ANNA, genre="drama", theme="trains", count=1, seed=1, now=NOW
        )
        pitch = await pitches.add(
            session, slate_id=slate.id, slot=0, title="Rails", title_key="rails", summary="About rails."
        )
        assert pitch is not None
        first = await scripts.order(session, pitch_id=pitch, part=1, seed=1, asked_by=None, now=NOW)
        await scripts.order(session, pitch_id=pitch, part=2, seed=1, asked_by=ANNA, now=NOW)
        for who, hours in ((ANNA, 1), (ANNA, -30), (BEN, 1)):
            moment = NOW + timedelta(hours=hours)
            await rewrites.order(session, script_id=first.id, at=1, was="a", seed=1, asked_by=who, now=moment)
        for guild in (HERE, THERE):
            moment = NOW + timedelta(hours=2)
            await stagings.order(session, guild_id=guild, asked_by=ANNA, dialog="A: b", seed=1, now=moment)
    async with database.reading() as session:
        asked = await orders.pages_since(session, HERE, ANNA, NOW - timedelta(days=1))
        others = await orders.pages_since(session, HERE, BEN, NOW)
    assert asked == (NOW, NOW + timedelta(hours=1), NOW + timedelta(hours=2))
    assert others == (NOW + timedelta(hours=1),)
