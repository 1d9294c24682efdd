import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable

import pytest

from bot.app import App
from bot.stage import Progress, slate_work
from bot.usecases import browsing, pitching, voting
from bot.usecases.limits import EnoughTodayError
from bot.usecases.pitching import NotDraftingError, NotYoursError
from db import guilds, slates
from db.errors import NotFoundError
from db.ids import GuildId, MemberId, SlateId
from model.briefs import Brief, PitchBrief, genre, theme
from model.drafts import PitchDraft, ScriptDraft
from model.engine import (
    ANYHOW,
    Drafted,
    Event,
    Finished,
    NothingOriginalError,
    Queued,
    Retracted,
    Terms,
    Text,
)
from model.fake import FakeDecoder, fake_engine
from model.originality import TitleIndex, normalise
from model.screenplay import Heading, Script, Turn
from model.writer import Writer
from tests.bot.conftest import ANNA, PAGE, OpenApp, Slated
from tests.bot.doubles import Clock, Moody, Told

BRIEF = PitchBrief(genre=genre("comedy"), theme=theme("time travel"), count=3, seed=7)
DONE = Finished(model="told", computed=9, kept=9)


def written(slot: int, title: str) -> tuple[Event, ...]:
    draft = PitchDraft(title=title, summary=f"About {title}.")
    return Text(slot, f" {title}\nSUMMARY: "), Text(slot, draft.summary), Drafted(slot, draft)


async def watched(app: App, slate_id: SlateId) -> list[Progress]:
    return [state async for state in app.stage.watch(slate_work(slate_id))]


async def test_a_slate_is_there_at_once_and_written_behind(app: App) -> None:
    slate = await pitching.open_slate(app, BRIEF, by=ANNA, guild=PAGE)
    assert slate.state == "drafting"
    assert (await browsing.slate(app, slate.id)).progress is not None
    await app.crew.finish(slate_work(slate.id))
    view = await browsing.slate(app, slate.id)
    assert (view.slate.state, view.slate.model, len(view.pitches)) == ("open", "fake", 3)
    assert view.progress is None


async def test_the_watcher_sees_places_and_growing_titles(open_app: OpenApp) -> None:
    app = open_app(Told([[Queued(2), Queued(1), *written(0, "Alone"), DONE]]))
    slate = await pitching.open_slate(
        app, PitchBrief(genre=genre("drama"), theme=theme("rain"), count=1), by=ANNA, guild=PAGE
    )
    states = await watched(app, slate.id)
    assert states[0] == Progress()
    assert states[-1].texts[0].startswith(" Alone\nSUMMARY: ")


async def test_the_same_seed_gives_the_same_titles(open_app: OpenApp, slated: Slated) -> None:
    engines = [Writer(FakeDecoder(), TitleIndex.of(())) for _ in range(2)]
    first = await slated(open_app(engines[0]))
    drafts = [event async for event in engines[1].stream(BRIEF) if isinstance(event, Drafted)]
    assert [pitch.title for pitch in first.pitches] == [event.draft.title for event in drafts]  # type: ignore[union-attr]


async def test_a_title_pitched_before_is_never_shown_nor_stored_again(open_app: OpenApp, slated: Slated) -> None:
    first = await slated(open_app())
    known = {normalise(pitch.title) for pitch in first.pitches}
    app = open_app()
    slate = await pitching.open_slate(app, BRIEF, by=ANNA, guild=GuildId("elsewhere"))
    shown = {text.partition("\n")[0].strip() for state in await watched(app, slate.id) for text in state.texts}
    view = await browsing.slate(app, slate.id)
    assert len(view.pitches) == 3
    assert not known & {normalise(title) for title in shown}
    assert not known & {normalise(pitch.title) for pitch in view.pitches}
    assert view.slate.dropped >= 3


async def test_a_known_title_is_not_even_shown_letter_by_letter(open_app: OpenApp, slated: Slated) -> None:
    await slated(open_app(Told([[*written(0, "Known Show"), DONE]])), count=1)
    letters = [Text(0, letter) for letter in " Known Show\nSUMMARY: Again."]
    draft = PitchDraft(title="The Known Show", summary="Again.")
    app = open_app(Told([[*letters, Drafted(0, draft), DONE], [*written(0, "New Show"), DONE]]))
    slate = await pitching.open_slate(
        app, PitchBrief(genre=genre("drama"), theme=theme("rain"), count=1), by=ANNA, guild=PAGE
    )
    shown = [text for state in await watched(app, slate.id) for text in state.texts]
    assert all(text.startswith(" New Show") for text in shown)
    assert [pitch.title for pitch in (await browsing.slate(app, slate.id)).pitches] == ["New Show"]


