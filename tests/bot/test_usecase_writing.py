import asyncio

import pytest

from bot import errors
from bot.app import App
from bot.stage import Progress, script_work
from bot.usecases import browsing, retraining, voting, writing
from bot.usecases.writing import NotGreenlitError
from db.errors import NotFoundError
from db.ids import PitchId, ScriptId
from db.pitches import Pitch
from model.drafts import PitchDraft, ScriptDraft
from model.engine import Drafted, EngineFailedError, EngineLostError, Finished, Retracted, Text
from model.fake import FakeDecoder, fake_engine
from model.originality import TitleIndex
from model.screenplay import Heading, Script, Turn
from model.writer import Writer
from tests.bot.conftest import ANNA, PAGE, OpenApp, Slated
from tests.bot.doubles import Moody, Told

PAGE_ONE = ScriptDraft(Script((Heading("INT. KITCHEN - NIGHT"), Turn("ANNA", "Is he gone?"))))
DONE = Finished(model="told", computed=9, kept=9)


async def greenlit(app: App, slated: Slated) -> Pitch:
    """Have a pitch greenlit by ``app`` without its script being written there."""
    view = await slated(app)
    pitch = await voting.greenlight(app, view.pitches[0].id, by=ANNA)
    await app.crew.drain(0)
    return pitch


async def test_a_script_is_written_once(open_app: OpenApp, slated: Slated) -> None:
    pitch = await greenlit(open_app(), slated)
    engine = Told([[Text(0, "one "), Text(0, "two"), Drafted(0, PAGE_ONE), DONE]])
    app = open_app(engine)
    first, second = [await writing.order_script(app, pitch.id, by=ANNA) for _ in range(2)]
    assert first == second
    await app.crew.finish(script_work(first.id))
    third = await writing.order_script(app, pitch.id, by=ANNA)
    assert (third.id, third.state, third.model, len(engine.asked)) == (first.id, "done", "told", 1)
    assert third.fountain is not None
    assert "INT. KITCHEN - NIGHT" in third.fountain
    assert (await browsing.script(app, first.id))[0].state == "scripted"
    await writing.write_script(app, first.id)
    assert len(engine.asked) == 1


async def test_the_watcher_sees_the_page_grow_and_start_again(open_app: OpenApp, slated: Slated) -> None:
    pitch = await greenlit(open_app(), slated)
    engine = Moody(
        Told([[Text(0, "bad"), Retracted(0), Text(0, "good"), Drafted(0, PAGE_ONE), DONE]]), [(1, EngineLostError())]
    )
    app = open_app(engine)
    script = await writing.order_script(app, pitch.id, by=ANNA)
    states = [state async for state in app.stage.watch(script_work(script.id))]
    assert states[0] == Progress()
    assert states[-1] == Progress(texts=("good",))


async def test_a_pitch_that_is_not_greenlit_gets_no_script(app: App, slated: Slated) -> None:
    view = await slated(app)
    with pytest.raises(NotGreenlitError) as caught:
        await writing.order_script(app, view.pitches[0].id, by=ANNA)
    sentence = errors.explain(caught.value)
    assert sentence == f"“{view.pitches[0].title}” is still up for votes; only greenlit shows get a script."
    await voting.greenlight(app, view.pitches[0].id, by=ANNA)
    with pytest.raises(NotGreenlitError, match="passed"):
        await writing.order_script(app, view.pitches[1].id, by=ANNA)
    with pytest.raises(NotFoundError):
        await writing.order_script(app, PitchId(99), by=ANNA)


async def test_a_failed_script_can_be_ordered_again(open_app: OpenApp, slated: Slated) -> None:
    pitch = await greenlit(open_app(), slated)
    broken = open_app(Told([[EngineFailedError("ab12")]]))
    script = await writing.order_script(broken, pitch.id, by=ANNA)
    await broken.crew.finish(script_work(script.id))
    _, failed = await browsing.script(broken, script.id)
    assert (failed.state, failed.failure) == ("failed", "EngineFailedError")
    whole = open_app()
    again = await writing.order_script(whole, pitch.id, by=ANNA)
    assert (again.id, again.state) == (script.id, "drafting")
    await whole.crew.finish(script_work(script.id))
    assert (await browsing.script(whole, script.id))[1].state == "done"


async def test_a_stream_without_a_script_is_a_failure(open_app: OpenApp, slated: Slated) -> None:
    pitch = await greenlit(open_app(), slated)
    app = open_app(Told([[Drafted(0, PitchDraft(title="A", summary="B.")), DONE]]))
    script = await writing.order_script(app, pitch.id, by=ANNA)
    await app.crew.finish(script_work(script.id))
    assert (await browsing.script(app, script.id))[1].failure == "NothingOriginalError"


async def test_a_stopped_script_is_taken_up_with_the_same_words(open_app: OpenApp, slated: Slated) -> None:
    held = asyncio.Event()
    pitch = await greenlit(open_app(), slated)
    first = open_app(Writer(FakeDecoder(gate=held.wait), TitleIndex.of(())))
    script = await writing.order_script(first, pitch.id, by=ANNA)
    assert await first.crew.drain(0) == 1
    second = open_app()
    assert [left.id for left in await writing.resume(second)] == [script.id]
    await second.crew.finish(script_work(script.id))
    written = (await browsing.script(second, script.id))[1]
    assert (written.state, written.seed) == ("done", script.seed)
    assert await writing.resume(second) == ()


async def test_a_script_stopped_in_the_middle_of_the_transaction_is_not_half_there(
    open_app: OpenApp, slated: Slated
) -> None:
    pitch = await greenlit(open_app(), slated)
    app = open_app(fake_engine())
    script = await writing.order_script(app, pitch.id, by=ANNA)
    async for _ in app.stage.watch(script_work(script.id)):
        break
    await app.crew.drain(0)
    (show,) = [await browsing.show(app, pitch.id)]
    assert (show.pitch.state, show.scripts[0].state) in {("greenlit", "drafting"), ("scripted", "done")}


async def test_the_place_of_a_script_is_remembered(open_app: OpenApp, slated: Slated) -> None:
    app = open_app()
    pitch = await greenlit(app, slated)
    script = (await browsing.show(app, pitch.id)).scripts[0]
    placed = await writing.place(app, script, channel_id=5, message_id=6)
    assert placed == (await browsing.script(app, script.id))[1]
    with pytest.raises(NotFoundError):
        await browsing.script(app, ScriptId(99))


async def test_one_fine_tuning_waits_at_a_time(app: App) -> None:
    first, new = await retraining.queue_run(app, by=ANNA, guild=PAGE)
    second, again = await retraining.queue_run(app, by=ANNA, guild=PAGE)
    assert (first.id, new, again) == (second.id, True, False)
