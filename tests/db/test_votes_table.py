import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import pytest

from db import members, slates, votes
from db.database import Database
from db.errors import BrokenRuleError, NotFoundError, SlateClosedError
from db.ids import MemberId, PitchId, SlateId
from db.pitches import Pitch
from db.slates import Slate

Open = Callable[..., Awaitable[tuple[Pitch, ...]]]
Draft = Callable[..., Awaitable[Slate]]
Vote = Callable[..., Awaitable[None]]


async def cast(database: Database, pitch: Pitch, member: MemberId, now: datetime) -> None:
    async with database.writing() as session:
        await members.ensure(session, member)
        await votes.cast(session, slate_id=pitch.slate_id, pitch_id=pitch.id, member_id=member, now=now)


async def tally(database: Database, slate_id: SlateId) -> dict[PitchId, int]:
    async with database.reading() as session:
        return await votes.tally(session, slate_id)


async def test_voting_twice_counts_once(database: Database, open_slate: Open, anna: MemberId, now: datetime) -> None:
    one, two, three = await open_slate()
    await cast(database, one, anna, now)
    await cast(database, one, anna, now)
    assert await tally(database, one.slate_id) == {one.id: 1, two.id: 0, three.id: 0}


async def test_a_vote_can_be_changed(database: Database, open_slate: Open, anna: MemberId, now: datetime) -> None:
    one, two, three = await open_slate()
    await cast(database, one, anna, now)
    await cast(database, three, anna, now)
    assert await tally(database, one.slate_id) == {one.id: 0, two.id: 0, three.id: 1}
    async with database.reading() as session:
        assert await votes.of_member(session, one.slate_id, anna) == three.id


async def test_of_two_votes_under_way_the_one_clicked_later_counts_whichever_arrives_last(
    database: Database, open_slate: Open, anna: MemberId, now: datetime
) -> None:
    one, two, three = await open_slate()
    for pitch, clicked in ((two, 2), (one, 1), (three, 2), (one, 0)):
        async with database.writing() as session:
            await members.ensure(session, anna)
            await votes.cast(
                session,
                slate_id=pitch.slate_id,
                pitch_id=pitch.id,
                member_id=anna,
                now=now,
                clicked=now + timedelta(microseconds=clicked),
            )
    assert await tally(database, one.slate_id) == {one.id: 0, two.id: 0, three.id: 1}


async def test_who_has_not_voted_has_no_choice(database: Database, open_slate: Open, anna: MemberId) -> None:
    one, *_ = await open_slate()
    async with database.reading() as session:
        assert await votes.of_member(session, one.slate_id, anna) is None


async def test_each_slate_has_its_own_votes(
    database: Database, open_slate: Open, anna: MemberId, now: datetime
) -> None:
    (one,), (two,) = await open_slate("One"), await open_slate("Two")
    await cast(database, one, anna, now)
    await cast(database, two, anna, now)
    assert (await tally(database, one.slate_id), await tally(database, two.slate_id)) == ({one.id: 1}, {two.id: 1})


async def test_a_pitch_of_another_slate_cannot_be_voted_for(
    database: Database, open_slate: Open, anna: MemberId, now: datetime
) -> None:
    (one,), (two,) = await open_slate("One"), await open_slate("Two")
    with pytest.raises(NotFoundError, match=f"pitch {two.id}"):
        async with database.writing() as session:
            await votes.cast(session, slate_id=one.slate_id, pitch_id=two.id, member_id=anna, now=now)


async def test_an_unknown_slate_takes_no_vote(database: Database, anna: MemberId, now: datetime) -> None:
    with pytest.raises(NotFoundError, match="slate 9"):
        async with database.writing() as session:
            await votes.cast(session, slate_id=SlateId(9), pitch_id=PitchId(1), member_id=anna, now=now)


async def test_an_unknown_member_cannot_vote(database: Database, open_slate: Open, now: datetime) -> None:
    one, *_ = await open_slate()
    with pytest.raises(BrokenRuleError):
        async with database.writing() as session:
            await votes.cast(session, slate_id=one.slate_id, pitch_id=one.id, member_id=MemberId("x"), now=now)


async def test_a_slate_takes_votes_until_its_time_is_over(
    database: Database, open_slate: Open, anna: MemberId, now: datetime
) -> None:
    one, *_ = await open_slate()
    closes_at = now + timedelta(hours=1)
    await cast(database, one, anna, closes_at - timedelta(microseconds=1))
    with pytest.raises(SlateClosedError) as caught:
        await cast(database, one, MemberId("page:ben"), closes_at)
    assert caught.value.slate_id == one.slate_id
    assert (await tally(database, one.slate_id))[one.id] == 1


async def test_a_closed_slate_takes_no_vote(
    database: Database, open_slate: Open, anna: MemberId, now: datetime
) -> None:
    one, *_ = await open_slate()
    async with database.writing() as session:
        await slates.close(session, one.slate_id, now)
    with pytest.raises(SlateClosedError):
        await cast(database, one, anna, now)


async def test_a_slate_being_drafted_takes_no_vote(
    database: Database, draft_slate: Draft, anna: MemberId, now: datetime
) -> None:
    slate = await draft_slate()
    with pytest.raises(SlateClosedError):
        async with database.writing() as session:
            await votes.cast(session, slate_id=slate.id, pitch_id=PitchId(1), member_id=anna, now=now)


async def test_an_unknown_slate_has_an_empty_tally(database: Database) -> None:
    assert await tally(database, SlateId(9)) == {}


async def test_fifty_members_voting_at_once_are_counted_exactly(
    database: Database, database_url: str, open_slate: Open, now: datetime
) -> None:
    pitches = await open_slate()
    other = Database.connect(database_url)
    names = [MemberId(f"page:{number}") for number in range(50)]
    ballots = [
        cast(room, pitches[(number + turn) % 3], name, now)
        for turn, room in enumerate((database, other, database))
        for number, name in enumerate(names)
    ]
    await asyncio.gather(*ballots)
    async with other.reading() as session:
        counted = await votes.tally(session, pitches[0].slate_id)
        choices = [await votes.of_member(session, pitches[0].slate_id, name) for name in names]
    await other.close()
    assert sum(counted.values()) == 50
    assert counted == {pitch.id: choices.count(pitch.id) for pitch in pitches}


async def test_no_vote_slips_in_while_the_slate_closes(
    database: Database, database_url: str, open_slate: Open, now: datetime
) -> None:
    one, *_ = await open_slate()
    other = Database.connect(database_url)

    async def close() -> int:
        async with other.writing() as session:
            assert await slates.close(session, one.slate_id, now)
            return sum((await votes.tally(session, one.slate_id)).values())

    ballots = [cast(database, one, MemberId(f"page:{number}"), now) for number in range(20)]
    (at_closing,), results = await asyncio.gather(
        asyncio.gather(close()), asyncio.gather(*ballots, return_exceptions=True)
    )
    await other.close()
    refused = [result for result in results if result is not None]
    assert all(isinstance(result, SlateClosedError) for result in refused)
    assert (await tally(database, one.slate_id))[one.id] == at_closing == 20 - len(refused)


async def test_a_forgotten_member_takes_their_votes_along(
    database: Database, open_slate: Open, anna: MemberId, vote: Vote, now: datetime
) -> None:
    one, *_ = await open_slate()
    await vote(one)
    await cast(database, one, anna, now)
    async with database.writing() as session:
        assert await members.forget(session, anna)
    assert (await tally(database, one.slate_id))[one.id] == 1