async def test_the_next_round_is_told_what_to_avoid(open_app: OpenApp, slated: Slated) -> None:
    await slated(open_app(Told([[*written(0, "Known"), DONE]])), count=1)
    engine = Told([[*written(0, "Known"), *written(1, "Fresh"), DONE], [*written(0, "Fresher"), DONE]])
    view = await slated(open_app(engine), count=2)
    second = engine.asked[1]
    assert isinstance(second, PitchBrief)
    assert (second.avoid, second.count, second.seed) == (("Fresh", "Known"), 1, 8)
    assert ([pitch.title for pitch in view.pitches], view.slate.dropped) == (["Fresh", "Fresher"], 1)


async def test_a_retracted_draft_leaves_its_place_to_a_new_one(open_app: OpenApp, slated: Slated) -> None:
    await slated(open_app(Told([[*written(0, "Known"), DONE]])), count=1)
    act = [Text(0, " Known\nSUMMARY: "), Retracted(0), *written(0, "Better"), DONE]
    view = await slated(open_app(engine := Told([act])), count=1)
    assert [pitch.title for pitch in view.pitches] == ["Better"]
    assert len(engine.asked) == 1


async def test_a_slate_may_stay_short_when_nothing_more_comes(open_app: OpenApp, slated: Slated) -> None:
    engine = Told([[*written(0, "Only"), DONE], [NothingOriginalError()]])
    view = await slated(open_app(engine), count=3)
    assert (view.slate.state, len(view.pitches), len(engine.asked)) == ("open", 1, 4)


async def test_a_slate_without_anything_original_fails_with_its_reason(open_app: OpenApp, slated: Slated) -> None:
    view = await slated(open_app(Told([[NothingOriginalError()]])))
    assert (view.slate.state, view.slate.failure) == ("failed", "NothingOriginalError")


async def test_titles_that_somebody_took_meanwhile_are_written_anew(open_app: OpenApp, slated: Slated) -> None:
    gate = asyncio.Event()
    slow = open_app(Writer(FakeDecoder(gate=gate.wait), TitleIndex.of(())))
    slate = await pitching.open_slate(slow, BRIEF, by=ANNA, guild=PAGE)
    await slated(open_app())
    gate.set()
    await slow.crew.finish(slate_work(slate.id))
    view = await browsing.slate(slow, slate.id)
    assert view.slate.state == "open"
    everything = [pitch.title for number in (1, 2) for pitch in (await browsing.slate(slow, SlateId(number))).pitches]
    assert len(set(map(normalise, everything))) == 6


async def test_two_same_slates_at_once_never_share_a_title(open_app: OpenApp) -> None:
    apps = [open_app(), open_app()]
    both = [await pitching.open_slate(app, BRIEF, by=ANNA, guild=PAGE, limited=False) for app in apps]
    for app, slate in zip(apps, both, strict=True):
        await app.crew.finish(slate_work(slate.id))
    views = [await browsing.slate(apps[0], slate.id) for slate in both]
    titles = [normalise(pitch.title) for view in views for pitch in view.pitches]
    assert len(titles) == len(set(titles))
    assert [view.slate.state for view in views] == ["open", "open"]


async def test_the_place_of_a_card_is_remembered_from_the_first_moment(app: App) -> None:
    slate = await pitching.open_slate(app, BRIEF, by=ANNA, guild=PAGE, place=(5, 6))
    assert (slate.channel_id, slate.message_id) == (5, 6)
    (left,) = await pitching.resume(app)
    assert left == slate


async def test_lists_show_the_newest_and_the_best(
    app: App, slated: Slated, scripted: Callable[..., Awaitable[object]]
) -> None:
    first = await slated(app)
    second = await slated(app, seed=8)
    await voting.cast_vote(app, first.pitches[1].id, by=ANNA)
    assert [slate.id for slate in await browsing.recent_slates(app, PAGE)] == [second.slate.id, first.slate.id]
    assert [pitch.id for pitch in await browsing.leaderboard(app, PAGE)] == [first.pitches[1].id]
    title = first.pitches[0].title
    found = await browsing.search(app, PAGE, title.upper(), states={first.pitches[0].state})
    assert [pitch.title for pitch in found] == [title]
    assert (await browsing.slate(app, first.slate.id, member=ANNA)).own_vote == first.pitches[1].id
    assert (await browsing.remembered(app))["votes"] == 1
    assert await browsing.recent_posts(app) == ()
    await scripted(app, seed=9)
    with pytest.raises(NotFoundError):
        await browsing.slate(app, SlateId(999))


async def test_a_failed_slate_keeps_what_was_asked(open_app: OpenApp, slated: Slated) -> None:
    app = open_app(Told([[NothingOriginalError()]]))
    view = await slated(app)
    async with app.database.reading() as session:
        row = await slates.get(session, view.slate.id)
    assert (row.genre, row.theme, row.count, row.seed) == ("comedy", "time travel", 3, 7)


