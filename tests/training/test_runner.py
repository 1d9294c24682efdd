"""The watcher on a real database and a tiny model: claiming, telling, calling off, going on, publishing."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from db import guilds, members, runs
from db.runs import Far, Run, RunState
from model.adapters import Store
from tests.model import tiny
from tests.training.community import AUTHOR, PAGE, Room
from tests.training.schools import has_voted, small
from training import memory
from training.feedback import Minimum
from training.gate import Bounds
from training.runner import Watcher, Work, schooling_of
from training.settings import TrainerSettings
from training.standing import sheet, stand_watch

pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")  # peft asks for it


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.write(tmp_path_factory.mktemp("base"), "llama")


@pytest.fixture
def watcher(room: Room, base: Path, tmp_path: Path) -> Callable[..., Watcher]:
    """Give a function that makes a watcher; its clock stands a day after everything."""

    def make(minimum: Minimum | None = None, bounds: Bounds | None = None, **more: Any) -> Watcher:  # noqa: ANN401 -- settings
        settings = TrainerSettings(
            worker_model=str(base),
            worker_adapters=tmp_path / "adapters",
            train_runs=tmp_path / "runs",
            train_period=0.05,
            **more,
        )
        school = small()
        school = replace(school, minimum=minimum or school.minimum, bounds=bounds or school.bounds)
        return Watcher(room.database, settings, schooling=school, now=lambda: room.now + timedelta(days=1))

    return make


async def queued(room: Room) -> Run:
    async with room.database.writing() as session:
        await members.ensure(session, AUTHOR)
        await guilds.ensure(session, PAGE)
        run, _ = await runs.queue(session, guild_id=PAGE, asked_by=AUTHOR, now=room.now)
        return run


async def told(room: Room) -> Run:
    async with room.database.reading() as session:
        run = await runs.latest(session, PAGE)
    assert run is not None
    return run


async def working(room: Room, stage: str) -> Run:
    """Return the run once it is at ``stage``."""
    for _ in range(1200):
        if (run := await told(room)).stage == stage or run.state in {"finished", "failed"}:
            return run
        await asyncio.sleep(0.05)
    raise TimeoutError(stage)


async def test_a_queued_run_is_trained_judged_published_and_told(
    room: Room, watcher: Callable[..., Watcher], tmp_path: Path
) -> None:
    await has_voted(room)
    run = await queued(room)
    assert await watcher().once()
    ended = await told(room)
    assert (ended.state, ended.failure) == ("finished", None)
    assert ended.verdict is not None
    assert ended.verdict.startswith("Published: ")
    assert ended.adapter == Store(tmp_path / "adapters").active()
    assert str(ended.adapter).startswith(f"community-{run.id}-")
    assert ended.losses
    async with room.database.reading() as session:
        assert (await runs.picture(session, run.id) or b"").startswith(b"\x89PNG")
    assert not await watcher().once()


async def test_what_the_gate_refuses_is_told_and_not_published(
    room: Room, watcher: Callable[..., Watcher], tmp_path: Path
) -> None:
    await has_voted(room)
    await queued(room)
    assert await watcher(bounds=Bounds(parsed=-1.0)).once()
    ended = await told(room)
    assert (ended.state, ended.adapter) == ("finished", None)
    assert (ended.verdict or "").startswith("Not published: rows that can be read")
    assert Store(tmp_path / "adapters").active() is None


async def test_too_few_votes_are_told_with_what_is_missing(room: Room, watcher: Callable[..., Watcher]) -> None:
    await has_voted(room, 2)
    await queued(room)
    assert await watcher(minimum=Minimum(slates=50, voters=3, judges=1)).once()
    ended = await told(room)
    assert (ended.state, ended.failure) == ("failed", "NotYetError")
    assert (ended.verdict or "").startswith("Not yet: 4")
    assert "more slates with a winner" in (ended.verdict or "")


@pytest.mark.parametrize("stage", ["supervised", "preferences"])
async def test_a_run_is_called_off_while_it_trains(
    room: Room, watcher: Callable[..., Watcher], tmp_path: Path, stage: str
) -> None:
    await has_voted(room)
    run = await queued(room)
    work = asyncio.create_task(watcher().once())
    await working(room, stage)
    async with room.database.writing() as session:
        await runs.cancel(session, PAGE, room.now)
    await asyncio.wait_for(work, 60)
    assert (await told(room)).state == RunState.CANCELLED
    assert Store(tmp_path / "adapters").active() is None
    assert run.id == (await told(room)).id


async def test_a_watcher_that_is_stopped_gives_its_run_back_and_the_next_one_ends_it(
    room: Room, watcher: Callable[..., Watcher]
) -> None:
    await has_voted(room)
    await queued(room)
    first = watcher()
    standing = asyncio.create_task(first.watch())
    await working(room, "preferences")
    first.stop()
    await asyncio.wait_for(standing, 60)
    assert (await told(room)).state == RunState.RUNNING
    assert await watcher().once()
    assert (await told(room)).state == RunState.FINISHED


async def test_too_little_memory_or_room_on_the_disk_is_refused_in_a_sentence(
    room: Room, watcher: Callable[..., Watcher], monkeypatch: pytest.MonkeyPatch
) -> None:
    await has_voted(room)
    await queued(room)
    monkeypatch.setattr(memory, "free", lambda: 1000)
    assert await watcher().once()
    ended = await told(room)
    assert (ended.state, ended.failure) == ("failed", "NotEnoughMemoryError")
    assert "GREENLIT_TRAIN_BATCH" in (ended.verdict or "")
    monkeypatch.undo()
    await queued(room)
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("usage", (), {"free": 10})())
    assert await watcher().once()
    ended = await told(room)
    assert (ended.state, ended.failure) == ("failed", "NoSpaceError")
    assert "is full" in (ended.verdict or "")


async def test_enough_new_votes_queue_a_run_by_themselves_once(room: Room, watcher: Callable[..., Watcher]) -> None:
    await has_voted(room)
    assert not await watcher(train_after=31).once()
    assert await watcher(train_after=30).once()
    assert not await watcher(train_after=1).once()


async def test_the_data_sheet_says_what_may_be_learnt_and_what_is_missing(
    room: Room, room_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await has_voted(room, 3)
    monkeypatch.setenv("GREENLIT_DATABASE_URL", room_url)
    told = await sheet()
    assert "9 votes" in told.sentence
    assert "Not yet: 2 more voters are needed." in told.sentence
    assert told.facts["missing"] == {"slates with a winner": 18, "voters": 2, "slates kept for judging": 4}


async def test_standing_watch_once_ends_when_nothing_is_queued(
    room: Room, room_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert room.now
    monkeypatch.setenv("GREENLIT_DATABASE_URL", room_url)
    assert await stand_watch(once=True) == 0


def test_a_loss_curve_has_the_losses_of_one_stage() -> None:
    work = Work()
    for step in range(3):
        work.report("supervised", step, 3, 1.0 - step / 10)
    work.report("preferences", 0, 5, None)
    assert not work.far.losses
    work.report("preferences", 1, 5, 0.69)
    assert work.far == Far(stage="preferences", step=1, steps=5, losses=(0.69,))


@pytest.mark.parametrize(("batch", "accumulate"), [(1, 16), (4, 4), (16, 1)])
def test_a_step_has_as_many_pairs_however_many_fit_at_once(batch: int, accumulate: int) -> None:
    found = schooling_of(TrainerSettings(train_batch=batch, train_method="lora8"))
    assert (found.dpo.batch, found.dpo.accumulate, found.dpo.method) == (batch, accumulate, "lora8")


def test_the_watcher_reads_the_same_database_as_the_bot() -> None:
    from bot.settings import DEFAULT_DATABASE  # noqa: PLC0415 -- training may not know it
    from training.settings import DEFAULT_DATABASE as OURS  # noqa: PLC0415

    assert OURS == DEFAULT_DATABASE
