import asyncio
from collections.abc import Awaitable, Callable
from datetime import date, datetime, timedelta

import pytest

from db import favourites, members, pitches, posts, votes
from db.database import Database
from db.errors import BrokenRuleError, NotFoundError
from db.ids import GuildId, MemberId, PitchId
from db.pitches import Pitch, PitchState
from db.slates import Slate

Open = Callable[..., Awaitable[tuple[Pitch, ...]]]
Draft = Callable[..., Awaitable[Slate]]
Vote = Callable[..., Awaitable[None]]


async def add(database: Database, slate: Slate, slot: int, title: str) -> PitchId | None:
    async with database.writing() as session:
        return await pitches.add(
            session, slate_id=slate.id, slot=slot, title=title, title_key=title.casefold(), summary="A show."
        )


async def found(database: Database, text: str, guild_id: GuildId, limit: int = 25) -> list[str]:
    async with database.reading() as session:
        hits = await pitches.search(session, guild_id, text, states=[PitchState.OPEN], limit=limit)
    return [pitch.title for pitch in hits]


async def test_a_pitch_knows_what_its_slate_was_about(database: Database, draft_slate: Draft, page: GuildId) -> None:
    slate = await draft_slate()
    pitch_id = await add(database, slate, 0, "The Clockmaker")
    assert pitch_id is not None
    async with database.reading() as session:
        pitch = await pitches.get(session, pitch_id)
    assert pitch == Pitch(
        id=pitch_id,
        slate_id=slate.id,
        guild_id=page,
        slot=0,
        title="The Clockmaker",
        summary="A show.",
        genre="comedy",
        theme="time travel",
        state=PitchState.OPEN,
        votes=0,
        greenlit_at=None,
    )


@pytest.mark.parametrize("number", [-1, 2**31, 10**18, 10**30])
async def test_a_number_no_row_can_have_is_not_found(database: Database, number: int) -> None:
    async with database.reading() as session:
        with pytest.raises(NotFoundError, match=f"pitch {number}"):
            await pitches.get(session, PitchId(number))


async def test_a_search_for_an_unprintable_character_finds_what_it_would_without(
    database: Database, draft_slate: Draft, page: GuildId
) -> None:
    await add(database, await draft_slate(), 0, "The Clockmaker")
    assert await found(database, "Clock\x00maker", page) == ["The Clockmaker"]


async def test_an_unknown_pitch_is_not_found(database: Database, now: datetime) -> None:
    async with database.writing() as session:
        with pytest.raises(NotFoundError, match="pitch 9"):
            await pitches.get(session, PitchId(9))
        with pytest.raises(NotFoundError, match="pitch 9"):
            await pitches.greenlight(session, PitchId(9), decided_by=None, now=now)


async def test_the_same_title_is_never_shown_twice(database: Database, draft_slate: Draft) -> None:
    first, second = await draft_slate(), await draft_slate()
    assert await add(database, first, 0, "The Clockmaker") is not None
    assert await add(database, second, 0, "THE CLOCKMAKER") is None
    assert await add(database, second, 0, "The Watchmaker") is not None  # the slot is still free


async def test_a_title_two_slates_want_at_once_goes_to_one(
    database: Database, database_url: str, draft_slate: Draft
) -> None:
    slates_ = [await draft_slate() for _ in range(8)]
    other = Database.connect(database_url)
    rooms = (database, other) * 4
    ids = await asyncio.gather(*(add(room, slate, 0, "Same") for room, slate in zip(rooms, slates_, strict=True)))
    await other.close()
    assert len([pitch_id for pitch_id in ids if pitch_id is not None]) == 1


async def test_a_slot_is_filled_once(database: Database, draft_slate: Draft) -> None:
    slate = await draft_slate()
    await add(database, slate, 0, "One")
    with pytest.raises(BrokenRuleError, match="slot"):
        await add(database, slate, 0, "Two")


async def test_taken_titles_are_told_apart(database: Database, open_slate: Open) -> None:
    await open_slate("One", "Two")
    async with database.reading() as session:
        assert await pitches.taken(session, ["one", "three", "two"]) == {"one", "two"}
        assert await pitches.taken(session, []) == frozenset()


async def test_pitches_come_in_the_order_of_their_slots(database: Database, draft_slate: Draft) -> None:
    slate = await draft_slate()
    for slot in (2, 0, 1):
        await add(database, slate, slot, f"Number {slot}")
    async with database.reading() as session:
        assert [pitch.slot for pitch in await pitches.of_slate(session, slate.id)] == [0, 1, 2]


async def test_one_greenlight_per_slate_whoever_comes_first(
    database: Database, database_url: str, open_slate: Open, now: datetime
) -> None:
    slate = await open_slate()
    other = Database.connect(database_url)

    async def greenlight(room: Database, pitch: Pitch) -> bool:
        async with room.writing() as session:
            return await pitches.greenlight(session, pitch.id, decided_by=None, now=now)

    tries = [greenlight(room, pitch) for pitch in slate for room in (database, other)]
    assert sum(await asyncio.gather(*tries)) == 1
    async with other.reading() as session:
        states = sorted(pitch.state for pitch in await pitches.of_slate(session, slate[0].slate_id))
    await other.close()
    assert states == [PitchState.GREENLIT, PitchState.PASSED, PitchState.PASSED]


