import asyncio
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from db import posts
from db.database import Database
from db.ids import PitchId, PostId
from db.pitches import Pitch
from db.posts import Post, PostState

Open = Callable[..., Awaitable[tuple[Pitch, ...]]]

ROOT = Path(__file__).resolve().parents[2]
DAY = date(2026, 11, 21)
TEN, SECOND = timedelta(minutes=10), timedelta(seconds=1)
CLAIM_THIRTY_DAYS = """
import asyncio, sys
from datetime import UTC, date, datetime, timedelta
from db import posts
from db.database import Database

async def main(url):
    database, won = Database.connect(url), 0
    print("ready", flush=True)
    sys.stdin.readline()
    for number in range(30):
        day = date(2026, 11, 21) + timedelta(days=number)
        async with database.writing() as session:
            won += await posts.claim(session, day=day, network="x", account="", now=datetime.now(UTC)) is not None
    await database.close()
    print(won)

asyncio.run(main(sys.argv[1]))
"""


async def claim(database: Database, now: datetime, network: str = "x", day: date = DAY) -> Post | None:
    async with database.writing() as session:
        return await posts.claim(session, day=day, network=network, account="", now=now)


@pytest.fixture
async def claimed(database: Database, now: datetime) -> Post:
    post = await claim(database, now)
    assert post is not None
    return post


@pytest.fixture
async def pitch_id(open_slate: Open) -> PitchId:
    return (await open_slate())[0].id


async def test_a_day_has_one_show_and_a_show_one_day(
    database: Database, claimed: Post, open_slate: Open, now: datetime
) -> None:
    chosen, other = [pitch.id for pitch in await open_slate()][:2]
    tomorrow = DAY + timedelta(days=1)

    async def asked() -> list[bool]:
        async with database.writing() as session:
            return [await posts.may_show(session, day, each) for day in (DAY, tomorrow) for each in (chosen, other)]

    assert await asked() == [True, True, True, True]
    async with database.writing() as session:
        await posts.sending(session, claimed.id, pitch_id=chosen, text="A show.", now=now)
    assert await asked() == [True, False, False, True]


async def test_two_who_choose_for_a_day_at_once_choose_one_show(
    database: Database, claimed: Post, open_slate: Open, now: datetime
) -> None:
    rival = await claim(database, now, network="bluesky")
    assert rival is not None
    shows = [pitch.id for pitch in await open_slate()][:2]

    async def choose(post: Post, pitch_id: PitchId) -> bool:
        async with database.writing() as session:
            free = await posts.may_show(session, DAY, pitch_id)
            return free and await posts.sending(session, post.id, pitch_id=pitch_id, text="A show.", now=now)

    chosen = await asyncio.gather(*map(choose, (claimed, rival), shows))
    assert sorted(chosen) == [False, True]


async def test_a_day_is_claimed_once_per_network_and_account(database: Database, claimed: Post, now: datetime) -> None:
    assert (claimed.day, claimed.network, claimed.account, claimed.state) == (DAY, "x", "", PostState.CLAIMED)
    assert await claim(database, now) is None
    assert await claim(database, now, network="bluesky") is not None
    assert await claim(database, now, day=DAY + timedelta(days=1)) is not None
    async with database.writing() as session:
        assert await posts.claim(session, day=DAY, network="x", account="second", now=now) is not None
        assert await posts.get(session, DAY, "x", "") == claimed
        assert await posts.get(session, DAY, "mastodon", "") is None


async def test_of_many_who_claim_a_day_at_once_one_wins(database: Database, database_url: str, now: datetime) -> None:
    other = Database.connect(database_url)
    claims = await asyncio.gather(*(claim(room, now) for room in (database, other) * 6))
    await other.close()
    assert len([post for post in claims if post is not None]) == 1


async def test_of_two_processes_each_day_goes_to_one(database: Database, database_url: str) -> None:
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            CLAIM_THIRTY_DAYS,
            database_url,
            cwd=ROOT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        for _ in range(2)
    ]
    for process in processes:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"ready\n"
    answers = await asyncio.gather(*(process.communicate(b"go\n") for process in processes))
    assert sum(int(printed) for printed, _ in answers) == 30
    async with database.reading() as session:
        assert len(await posts.recent(session, 99)) == 30


async def test_a_post_goes_from_claimed_to_posted(
    database: Database, claimed: Post, pitch_id: PitchId, now: datetime
) -> None:
    later = now + timedelta(seconds=5)
    async with database.writing() as session:
        assert not await posts.posted(session, claimed.id, address="https://x/1", now=now)  # nothing was sent yet
        assert await posts.sending(session, claimed.id, pitch_id=pitch_id, text="Today", now=now)
        assert not await posts.sending(session, claimed.id, pitch_id=pitch_id, text="Again", now=now)
        assert await posts.posted(session, claimed.id, address="https://x/1", now=later)
        assert not await posts.failed(session, claimed.id, "late", later)
        assert not await posts.unknown(session, claimed.id, "late", later)
        post = await posts.get(session, DAY, "x", "")
    assert post is not None
    assert (post.state, post.text, post.address, post.pitch_id) == (
        PostState.POSTED,
        "Today",
        "https://x/1",
        pitch_id,
    )
    assert (post.created_at, post.changed_at, post.reason) == (now, later, None)


