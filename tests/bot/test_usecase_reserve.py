"""Shows made up ahead: as many as wait, of genres that are liked, nothing twice, the community's own first."""

import random
from collections import Counter
from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import update

from bot.app import App
from bot.usecases import browsing, reserve, showing
from bot.usecases.reserve import ROOM, THEMES, NothingToPostError
from bot.usecases.taste import Taste, fresh_choice
from db import pitches, slates, votes
from db.pitches import Pitch, PitchRow
from model.briefs import GENRES
from model.engine import EngineUnauthorizedError
from model.fake import fake_engine
from tests.bot.conftest import ANNA, OpenApp, Slated
from tests.bot.doubles import NOON, Moody

Scripted = Callable[..., Awaitable[Pitch]]
DAY = NOON.date()


async def waiting(app: App) -> list[Pitch]:
    async with app.database.reading() as session:
        return [pitch for pitch in await pitches.unposted(session, 50) if pitch.guild_id == ROOM]


async def test_as_many_shows_are_made_up_as_are_missing(app: App) -> None:
    assert await reserve.fill(app, 2) == 2
    assert await reserve.fill(app, 3) == 1
    assert await reserve.fill(app, 3) == 0
    made = await waiting(app)
    assert len({pitch.id for pitch in made}) == 3
    for pitch in made:
        (script,) = (await browsing.show(app, pitch.id)).scripts
        assert script.fountain


async def test_no_theme_comes_again_before_all_were_had_and_no_genre_soon(app: App) -> None:
    assert await reserve.fill(app, 8) == 8
    async with app.database.reading() as session:
        had = await slates.recent(session, ROOM, 50)
    assert len({slate.theme for slate in had}) == 8
    assert len({slate.genre for slate in had[: len(GENRES) // 2]}) == min(8, len(GENRES) // 2)


async def test_a_writer_that_is_away_leaves_the_reserve_as_it_is(open_app: OpenApp) -> None:
    app = open_app(Moody(fake_engine(), [(0, EngineUnauthorizedError())] * 9))
    assert await reserve.fill(app, 2) == 0
    assert await waiting(app) == []
    with pytest.raises(NothingToPostError):
        await showing.choose(app, DAY)


async def test_the_community_comes_before_the_room(app: App, scripted: Scripted) -> None:
    await reserve.fill(app, 1)
    (made_up,) = await waiting(app)
    assert (await showing.choose(app, DAY)).id == made_up.id
    chosen = await scripted(app, seed=99)
    assert (await showing.choose(app, DAY)).id == chosen.id


async def test_a_writer_away_on_the_day_costs_nothing_if_something_is_in_reserve(open_app: OpenApp) -> None:
    app = open_app()
    await reserve.fill(app, 1)
    away = open_app(Moody(fake_engine(), [(0, EngineUnauthorizedError())] * 9))
    assert (await showing.choose(away, DAY)).id == (await waiting(app))[0].id


async def test_what_is_too_strong_for_all_is_passed_by(app: App, scripted: Scripted) -> None:
    coarse, fine = await scripted(app, seed=7), await scripted(app, seed=8)
    async with app.database.writing() as session:
        await session.execute(update(PitchRow).where(PitchRow.id == coarse.id).values(summary="What the fuck."))
    assert (await showing.choose(app, DAY)).id == fine.id


async def test_what_the_room_likes_is_counted_by_genre(app: App, slated: Slated) -> None:
    view = await slated(app)
    async with app.database.writing() as session:
        await votes.cast(session, slate_id=view.slate.id, pitch_id=view.pitches[0].id, member_id=ANNA, now=app.now())
    async with app.database.reading() as session:
        assert await slates.votes_by_genre(session, view.slate.created_at) == {"comedy": 1}
        assert await slates.votes_by_genre(session, app.now().replace(year=2100)) == {}


def test_taste_tells_the_words_of_winners_from_those_of_losers() -> None:
    taste = Taste.of(["The Robot Chef cooks"] * 5, ["A Sad Wedding ends"] * 5)
    assert taste.score("Robots that cook") > 0 > taste.score("Weddings are sad")
    assert taste.score("Nothing known") == 0.0


@pytest.mark.parametrize("texts", [([], []), (["one thing"], []), ([], ["one thing"])])
def test_without_verdicts_all_texts_are_liked_alike(texts: tuple[list[str], list[str]]) -> None:
    assert Taste.of(*texts).score("one thing") == 0.0


def test_what_is_liked_is_drawn_more_often_and_what_was_used_not_at_all() -> None:
    dice = random.Random(1)  # noqa: S311 - a test
    drawn = Counter(fresh_choice(dice, "abc", used=["c"], likes={"a": 9}) for _ in range(1000))
    assert drawn["c"] == 0
    assert drawn["a"] > 5 * drawn["b"] > 0


def test_when_all_were_used_the_longest_unused_comes() -> None:
    dice = random.Random(1)  # noqa: S311 - a test
    assert fresh_choice(dice, "abc", used=["b", "c", "a", "b"], likes={}) == "a"
    assert len(THEMES) == len(set(THEMES))
