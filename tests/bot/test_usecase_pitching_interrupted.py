import asyncio
from collections.abc import AsyncGenerator

import pytest
from structlog.testing import capture_logs

from bot.app import App, Patience
from bot.stage import slate_work
from bot.usecases import browsing, pitching
from db.ids import SlateId
from model.briefs import Brief, PitchBrief, genre, theme
from model.drafts import PitchDraft
from model.engine import (
    ANYHOW,
    Drafted,
    EngineError,
    EngineFailedError,
    EngineLostError,
    EngineUnauthorizedError,
    EngineUnavailableError,
    Event,
    LineFullError,
    Terms,
)
from model.fake import FakeDecoder, fake_engine
from model.originality import TitleIndex
from model.writer import Writer
from tests.bot.conftest import ANNA, PAGE, OpenApp, Slated
from tests.bot.doubles import Moody, Told
from tests.bot.test_usecase_pitching import BRIEF, DONE, watched, written


class Away(Told):
    """An engine that answers the second time it is asked, once ``back`` is set."""

    def __init__(self, back: asyncio.Event, acts: list[list[Event | EngineError]]) -> None:
        super().__init__(acts)
        self.back = back

    async def stream(self, brief: Brief, terms: Terms = ANYHOW, /) -> AsyncGenerator[Event]:
        if self.asked:
            await self.back.wait()
        async for event in super().stream(brief, terms):
            yield event


@pytest.mark.parametrize(
    "error", [EngineUnavailableError(), EngineLostError(), LineFullError(0), EngineFailedError("ab12")]
)
async def test_an_absent_worker_is_asked_again_from_the_start(open_app: OpenApp, error: EngineError) -> None:
    engine = Moody(fake_engine(), [(2, error), (0, error)])
    app = open_app(engine)
    slate = await pitching.open_slate(
        app, PitchBrief(genre=genre("drama"), theme=theme("rain"), count=3, seed=5), by=ANNA, guild=PAGE
    )
    states = await watched(app, slate.id)
    view = await browsing.slate(app, slate.id)
    assert (view.slate.state, len(view.pitches), len(engine.asked)) == ("open", 3, 3)
    assert engine.asked[0] == engine.asked[1] == engine.asked[2]
    assert states[-1].absent is False


async def test_members_are_told_that_the_writer_is_away(open_app: OpenApp) -> None:
    back = asyncio.Event()

    app = open_app(Away(back, [[EngineUnavailableError()], [*written(0, "Back"), DONE]]))
    slate = await pitching.open_slate(
        app, PitchBrief(genre=genre("drama"), theme=theme("rain"), count=1), by=ANNA, guild=PAGE
    )
    seen = []
    async for state in app.stage.watch(slate_work(slate.id)):
        seen.append(state)
        if state.absent:
            back.set()
    assert any(state.absent for state in seen)
    assert (await browsing.slate(app, slate.id)).slate.state == "open"


async def test_a_worker_that_stays_away_leaves_its_reason(open_app: OpenApp, slated: Slated) -> None:
    app = open_app(Told([[EngineUnavailableError()]]), patience=Patience(first=0.001, longest=0.002, total=0.004))
    view = await slated(app)
    assert (view.slate.state, view.slate.failure) == ("failed", "EngineUnavailableError")


async def test_a_worker_that_keeps_breaking_is_asked_three_times(open_app: OpenApp, slated: Slated) -> None:
    engine = Told([[EngineFailedError("ab12")]])
    view = await slated(open_app(engine))
    assert (view.slate.failure, len(engine.asked)) == ("EngineFailedError", 3)


async def test_a_wrong_token_is_not_tried_again(open_app: OpenApp, slated: Slated) -> None:
    engine = Told([[EngineUnauthorizedError()]])
    view = await slated(open_app(engine))
    assert (view.slate.failure, len(engine.asked)) == ("EngineUnauthorizedError", 1)


