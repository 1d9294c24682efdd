"""One promise, kept by every engine: the writer, the line, and the worker over HTTP."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, aclosing
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest
from pydantic import SecretStr

from model import tasks
from model.batcher import Line
from model.briefs import Brief, DialogBrief, LineBrief, PitchBrief, ScriptBrief, StagingBrief, genre, theme
from model.client import WorkerClient
from model.drafts import DialogDraft, PitchDraft, ScriptDraft
from model.engine import Drafted, Engine, Event, Finished, NothingOriginalError, Retracted, Text, generate
from model.engines import PromptTooLongError
from model.engines.openai_engine import OpenAIDecoder
from model.engines.openai_row import Abilities, Manners
from model.engines.openai_server import Server
from model.fake import FakeDecoder
from model.originality import TitleIndex, normalise
from model.screenplay import Direction, Heading, Script, Turn
from model.writer import ATTEMPTS, BOUND, JUDGED, LINES, Writer
from tests.model import tiny
from tests.model.completions_double import Double, serving, telling
from tests.model.loopback import running

Build = Callable[..., Awaitable[Engine]]
PITCH = PitchBrief(genre=genre("comedy"), theme=theme("time travel"), count=5, seed=11)
DIALOG = DialogBrief(title="Salt", summary="Two sisters inherit a lighthouse.", seed=3)
SCRIPT = ScriptBrief(title="Salt", summary="Two sisters inherit a lighthouse.", seed=3)
PAGE = Script(
    (
        Heading("INT. SHOP - DAY"),
        Turn("BEN", "Yes."),
        Turn("ANNA", "Is he gone?", "low"),
        Direction("A door falls shut."),
        Turn("BEN", "No."),
    )
)
LINE = LineBrief(title="Salt", summary="Two sisters inherit a lighthouse.", script=PAGE, at=2, seed=3)
STAGING = StagingBrief(dialog=(Turn("ANNA", "Is he gone?"), Turn("BEN", "Not yet.")), seed=3)

PLAIN = Manners(
    model="fake",
    context=2000,
    ends=frozenset([0]),
    banned=(),
    beginning=(),
    can=Abilities(ids=False, extras=False, grammar=False),
)


@pytest.fixture(params=["writer", "line", "http", "completions"])
async def build(request: pytest.FixtureRequest) -> AsyncGenerator[Build]:
    kind: Literal["writer", "line", "http", "completions"] = request.param
    async with AsyncExitStack() as stack:

        async def made(decoder: FakeDecoder, *taken: str) -> Engine:
            writer = Writer(decoder, TitleIndex.of(taken))
            if kind == "completions":
                address = await stack.enter_async_context(serving(Double(write=telling(decoder), name="fake")))
                remote = OpenAIDecoder([Server(address, None)], tiny.tokenizer(), PLAIN, folder=Path("none"))
                stack.push_async_callback(remote.aclose)
                return Writer(remote, TitleIndex.of(taken))
            if kind == "writer":
                return writer
            if kind == "line":
                return Line(writer, capacity=2)
            address = await stack.enter_async_context(running(writer, token="secret"))
            return await stack.enter_async_context(WorkerClient(address, SecretStr("secret")))

        yield made


async def events(engine: Engine, brief: Brief) -> list[Event]:
    return [event async for event in engine.stream(brief)]


def shown(stream: list[Event], slot: int) -> str:
    text = ""
    for event in stream:
        if isinstance(event, Text) and event.slot == slot:
            text += event.text
        elif event == Retracted(slot):
            text = ""
    return text


async def test_the_last_event_and_no_other_is_finished(build: Build) -> None:
    stream = await events(await build(FakeDecoder()), PITCH)
    assert [isinstance(event, Finished) for event in stream] == [False] * (len(stream) - 1) + [True]


async def test_a_slate_fills_every_slot_once_with_different_titles(build: Build) -> None:
    stream = await events(await build(FakeDecoder()), PITCH)
    drafted = {event.slot: event.draft for event in stream if isinstance(event, Drafted)}
    assert sorted(drafted) == list(range(PITCH.count))
    titles = [normalise(draft.title) for draft in drafted.values() if isinstance(draft, PitchDraft)]
    assert len(set(titles)) == PITCH.count


@pytest.mark.parametrize(
    ("brief", "kind"),
    [(PITCH, PitchDraft), (DIALOG, DialogDraft), (SCRIPT, ScriptDraft), (STAGING, ScriptDraft)],
    ids=["pitch", "dialog", "script", "staging"],
)
async def test_the_text_shown_is_the_draft_delivered(build: Build, brief: Brief, kind: type) -> None:
    stream = await events(await build(FakeDecoder()), brief)
    drafted = [event for event in stream if isinstance(event, Drafted)]
    assert drafted
    for event in drafted:
        assert isinstance(event.draft, kind)
        assert shown(stream, event.slot) == tasks.completion(event.draft)


async def test_a_staged_dialog_keeps_every_line(build: Build) -> None:
    (draft,) = await generate(await build(FakeDecoder()), STAGING)
    assert isinstance(draft, ScriptDraft)
    assert draft.script.turns == STAGING.dialog


async def test_a_line_is_said_otherwise_and_the_rest_of_the_script_stays(build: Build) -> None:
    stream = await events(await build(FakeDecoder()), LINE)
    (draft,) = [event.draft for event in stream if isinstance(event, Drafted)]
    assert isinstance(draft, ScriptDraft)
    before, after = LINE.script.elements, draft.script.elements
    assert (before[:2], before[3:]) == (after[:2], after[3:])
    assert after[2] == replace(LINE.turn, speech=shown(stream, 0))
    assert after[2] != before[2]


async def test_a_line_that_cannot_be_said_otherwise_is_nothing_original(build: Build) -> None:
    decoder = FakeDecoder(["Is he gone?\n"])
    with pytest.raises(NothingOriginalError):
        await generate(await build(decoder), LINE)
    assert sum(map(len, decoder.asked)) == ATTEMPTS * LINES


async def test_the_same_brief_gives_the_same_drafts(build: Build) -> None:
    engine = await build(FakeDecoder())
    assert await generate(engine, PITCH) == await generate(engine, PITCH)
    assert await generate(engine, SCRIPT) == await generate(engine, SCRIPT)


async def test_another_seed_gives_other_drafts(build: Build) -> None:
    engine = await build(FakeDecoder())
    other = PitchBrief(genre=PITCH.genre, theme=PITCH.theme, count=5, seed=12)
    assert await generate(engine, PITCH) != await generate(engine, other)


@pytest.fixture
def enough(request: pytest.FixtureRequest) -> int:
    """How many steps show the first text of ``PITCH``: a server takes each of its ten rows for itself."""
    return (JUDGED + 4) * (2 * PITCH.count if "completions" in request.node.name else 1)


async def test_closing_the_stream_stops_the_decoder(build: Build, enough: int) -> None:
    steps = asyncio.Semaphore(enough)
    decoder = FakeDecoder(gate=steps.acquire)
    async with aclosing((await build(decoder)).stream(PITCH)) as stream:
        await anext(stream)
    async with asyncio.timeout(10):
        await decoder.closed.wait()
    assert decoder.steps <= enough


async def test_a_cancelled_reader_stops_the_decoder(build: Build, enough: int) -> None:
    steps = asyncio.Semaphore(enough)
    decoder = FakeDecoder(gate=steps.acquire)
    engine = await build(decoder)
    begun = asyncio.Event()

    async def read() -> None:
        async with aclosing(engine.stream(PITCH)) as stream:
            async for _ in stream:
                begun.set()

    reader = asyncio.create_task(read())
    async with asyncio.timeout(10):
        await begun.wait()
        reader.cancel()
        await asyncio.gather(reader, return_exceptions=True)
        await decoder.closed.wait()
    assert reader.cancelled()


def pitched(*titles: str) -> list[str]:
    return [f" {title}\nSUMMARY: A story about {title.lower()}." for title in titles]


async def test_a_taken_or_unwanted_title_never_shows(build: Build) -> None:
    decoder = FakeDecoder(pitched("The Matrix", "Alien³ (4K UHD)", "Old Idea", "Fresh Snow", "fresh snow!", "Tin Sea"))
    engine = await build(decoder, "Matrix", "Alien 3")
    brief = PitchBrief(genre=genre("drama"), theme=theme("sea"), count=2, avoid=("An Old Idea",))
    stream = await events(engine, brief)
    texts = "".join(event.text for event in stream if isinstance(event, Text))
    assert not [word for word in ("Matrix", "Alien", "Old Idea", "fresh snow!") if word in texts]
    assert {shown(stream, slot).split("\n")[0] for slot in (0, 1)} == {" Fresh Snow", " Tin Sea"}
    assert isinstance(stream[-1], Finished)
    assert {"taken", "repeated"} <= set(stream[-1].dropped)


async def test_what_does_not_read_is_retracted_and_written_anew(build: Build) -> None:
    decoder = FakeDecoder([" Half\nSUMMARY: one\ntwo\nthree", " Half\nSUMMARY: one\ntwo\nthree", *pitched("Whole")])
    stream = await events(await build(decoder), PitchBrief(genre=genre("drama"), theme=theme("sea"), count=1))
    assert Retracted(0) in stream
    drafted = [event.draft for event in stream if isinstance(event, Drafted)]
    assert drafted == [PitchDraft(title="Whole", summary="A story about whole.")]


async def test_a_script_gets_a_second_attempt(build: Build) -> None:
    good = "CAST: ANNA, BEN\n[INT. SHOP - DAY]\nANNA: Yes.\nBEN: No."
    stream = await events(await build(FakeDecoder(["nonsense", good])), SCRIPT)
    assert stream.count(Retracted(0)) == 1
    assert shown(stream, 0) == good
    assert isinstance(stream[-1], Finished)
    assert stream[-1].dropped == {"unreadable": 1}


async def test_a_title_with_a_catalogue_s_tag_never_shows(build: Build) -> None:
    decoder = FakeDecoder(pitched("Fresh Snow (4K UHD)", "Tin Sea (Hindi)", "Salt (2019)", "Part (Two)"))
    stream = await events(await build(decoder), PITCH)
    assert [
        event.draft.title for event in stream if isinstance(event, Drafted) and isinstance(event.draft, PitchDraft)
    ] == ["Part (Two)"]


async def test_a_few_good_titles_are_delivered_alone(build: Build) -> None:
    drafts = await generate(await build(FakeDecoder(pitched("Fresh Snow"))), PITCH)
    assert drafts == (PitchDraft(title="Fresh Snow", summary="A story about fresh snow."),)


async def test_when_everything_is_taken_nothing_original_is_said_after_a_bounded_number_of_tries(build: Build) -> None:
    decoder = FakeDecoder(pitched("Up"))
    with pytest.raises(NothingOriginalError):
        await generate(await build(decoder, "Up"), PITCH)
    assert sum(map(len, decoder.asked)) == BOUND * PITCH.count


async def test_text_of_any_script_survives(build: Build) -> None:
    title, summary = "雪の灯台 – Émile’s “Ночь”", "Zwei Schwestern 👩‍👩‍👧 und ein Leuchtturm\u00a0— बर्फ़."
    text = f" {title}\nSUMMARY: {summary}"
    with pytest.raises(NothingOriginalError):  # a no-break space is no canonical text
        await generate(await build(FakeDecoder([text])), PITCH)


async def test_titles_of_any_script_survive(build: Build) -> None:
    draft = PitchDraft(title="雪の灯台 – Émile’s “Ночь”", summary="Zwei Schwestern, ein Leuchtturm — बर्फ़ है 🎬.")
    assert (await generate(await build(FakeDecoder([tasks.completion(draft)])), PITCH)) == (draft,)


async def test_a_prompt_that_does_not_fit_is_said_with_its_numbers(
    build: Build, request: pytest.FixtureRequest
) -> None:
    if "completions" in request.node.name:
        pytest.skip("that engine counts for itself: test_openai_engine.py")

    def refuse(_prompt: tasks.Prompt, _seed: int) -> str:
        raise PromptTooLongError(1500, 1023)

    with pytest.raises(PromptTooLongError) as caught:
        await generate(await build(FakeDecoder(refuse)), STAGING)
    assert (caught.value.length, caught.value.limit) == (1500, 1023)


async def test_tokens_are_counted(build: Build) -> None:
    stream = await events(await build(FakeDecoder(pitched("One Word", "Two Words"))), PITCH)
    finished = stream[-1]
    assert isinstance(finished, Finished)
    assert finished.model == "fake"
    assert 0 < finished.kept < finished.computed
