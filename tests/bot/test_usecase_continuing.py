"""Further scenes, lines said otherwise, dialogs staged: each once, in its place, and after a restart too."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from bot.app import App
from bot.export import fountain
from bot.stage import script_work, staging_work
from bot.usecases import browsing, continuing, rewriting, synopsis
from bot.usecases.continuing import MAX_PARTS, LastSceneError
from bot.usecases.writing import NotGreenlitError
from db import rewrites, scripts
from db.errors import NotFoundError
from db.ids import MemberId, ScriptId
from db.pitches import Pitch
from model.briefs import MAX_SUMMARY, ScriptBrief, summary
from model.drafts import ScriptDraft
from model.engine import Drafted, Finished
from model.fake import FakeDecoder
from model.originality import TitleIndex
from model.screenplay import Direction, Heading, NotAScriptError, Script, Turn
from model.writer import Writer
from tests.bot.conftest import ANNA, PAGE, OpenApp, Slated
from tests.bot.doubles import Told

Scripted = Callable[..., Awaitable[Pitch]]
BOB = MemberId("page:bob")
BOTH = pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)


async def go_on(app: App, pitch: Pitch) -> scripts.Script:
    ordered = await continuing.order_next(app, pitch.id, by=ANNA)
    await app.crew.finish(script_work(ordered.id))
    return (await browsing.script(app, ordered.id))[1]


@BOTH
async def test_five_scenes_are_one_document_with_one_title_page(app: App, scripted: Scripted) -> None:
    pitch = await scripted(app)
    for part in (2, 3, 4, 5):
        assert (await go_on(app, pitch)).part == part
    _, text = await continuing.document(app, pitch.id)
    assert text.count("Title: ") == 1
    whole = fountain.read(text.partition("\n\n")[2])
    assert sum(isinstance(element, Heading) for element in whole.elements) >= 5


@BOTH
async def test_of_two_who_go_on_at_once_both_get_the_same_scene(open_app: OpenApp, scripted: Scripted) -> None:
    pitch = await scripted(open_app())
    app = open_app(Writer(FakeDecoder(gate=asyncio.Event().wait), TitleIndex.of(())))
    orders = await asyncio.gather(*(continuing.order_next(app, pitch.id, by=who) for who in (ANNA, BOB, ANNA)))
    assert {ordered.part for ordered in orders} == {2}
    assert len({ordered.id for ordered in orders}) == 1


async def test_the_next_scene_is_told_what_happened(open_app: OpenApp, scripted: Scripted) -> None:
    app = open_app()
    pitch = await scripted(app)
    first = (await browsing.show(app, pitch.id)).scripts[0]
    assert first.synopsis
    assert first.synopsis.startswith(pitch.summary[:100])
    script = Script((Heading("INT. ROOF - NIGHT"), Turn("ANNA", "Jump!")))
    told = Told([[Drafted(0, ScriptDraft(script)), Finished(model="m", computed=1, kept=1, dropped={})]])
    again = open_app(told)
    await go_on(again, pitch)
    (brief,) = told.asked
    assert isinstance(brief, ScriptBrief)
    assert brief.summary == first.synopsis


async def test_there_is_a_last_scene(app: App, scripted: Scripted) -> None:
    pitch = await scripted(app)
    for _ in range(MAX_PARTS - 1):
        await go_on(app, pitch)
    with pytest.raises(LastSceneError):
        await continuing.order_next(app, pitch.id, by=ANNA)


async def test_a_pitch_that_nobody_chose_does_not_go_on(app: App, slated: Slated) -> None:
    view = await slated(app)
    with pytest.raises(NotGreenlitError):
        await continuing.order_next(app, view.pitches[0].id, by=ANNA)
    with pytest.raises(NotFoundError):
        await continuing.document(app, view.pitches[0].id)


def test_the_story_so_far_is_a_summary_however_long_it_gets() -> None:
    told: str | None = None
    for number in range(30):
        said = Turn("ANNA", f"Line {number}" + " and so on" * 40)
        scene = Script((Heading(f"INT. ROOM {number} - DAY"), Direction("Rain."), said))
        told = synopsis.so_far("A show about rain. " * 30, told, scene)
        assert len(told) <= MAX_SUMMARY
        assert summary(told) == told
        assert f"room {number}" in told
    assert "room 28" in (told or "")


@BOTH
async def test_two_lines_said_otherwise_at_once_are_both_on_the_page(app: App, scripted: Scripted) -> None:
    pitch = await scripted(app)
    script = (await browsing.show(app, pitch.id)).scripts[0]
    spoken = await rewriting.spoken(app, script.id)
    (first, _), (second, _) = list(spoken.items())[:2]
    both = [await rewriting.order_line(app, script.id, at, by=ANNA) for at in (first, second)]
    for ordered in both:
        await app.crew.finish(rewriting.rewrite_work(ordered.id))
    done = [await rewriting.rewritten(app, ordered.id) for ordered in both]
    now = await rewriting.spoken(app, script.id)
    assert [one.became for one in done] == [now[first].speech, now[second].speech]
    assert now.keys() == spoken.keys()
    assert [now[at].cue for at in now] == [spoken[at].cue for at in spoken]


async def test_a_line_that_changed_meanwhile_stays_as_it_became(open_app: OpenApp, scripted: Scripted) -> None:
    app = open_app()
    pitch = await scripted(app)
    script = (await browsing.show(app, pitch.id)).scripts[0]
    at = next(iter(await rewriting.spoken(app, script.id)))
    gate = asyncio.Event()
    slow = open_app(Writer(FakeDecoder(gate=gate.wait), TitleIndex.of(())))
    late = await rewriting.order_line(slow, script.id, at, by=BOB)
    quick = await rewriting.order_line(app, script.id, at, by=ANNA)
    await app.crew.finish(rewriting.rewrite_work(quick.id))
    became = (await rewriting.rewritten(app, quick.id)).became
    gate.set()
    await slow.crew.finish(rewriting.rewrite_work(late.id))
    assert (await rewriting.rewritten(app, late.id)).failure in {"LineChangedError", None}
    now = (await rewriting.spoken(app, script.id))[at].speech
    assert now in {became, (await rewriting.rewritten(app, late.id)).became}


async def test_lines_and_dialogs_go_on_after_a_restart(open_app: OpenApp, scripted: Scripted) -> None:
    app = open_app()
    pitch = await scripted(app)
    script = (await browsing.show(app, pitch.id)).scripts[0]
    at = next(iter(await rewriting.spoken(app, script.id)))
    dead = open_app(Writer(FakeDecoder(gate=asyncio.Event().wait), TitleIndex.of(())))
    line = await rewriting.order_line(dead, script.id, at, by=ANNA)
    dialog = await rewriting.order_staging(dead, "ANNA: Who is there?\nBEN: Nobody.", by=ANNA, guild=PAGE)
    await dead.crew.drain(0)
    assert [left.id for left in await rewriting.resume(app)] == [dialog.id]
    await app.crew.finish(rewriting.rewrite_work(line.id))
    await app.crew.finish(staging_work(dialog.id))
    assert (await rewriting.rewritten(app, line.id)).state == "done"
    staged = await rewriting.staging(app, dialog.id)
    assert "Who is there?" in (staged.fountain or "")
    assert await rewriting.resume(app) == ()


@pytest.mark.parametrize("dialog", ["", "no name here", "ANNA: x\n" * 41])
async def test_what_is_no_dialog_is_refused_and_not_kept(app: App, dialog: str) -> None:
    with pytest.raises((NotAScriptError, ValueError)):
        await rewriting.order_staging(app, dialog, by=ANNA, guild=PAGE)
    assert await rewriting.resume(app) == ()


async def test_a_line_that_is_none_is_not_found(app: App, scripted: Scripted) -> None:
    pitch = await scripted(app)
    script = (await browsing.show(app, pitch.id)).scripts[0]
    for at in (0, 999):
        with pytest.raises(NotFoundError):
            await rewriting.order_line(app, script.id, at, by=ANNA)
    with pytest.raises(NotFoundError):
        await rewriting.spoken(app, ScriptId(999))
    async with app.database.reading() as session:
        assert await rewrites.unfinished(session) == ()
