"""What a training may see of the verdicts, on both databases."""

from datetime import datetime, timedelta

from db import blocks, feedback, members, pitches
from db.database import Database
from db.ids import GuildId, MemberId
from tests.training.community import AUTHOR, PAGE, Room

TITLES = ["The Key", "Low Tide"]
CAST = {"page:a": "Low Tide", "page:b": "Low Tide", "page:c": "The Key"}


async def test_drafts_votes_pages_and_lines_of_closed_slates_are_seen(database: Database, now: datetime) -> None:
    room = Room(database, now)
    await room.opt_in(AUTHOR)
    card = await room.slate(TITLES, CAST)
    script = await room.script(card[1])
    await room.say_anew(script, 1, "Where is it?", "Who took the key?", by=MemberId("page:a"))
    async with database.reading() as session:
        shown = await feedback.shown(session, now)
        cast = await feedback.ballots(session, now)
        (page,) = await feedback.pages(session, now)
        (line,) = await feedback.lines(session, now)
        assert await feedback.verdicts_since(session, None) == 3
        assert await feedback.verdicts_since(session, now) == 0
        assert await feedback.shown(session, now - timedelta(seconds=1)) == ()
        assert await feedback.pages(session, now - timedelta(seconds=1)) == ()
    assert [(one.slot, one.title, one.theme, one.greenlit) for one in shown] == [
        (0, "The Key", "time travel", False),
        (1, "Low Tide", "time travel", True),
    ]
    assert [(one.member_id, one.pitch_id) for one in cast] == [
        ("page:a", card[1].id),
        ("page:b", card[1].id),
        ("page:c", card[0].id),
    ]
    assert (page.script_id, page.pitch_id) == (script.id, card[1].id)
    assert (line.at, line.was, line.became, line.member_id) == (1, "Where is it?", "Who took the key?", "page:a")


async def test_what_was_taken_back_is_not_seen_any_more(database: Database, now: datetime) -> None:
    room = Room(database, now)
    card = await room.slate(TITLES, CAST)
    script = await room.script(card[1])
    await room.say_anew(script, 1, "Where is it?", "Who took the key?", by=MemberId("page:a"))
    other = await room.slate(TITLES, CAST, guild=GuildId("discord:5"), by=MemberId("page:other"))
    async with database.writing() as session:
        await blocks.block(session, PAGE, MemberId("page:b"), now=now)
        await members.forget(session, MemberId("page:a"))
        await members.forget(session, MemberId("page:other"))
        await pitches.remove(session, card[0].id, now=now)
    async with database.reading() as session:
        assert {one.pitch_id for one in await feedback.shown(session, now)} == {card[1].id}
        assert await feedback.ballots(session, now) == ()
        assert await feedback.lines(session, now) == ()
        assert await feedback.left_out(session, now) == {"slates without a name": 1, "drafts removed or reported": 1}
    assert other