async def test_a_greenlight_remembers_when_and_forgets_who_when_asked(
    database: Database, open_slate: Open, anna: MemberId, now: datetime
) -> None:
    one, *_ = await open_slate()
    async with database.writing() as session:
        assert await pitches.greenlight(session, one.id, decided_by=anna, now=now)
    async with database.writing() as session:
        assert await members.forget(session, anna)
        assert (await pitches.get(session, one.id)).greenlit_at == now


async def test_a_pitch_moves_only_from_the_states_named(database: Database, open_slate: Open, now: datetime) -> None:
    one, *_ = await open_slate()
    async with database.writing() as session:
        assert not await pitches.mark(session, one.id, PitchState.SCRIPTED, from_states=[PitchState.GREENLIT])
        await pitches.greenlight(session, one.id, decided_by=None, now=now)
        assert await pitches.mark(session, one.id, PitchState.SCRIPTED, from_states=[PitchState.GREENLIT])
        assert (await pitches.get(session, one.id)).state == PitchState.SCRIPTED


async def test_a_search_ignores_case(database: Database, open_slate: Open, page: GuildId) -> None:
    await open_slate("The Clockmaker", "Éclair Street", "Nothing")
    assert await found(database, "CLOCK", page) == ["The Clockmaker"]
    assert await found(database, "éclair", page) == ["Éclair Street"]
    assert await found(database, "ÉCLAIR", page) == ["Éclair Street"]


async def test_a_search_takes_wildcards_for_what_they_are(database: Database, open_slate: Open, page: GuildId) -> None:
    await open_slate("100% Love", "100 Loves", "A_B", "AxB", "Up/Down")
    assert await found(database, "%", page) == ["100% Love"]
    assert await found(database, "a_b", page) == ["A_B"]
    assert await found(database, "/", page) == ["Up/Down"]
    assert len(await found(database, "", page)) == 5


async def test_a_search_stays_in_its_guild_and_its_states(
    database: Database, open_slate: Open, page: GuildId, now: datetime
) -> None:
    (here,) = await open_slate("Show One")
    await open_slate("Show Two", guild_id=GuildId("discord:55"))
    assert await found(database, "show", page) == ["Show One"]
    async with database.writing() as session:
        await pitches.greenlight(session, here.id, decided_by=None, now=now)
    assert await found(database, "show", page) == []


async def test_a_search_shows_the_most_voted_first(
    database: Database, open_slate: Open, page: GuildId, vote: Vote
) -> None:
    one, two, _ = await open_slate("Show One", "Show Two", "Show Three")
    await vote(one, 2)
    await vote(two, 1)
    assert await found(database, "show", page) == ["Show One", "Show Two", "Show Three"]
    assert await found(database, "show", page, limit=1) == ["Show One"]


async def test_the_leaderboard_has_the_most_voted_of_the_guild(
    database: Database, open_slate: Open, page: GuildId, vote: Vote
) -> None:
    one, two, three = await open_slate()
    (elsewhere,) = await open_slate("Elsewhere", guild_id=GuildId("discord:55"))
    for pitch, count in ((two, 3), (three, 1), (elsewhere, 5)):
        await vote(pitch, count)
    async with database.reading() as session:
        board = await pitches.leaderboard(session, page, 10)
        best = await pitches.leaderboard(session, page, 1)
    assert [(pitch.id, pitch.votes) for pitch in board] == [(two.id, 3), (three.id, 1)]
    assert [pitch.id for pitch in best] == [two.id]
    assert one.id not in {pitch.id for pitch in board}


async def test_what_waits_to_be_posted_is_scripted_and_was_never_in_a_post(
    database: Database, open_slate: Open, vote: Vote, now: datetime
) -> None:
    loved, old, new, spoken, unwritten = [(await open_slate(name))[0] for name in ("A", "B", "C", "D", "E")]
    await vote(loved, 2)
    times = ((loved, 5), (old, 1), (new, 2), (spoken, 0), (unwritten, 0))
    async with database.writing() as session:
        for pitch, minutes in times:
            when = now + timedelta(minutes=minutes)
            await pitches.greenlight(session, pitch.id, decided_by=None, now=when)
        for pitch in (loved, old, new, spoken):
            await pitches.mark(session, pitch.id, PitchState.SCRIPTED, from_states=[PitchState.GREENLIT])
        post = await posts.claim(session, day=date(2026, 11, 21), network="x", account="", now=now)
        assert post is not None
        await posts.sending(session, post.id, pitch_id=spoken.id, text="Today", now=now)
        assert [pitch.id for pitch in await pitches.unposted(session, 9)] == [loved.id, old.id, new.id]
        assert [pitch.id for pitch in await pitches.unposted(session, 1)] == [loved.id]


async def test_a_vote_counts_one_and_so_does_keeping(
    database: Database, open_slate: Open, page: GuildId, now: datetime
) -> None:
    first, second, *_ = await open_slate()
    async with database.writing() as session:
        for number in range(3):
            await members.ensure(session, MemberId(f"page:{number}"))
        voter = MemberId("page:0")
        await votes.cast(session, slate_id=first.slate_id, pitch_id=first.id, member_id=voter, now=now)
        for number, pitch in ((0, first), (1, second), (2, second)):
            await favourites.toggle(session, member=MemberId(f"page:{number}"), pitch=pitch.id, now=now)
    async with database.reading() as session:
        leaders = await pitches.leaderboard(session, page, 9)
    assert [(pitch.id, pitch.votes, pitch.kept) for pitch in leaders] == [(first.id, 1, 1), (second.id, 0, 2)]