async def test_the_worker_can_tell_servers_and_members_apart_but_not_who_they_are(open_app: OpenApp) -> None:
    engine = Moody(fake_engine(), [])
    app = open_app(engine)
    for member, guild in ((ANNA, PAGE), (ANNA, PAGE), (MemberId("page:ben"), PAGE), (ANNA, GuildId("other"))):
        slate = await pitching.open_slate(app, BRIEF, by=member, guild=guild)
        await app.crew.finish(slate_work(slate.id))
    asked = {(terms.server, terms.member) for terms in engine.terms}
    assert len({server for server, _ in asked}) == 2
    assert len({member for _, member in asked}) == 3
    assert not [word for word in ("page", "anna", "ben", "other") if word in str(asked)]
    assert {terms.within for terms in engine.terms} == {app.patience.wanted}
    assert open_app().terms(PAGE, ANNA) not in engine.terms  # the next process has other keys


async def test_a_slate_all_of_whose_titles_are_taken_twice_fails(open_app: OpenApp) -> None:
    """Somebody stores its title after it was judged new, each time it is written."""
    app = open_app()
    rivals = iter(["Same", "Other"])

    class Late(Told):
        async def stream(self, brief: Brief, _terms: Terms = ANYHOW, /) -> AsyncGenerator[Event]:
            self.asked.append(brief)
            title = next(rivals)
            for event in written(0, title):
                yield event
            rival = open_app(Told([[*written(0, title), DONE]]))
            slate = await pitching.open_slate(
                rival,
                PitchBrief(genre=genre("drama"), theme=theme("rain"), count=1),
                by=ANNA,
                guild=PAGE,
                limited=False,
            )
            await rival.crew.finish(slate_work(slate.id))
            yield DONE

    late = open_app(Late([]))
    slate = await pitching.open_slate(
        late, PitchBrief(genre=genre("drama"), theme=theme("rain"), count=1), by=ANNA, guild=PAGE
    )
    await late.crew.finish(slate_work(slate.id))
    view = await browsing.slate(app, slate.id)
    assert (view.slate.state, view.slate.failure) == ("failed", "NothingOriginalError")


async def test_a_draft_of_another_kind_is_no_pitch(open_app: OpenApp, slated: Slated) -> None:
    page = ScriptDraft(Script((Heading("INT. KITCHEN - NIGHT"), Turn("ANNA", "Hm."))))
    view = await slated(open_app(Told([[Drafted(1, page), *written(0, "Only"), DONE]])), count=1)
    assert [pitch.title for pitch in view.pitches] == ["Only"]


@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
async def test_of_ten_slates_that_one_member_asks_for_at_once_one_is_written(open_app: OpenApp) -> None:
    gate = asyncio.Event()
    app = open_app(Writer(FakeDecoder(gate=gate.wait), TitleIndex.of(())))
    asked = [pitching.open_slate(app, BRIEF, by=ANNA, guild=PAGE) for _ in range(10)]
    ends = await asyncio.gather(*asked, return_exceptions=True)
    assert sorted(type(end).__name__ for end in ends) == ["Slate", *["StillWritingError"] * 9]
    gate.set()


@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
async def test_a_limit_says_when_it_ends_and_ends_then(app: App, clock: Clock) -> None:
    async with app.database.writing() as session:
        await guilds.ensure(session, PAGE)
        await guilds.change(session, PAGE, slates_a_day=2, slates_a_day_of_all=3)
    for member in (ANNA, ANNA, MemberId("page:bob")):
        slate = await pitching.open_slate(app, BRIEF, by=member, guild=PAGE)
        await app.crew.finish(slate_work(slate.id))
    with pytest.raises(EnoughTodayError) as own:
        await pitching.open_slate(app, BRIEF, by=ANNA, guild=PAGE)
    assert (own.value.limit, own.value.minutes, own.value.whole) == (2, 24 * 60, False)
    with pytest.raises(EnoughTodayError) as all_of_us:
        await pitching.open_slate(app, BRIEF, by=MemberId("page:carl"), guild=PAGE)
    assert (all_of_us.value.limit, all_of_us.value.whole) == (3, True)
    clock.move(hours=24)
    assert await pitching.open_slate(app, BRIEF, by=ANNA, guild=PAGE)


async def test_what_is_called_off_is_not_written_and_not_called_off_twice(open_app: OpenApp) -> None:
    gate = asyncio.Event()
    app = open_app(Writer(FakeDecoder(gate=gate.wait), TitleIndex.of(())))
    slate = await pitching.open_slate(app, BRIEF, by=ANNA, guild=PAGE)
    with pytest.raises(NotYoursError):
        await pitching.call_off(app, slate.id, by=MemberId("page:bob"))
    await pitching.call_off(app, slate.id, by=ANNA)
    with pytest.raises(NotDraftingError):
        await pitching.call_off(app, slate.id, by=ANNA)
    await app.crew.finish(slate_work(slate.id))
    view = await browsing.slate(app, slate.id)
    assert (view.slate.state, view.slate.failure) == ("failed", "CalledOffError")
    assert app.stage.latest(slate_work(slate.id)) is None
