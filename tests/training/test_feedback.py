from datetime import datetime, timedelta

from db import blocks, guilds, pitches, reports
from db.ids import GuildId, MemberId
from tests.training.community import AUTHOR, PAGE, Room
from training.feedback import Feedback, Minimum, gather

TITLES = ["The Key", "Low Tide", "Two Goats"]
THREE = {"page:a": "Low Tide", "page:b": "Low Tide", "page:c": "The Key"}


async def learnt_from(room: Room, *, slates: int = 12, after: datetime) -> Feedback:
    """Return what some equal slates teach: some of them are kept for judging."""
    for _ in range(slates):
        await room.slate(TITLES, THREE)
    return await gather(room.database, after)


async def test_the_winner_is_preferred_to_what_it_beat_and_the_greenlit_show_is_an_entry(
    room: Room, after: datetime
) -> None:
    found = await learnt_from(room, after=after)
    assert {pair.chosen.splitlines()[0] for pair in found.pairs} == {" Low Tide"}
    assert {pair.rejected.splitlines()[0] for pair in found.pairs} == {" The Key", " Two Goats"}
    assert {lesson.entry.work for lesson in found.lessons} == {"Low Tide"}
    assert all(lesson.weight > 1 for lesson in found.lessons)
    beat_nobody, beat_one = (
        {pair.weight for pair in found.pairs if title in pair.rejected} for title in ("Goats", "Key")
    )
    assert min(beat_nobody) > max(beat_one)


async def test_a_slate_is_learnt_from_or_kept_for_judging_never_both(room: Room, after: datetime) -> None:
    found = await learnt_from(room, after=after)
    taught, judged = {pair.group for pair in found.pairs}, {pair.group for pair in found.judges}
    assert taught
    assert judged
    assert not taught & judged
    assert len(taught | judged) == 12


async def test_a_members_words_are_learnt_only_if_they_opted_in(room: Room, after: datetime) -> None:
    found = await learnt_from(room, after=after)
    assert all("THEME: comedy\n" in pair.prompt for pair in found.pairs)
    await room.opt_in(AUTHOR)
    found = await gather(room.database, after)
    assert all("THEME: time travel\n" in pair.prompt for pair in found.pairs)


async def test_a_forgotten_members_votes_and_slates_teach_nothing(room: Room, after: datetime) -> None:
    before = await learnt_from(room, after=after)
    await room.forget(MemberId("page:a"))
    await room.forget(MemberId("page:b"))
    found = await gather(room.database, after)
    assert {pair.chosen.splitlines()[0] for pair in found.pairs} == {" The Key"}
    assert not before.lineage & found.lineage
    await room.forget(AUTHOR)
    found = await gather(room.database, after)
    assert not found.pairs
    assert not found.lessons
    assert found.sheet["slates without a name"] == 12


async def test_the_lineage_stays_the_same_as_long_as_nothing_is_taken_back(room: Room, after: datetime) -> None:
    before = await learnt_from(room, after=after)
    await room.slate(["New", "Newer"], {"page:d": "New"})
    assert before.lineage <= (await gather(room.database, after)).lineage
    await room.opt_in(AUTHOR)
    assert not before.lineage & (await gather(room.database, after)).lineage


async def test_what_moderators_removed_or_still_look_at_teaches_nothing(room: Room, after: datetime) -> None:
    shown = [await room.slate(TITLES, THREE) for _ in range(8)]
    async with room.database.writing() as session:
        for card in shown:
            await pitches.remove(session, card[1].id, now=room.now)
            facts = {"guild_id": PAGE, "pitch_id": card[0].id, "reported_by": AUTHOR, "reason": "unfit"}
            await reports.add(session, **facts, now=room.now)  # type: ignore[arg-type]
    found = await gather(room.database, after)
    assert not found.pairs
    assert not found.lessons
    assert found.sheet["drafts removed or reported"] == 16


async def test_coarse_drafts_teach_nothing(room: Room, after: datetime) -> None:
    for _ in range(8):
        await room.slate(["Holy Shit", "Low Tide"], {"page:a": "Holy Shit"})
    found = await gather(room.database, after)
    assert not found.pairs
    assert not found.lessons
    assert found.sheet["too coarse to learn from"] == 8


async def test_blocked_members_and_servers_that_we_left_do_not_count(room: Room, after: datetime) -> None:
    for _ in range(8):
        await room.slate(TITLES, {"page:a": "Low Tide"})
        await room.slate(TITLES, {"page:b": "Low Tide"}, guild=GuildId("discord:5"))
    async with room.database.writing() as session:
        await blocks.block(session, PAGE, MemberId("page:a"), now=room.now)
        await guilds.change(session, GuildId("discord:5"), left_at=room.now)
    found = await gather(room.database, after)
    assert found.sheet["votes"] == 0
    assert not found.pairs


async def test_slates_that_closed_later_are_not_looked_at(room: Room) -> None:
    await room.slate(TITLES, THREE)
    assert (await gather(room.database, room.now - timedelta(seconds=1))).sheet["slates"] == 0
    assert (await gather(room.database, room.now)).sheet["slates"] == 1


async def test_a_scripted_show_is_an_entry_of_the_script_task(room: Room, after: datetime) -> None:
    for _ in range(8):
        await room.script((await room.slate(TITLES, THREE))[1])
    found = await gather(room.database, after)
    scripts = [lesson.entry for lesson in found.lessons if lesson.entry.task == "script"]
    assert scripts
    assert scripts[0].completion.startswith("CAST: ANNA, BEN\n[INT. KITCHEN - NIGHT]\n")
    assert scripts[0].prompt.endswith("in the harbor.\nSCRIPT:\n")


async def test_a_line_said_anew_is_preferred_to_what_it_was_while_it_stands(room: Room, after: datetime) -> None:
    scripts = [await room.script((await room.slate(TITLES, THREE))[1]) for _ in range(8)]
    for script in scripts:
        await room.say_anew(script, 1, "Where is it?", "Who took the key?", by=MemberId("page:a"))
        await room.say_anew(script, 2, "Nobody.", "It was replaced since.", by=MemberId("page:b"))
    lines = [pair for pair in (await gather(room.database, after)).pairs if not pair.ends]
    assert lines
    assert {(pair.chosen, pair.rejected) for pair in lines} == {("Who took the key?\n", "Where is it?\n")}
    assert lines[0].prompt.endswith("NIGHT]\nANNA: ")
    await room.forget(MemberId("page:a"))
    assert not [pair for pair in (await gather(room.database, after)).pairs if not pair.ends]


async def test_too_little_says_how_much_is_missing(room: Room, after: datetime) -> None:
    found = await learnt_from(room, slates=3, after=after)
    missing = found.missing(Minimum(slates=10, voters=5, judges=2))
    assert missing["voters"] == 2
    assert missing["slates with a winner"] == 10 - found.sheet["slates with a winner"]
    assert found.missing(Minimum(slates=1, voters=1, judges=0)) == {}


async def test_a_tie_for_the_first_place_still_beats_the_rest(room: Room, after: datetime) -> None:
    for _ in range(8):
        await room.slate(TITLES, {"page:a": "Low Tide", "page:b": "The Key"}, greenlit=False)
    found = await gather(room.database, after)
    assert {pair.rejected.splitlines()[0] for pair in found.pairs} == {" Two Goats"}


async def test_which_slates_are_kept_for_judging_never_changes(room: Room, after: datetime) -> None:
    found = await learnt_from(room, slates=20, after=after)
    assert {pair.group for pair in found.judges} == {f"slate {number}" for number in (1, 6, 7, 8, 11, 13, 15, 19)}