async def test_a_stopped_slate_is_taken_up_with_the_same_titles(open_app: OpenApp) -> None:
    expected = [event.draft async for event in fake_engine().stream(BRIEF) if isinstance(event, Drafted)]
    held = asyncio.Event()
    decoder = FakeDecoder(gate=held.wait)
    first = open_app(Writer(decoder, TitleIndex.of(())))
    slate = await pitching.open_slate(first, BRIEF, by=ANNA, guild=PAGE)
    assert await first.crew.drain(0) == 1
    assert (await browsing.slate(first, slate.id)).slate.state == "drafting"
    second = open_app()
    assert [left.id for left in await pitching.resume(second)] == [slate.id]
    await second.crew.finish(slate_work(slate.id))
    view = await browsing.slate(second, slate.id)
    assert [pitch.title for pitch in view.pitches] == [
        draft.title for draft in expected if isinstance(draft, PitchDraft)
    ]
    assert await pitching.resume(second) == ()


async def test_a_slate_written_by_two_processes_is_stored_once(open_app: OpenApp) -> None:
    gate = asyncio.Event()
    slow = open_app(Writer(FakeDecoder(gate=gate.wait), TitleIndex.of(())))
    slate = await pitching.open_slate(slow, BRIEF, by=ANNA, guild=PAGE)
    other = open_app(Told([[*written(0, "Other"), *written(1, "Another"), *written(2, "Third"), DONE]]))
    await pitching.resume(other)
    await other.crew.finish(slate_work(slate.id))
    gate.set()
    with capture_logs() as logs:
        await slow.crew.finish(slate_work(slate.id))
    assert logs == []
    assert [pitch.title for pitch in (await browsing.slate(slow, slate.id)).pitches] == ["Other", "Another", "Third"]


@pytest.mark.parametrize(("coarse", "titles"), [(True, ["Shitty Trains", "Rain"]), (False, ["Rain"])])
async def test_what_is_taken_up_again_keeps_the_words_of_its_channel(
    open_app: OpenApp,
    coarse: bool,  # noqa: FBT001
    titles: list[str],
) -> None:
    dying = open_app(Writer(FakeDecoder(gate=asyncio.Event().wait), TitleIndex.of(())))
    slate = await pitching.open_slate(dying, BRIEF, by=ANNA, guild=PAGE, coarse=coarse)
    dying.crew.stop(slate_work(slate.id))
    other = open_app(Told([[*written(0, "Shitty Trains"), *written(1, "Rain"), DONE], [DONE]]))
    await pitching.resume(other)
    await other.crew.finish(slate_work(slate.id))
    assert [pitch.title for pitch in (await browsing.slate(other, slate.id)).pitches] == titles


async def test_a_slate_that_stands_is_not_written_again(open_app: OpenApp, slated: Slated) -> None:
    engine = Told([[*written(0, "One"), DONE]])
    app = open_app(engine)
    view = await slated(app, count=1)
    await pitching.write_slate(app, view.slate.id)
    assert len(engine.asked) == 1


async def test_asking_for_a_slate_in_work_changes_nothing(open_app: OpenApp) -> None:
    gate = asyncio.Event()
    decoder = FakeDecoder(gate=gate.wait)
    app = open_app(Writer(decoder, TitleIndex.of(())))
    slate = await pitching.open_slate(app, BRIEF, by=ANNA, guild=PAGE)
    pitching.start(app, slate.id)
    gate.set()
    await app.crew.finish(slate_work(slate.id))
    assert len({tuple(seeds) for seeds in decoder.asked}) == len(decoder.asked)


async def test_a_lost_slate_ends_its_stage(app: App) -> None:
    with capture_logs() as logs:
        pitching.start(app, SlateId(99))
        await app.crew.finish(slate_work(99))
        await asyncio.sleep(0)
    assert [entry["event"] for entry in logs] == ["work failed"]
    assert app.stage.latest(slate_work(99)) is None