async def test_a_post_nobody_is_sure_of_can_still_turn_out_either_way(
    database: Database, claimed: Post, pitch_id: PitchId, now: datetime
) -> None:
    second = await claim(database, now, network="bluesky")
    assert second is not None
    async with database.writing() as session:
        for post in (claimed, second):
            await posts.sending(session, post.id, pitch_id=pitch_id, text="Today", now=now)
            assert await posts.unknown(session, post.id, "timeout", now)
        assert await posts.posted(session, claimed.id, address=None, now=now)
        assert await posts.failed(session, second.id, "refused", now)
        out, refused = await posts.get(session, DAY, "x", ""), await posts.get(session, DAY, "bluesky", "")
    assert out is not None
    assert refused is not None
    assert (out.state, out.reason) == (PostState.POSTED, None)
    assert (refused.state, refused.reason) == (PostState.FAILED, "refused")


async def test_posts_nobody_settled_are_found(
    database: Database, claimed: Post, pitch_id: PitchId, now: datetime
) -> None:
    sent, failed = await claim(database, now, "bluesky"), await claim(database, now, "mastodon")
    assert sent is not None
    assert failed is not None
    later = now + timedelta(minutes=10)
    async with database.writing() as session:
        await posts.sending(session, sent.id, pitch_id=pitch_id, text="Today", now=later)
        await posts.failed(session, failed.id, "refused", now)
        assert [post.id for post in await posts.stuck(session, now, TEN)] == []
        assert [post.id for post in await posts.stuck(session, later + SECOND, TEN)] == [claimed.id]
        far = later + TEN + SECOND
        assert [post.id for post in await posts.stuck(session, far, TEN)] == [claimed.id, sent.id]


async def test_a_post_that_waits_for_a_moment_is_left_until_then(
    database: Database, claimed: Post, now: datetime
) -> None:
    async with database.writing() as session:
        assert await posts.unknown(session, claimed.id, "NetworkBusyError", now, retry_at=now + timedelta(hours=6))
        assert await posts.stuck(session, now + timedelta(hours=5), TEN) == ()
        (waiting,) = await posts.stuck(session, now + timedelta(hours=6), TEN)
        assert (waiting.attempts, waiting.retry_at) == (1, now + timedelta(hours=6))
        assert await posts.reclaim(session, waiting, now + timedelta(hours=6))
        taken = await posts.get(session, DAY, "x", "")
    assert taken is not None
    assert (taken.state, taken.retry_at, taken.attempts) == (PostState.CLAIMED, None, 1)


async def test_a_clock_set_back_leaves_no_post_behind(database: Database, claimed: Post, now: datetime) -> None:
    async with database.writing() as session:
        assert [post.id for post in await posts.stuck(session, now - timedelta(days=400), TEN)] == [claimed.id]
        assert await posts.stuck(session, now - timedelta(minutes=9), TEN) == ()


async def test_the_last_day_is_one_before_the_present(database: Database, claimed: Post, now: datetime) -> None:
    del claimed
    for days in (3, 40):
        await claim(database, now, day=DAY + timedelta(days=days))
    async with database.reading() as session:
        assert await posts.last_day(session, "x", "", before=DAY + timedelta(days=9)) == DAY + timedelta(days=3)
        assert await posts.last_day(session, "x", "", before=DAY) is None
        assert await posts.last_day(session, "x", "other", before=DAY + timedelta(days=9)) is None


async def test_one_of_several_takes_over_from_a_crashed_owner(
    database: Database, database_url: str, claimed: Post, now: datetime
) -> None:
    other, later = Database.connect(database_url), now + timedelta(minutes=10)

    async def take_over(room: Database) -> bool:
        async with room.writing() as session:
            return await posts.reclaim(session, claimed, later)

    tries = [take_over(room) for room in (database, other) * 3]
    assert sum(await asyncio.gather(*tries)) == 1
    await other.close()


async def test_a_post_that_moved_on_cannot_be_taken_over(
    database: Database, claimed: Post, pitch_id: PitchId, now: datetime
) -> None:
    async with database.writing() as session:
        assert await posts.sending(session, claimed.id, pitch_id=pitch_id, text="Today", now=now)
        assert not await posts.reclaim(session, claimed, now)
        sent = await posts.get(session, DAY, "x", "")
        assert sent is not None
        assert await posts.reclaim(session, sent, now)
        assert not await posts.reclaim(session, replace(sent, id=PostId(99)), now)
        post = await posts.get(session, DAY, "x", "")
    assert post is not None
    assert post.state == PostState.CLAIMED


async def test_the_newest_days_come_first(database: Database, claimed: Post, now: datetime) -> None:
    tomorrow = await claim(database, now, day=DAY + timedelta(days=1))
    yesterday = await claim(database, now, day=DAY - timedelta(days=1))
    async with database.reading() as session:
        assert await posts.recent(session, 9) == (tomorrow, claimed, yesterday)
        assert await posts.recent(session, 1) == (tomorrow,)
