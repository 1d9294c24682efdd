import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import aiohttp
import discord
import pytest
from discord import ui

from bot.app import App
from bot.stage import Progress, slate_work
from bot.ui import cards, lists, places
from bot.ui.places import Show
from bot.ui.presenting import TRIES, Presenter
from db import guilds, members, pitches, slates
from db.database import Database
from db.ids import GuildId, MemberId, SlateId
from db.slates import Slate
from tests.bot.discord_room import fake_writer, new_database

HERE, MINE = GuildId("discord:1"), MemberId("discord:2")


class Wall:
    """Where a card hangs: it keeps what was shown, fails on demand and can be waited for."""

    def __init__(self) -> None:
        self.shown: list[str] = []
        self.troubles: list[Exception] = []
        self.tried = 0
        self._changed = asyncio.Event()

    async def show(self, view: cards.View) -> None:
        self.tried += 1
        self._changed.set()
        if self.troubles:
            raise self.troubles.pop(0)
        self.shown.append("\n".join(i.content for i in view.walk_children() if isinstance(i, ui.TextDisplay)))

    async def until(self, fits: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not fits():
                self._changed.clear()
                await self._changed.wait()


def http_error(status: int, code: int = 0) -> discord.HTTPException:
    kind = {403: discord.Forbidden, 404: discord.NotFound, 503: discord.DiscordServerError}.get(
        status, discord.HTTPException
    )
    return kind(SimpleNamespace(status=status, reason="said the test"), {"code": code, "message": "said the test"})  # type: ignore[arg-type]


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[App]:
    database = Database.connect(new_database(tmp_path))
    yield App(database=database, engine=fake_writer())
    await database.close()


@pytest.fixture
async def presenter(app: App) -> AsyncIterator[Presenter]:
    made = Presenter(app, edit_every=0.0, pause=0.0)
    yield made
    await made.close(0.0)


async def drafting(app: App) -> Slate:
    async with app.database.writing() as session:
        await members.ensure(session, MINE)
        await guilds.ensure(session, HERE)
        return await slates.create(
            session, guild_id=HERE, asked_by=MINE, genre="drama", theme="trains", count=1, seed=1, now=app.now()
        )


async def opened(app: App, slate_id: SlateId, hours: float = 1.0) -> None:
    async with app.database.writing() as session:
        await pitches.add(session, slate_id=slate_id, slot=0, title="Rails", title_key="rails", summary="About rails.")
        await slates.open_slate(
            session, slate_id, model="fake", dropped=0, now=app.now(), closes_at=app.now() + timedelta(hours=hours)
        )


async def test_a_card_is_shown_at_once_and_then_follows_what_is_written(app: App, presenter: Presenter) -> None:
    wall, slate = Wall(), await drafting(app)
    app.stage.publish(slate_work(slate.id), Progress(place=2))
    presenter.slate(slate.id, wall.show, 1)
    await wall.until(lambda: len(wall.shown) == 1)
    assert "Place 2 in line." in wall.shown[0]
    app.stage.publish(slate_work(slate.id), Progress(texts=("Rails\nSUMMARY: About",)))
    await wall.until(lambda: len(wall.shown) == 2)
    assert "**Rails**\nAbout" in wall.shown[1]
    await opened(app, slate.id)
    app.stage.end(slate_work(slate.id))
    await wall.until(lambda: len(wall.shown) == 3)
    assert "votes close" in wall.shown[2]


async def test_a_card_that_would_look_the_same_is_not_sent_again(app: App, presenter: Presenter) -> None:
    wall, slate = Wall(), await drafting(app)
    work = slate_work(slate.id)
    app.stage.publish(work, Progress(absent=True))
    presenter.slate(slate.id, wall.show, 1)
    await wall.until(lambda: len(wall.shown) == 1)
    for _ in range(5):
        app.stage.publish(work, Progress(absent=True))
        await asyncio.sleep(0)
    await opened(app, slate.id)
    app.stage.end(work)
    await wall.until(lambda: "votes close" in wall.shown[-1])
    assert len(wall.shown) == 2


@pytest.mark.parametrize(
    "trouble",
    [http_error(503), http_error(400), http_error(429), aiohttp.ServerDisconnectedError(), OSError(), TimeoutError()],
    ids=repr,
)
async def test_the_last_card_is_tried_again_after_any_passing_trouble(
    app: App, presenter: Presenter, trouble: Exception
) -> None:
    wall, slate = Wall(), await drafting(app)
    await opened(app, slate.id)
    wall.troubles = [trouble] * 4
    presenter.slate(slate.id, wall.show, 1)
    await wall.until(lambda: bool(wall.shown))
    assert (wall.tried, len(wall.shown)) == (5, 1)


@pytest.mark.parametrize(("status", "level"), [(404, "info"), (403, "warning")])
async def test_a_card_that_is_gone_ends_quietly(
    app: App, presenter: Presenter, status: int, level: str, capsys: pytest.CaptureFixture[str]
) -> None:
    wall, slate = Wall(), await drafting(app)
    await opened(app, slate.id)
    wall.troubles = [http_error(status)]
    presenter.slate(slate.id, wall.show, 1)
    await wall.until(lambda: wall.tried == 1)
    await presenter.close(1.0)
    assert wall.shown == []
    assert level in capsys.readouterr().out


async def test_trouble_without_end_is_given_up_with_an_error_in_the_log(
    app: App, presenter: Presenter, capsys: pytest.CaptureFixture[str]
) -> None:
    wall, slate = Wall(), await drafting(app)
    await opened(app, slate.id)
    wall.troubles = [http_error(503)] * (TRIES + 5)
    presenter.slate(slate.id, wall.show, 1)
    await wall.until(lambda: wall.tried == TRIES)
    await presenter.close(1.0)
    assert wall.tried == TRIES
    assert "card not updated" in capsys.readouterr().out


async def test_a_slate_taken_up_later_still_gets_its_last_card(app: App, presenter: Presenter) -> None:
    wall, slate = Wall(), await drafting(app)
    presenter.slate(slate.id, wall.show, 1)
    await wall.until(lambda: len(wall.shown) == 1)
    await opened(app, slate.id)
    await wall.until(lambda: len(wall.shown) == 2)
    assert "votes close" in wall.shown[1]


async def test_refreshing_many_times_at_once_draws_once(app: App) -> None:
    presenter, wall, slate = Presenter(app, edit_every=0.05), Wall(), await drafting(app)
    await opened(app, slate.id)
    for _ in range(20):
        presenter.refresh(slate.id, wall.show, 1)
    await wall.until(lambda: bool(wall.shown))
    await presenter.close(1.0)
    assert len(wall.shown) == 1


async def test_the_cards_of_a_channel_are_shown_one_after_the_other_those_of_another_meanwhile(
    app: App, presenter: Presenter
) -> None:
    answered, shown = asyncio.Event(), list[str]()
    first, second, elsewhere = [await drafting(app) for _ in range(3)]

    def slow(name: str) -> Show:
        async def show(_view: cards.View) -> None:
            shown.append(name)
            await answered.wait()

        return show

    for slate, name, channel in ((first, "first", 1), (second, "second", 1), (elsewhere, "elsewhere", 2)):
        await opened(app, slate.id)
        presenter.refresh(slate.id, slow(name), channel)
    while len(shown) < 2:  # noqa: ASYNC110 - what is waited for is in the list
        await asyncio.sleep(0.001)
    assert set(shown) == {"first", "elsewhere"}
    answered.set()
    await presenter.close(5.0)
    assert shown[-1] == "second"


async def test_the_card_loses_its_buttons_when_the_vote_is_over(app: App, presenter: Presenter) -> None:
    wall, slate = Wall(), await drafting(app)
    await opened(app, slate.id, hours=-1.0)

    async def show(view: cards.View) -> None:
        await wall.show(view)
        async with app.database.writing() as session:
            await slates.close(session, slate.id, app.now())

    presenter.slate(slate.id, show, 1)
    await wall.until(lambda: len(wall.shown) == 2)
    assert "votes close" in wall.shown[0]
    assert "the vote is over" in wall.shown[1]


async def test_at_the_end_a_card_gets_one_more_try_and_nobody_waits_for_a_vote_to_end(app: App) -> None:
    presenter, wall, slate = Presenter(app, edit_every=0.0, pause=3600.0), Wall(), await drafting(app)
    await opened(app, slate.id)
    wall.troubles = [http_error(503)] * 2
    presenter.slate(slate.id, wall.show, 1)
    await wall.until(lambda: wall.tried == 2)
    async with asyncio.timeout(10):
        await presenter.close(3600.0)
    assert len(wall.shown) == 1


async def test_what_was_shown_late_is_looked_at_once_more(app: App, presenter: Presenter) -> None:
    wall, slate = Wall(), await drafting(app)
    await opened(app, slate.id)

    async def show(view: cards.View) -> None:
        await wall.show(view)
        if len(wall.shown) == 1:  # while Discord let us wait, something has changed
            async with app.database.writing() as session:
                await slates.close(session, slate.id, app.now())

    presenter.refresh(slate.id, show, 1)
    await wall.until(lambda: len(wall.shown) == 2)
    assert "the vote is over" in wall.shown[1]


async def test_a_message_that_an_earlier_try_had_sent_is_edited() -> None:
    edits = Wall()
    partial = SimpleNamespace(edit=lambda *, view: edits.show(view))
    client = SimpleNamespace(
        get_partial_messageable=lambda _id: SimpleNamespace(get_partial_message=lambda _number: partial)
    )
    troubles: list[Exception] = [http_error(503)]
    placed: list[object] = []

    async def send(_view: cards.View) -> discord.Message:
        if troubles:
            raise troubles.pop()
        now = discord.utils.utcnow()
        return SimpleNamespace(id=1, channel=SimpleNamespace(id=2), created_at=now)  # type: ignore[return-value]

    async def place(message: object) -> None:
        placed.append(message)

    show = places.as_new(client, send, place)  # type: ignore[arg-type]
    with pytest.raises(discord.DiscordServerError):
        await show(EMPTY)
    await show(EMPTY)
    assert (len(placed), len(edits.shown)) == (1, 1)


EMPTY = lists.leaderboard([], "all")[0]


async def test_an_answer_goes_on_as_a_message_when_its_token_is_gone() -> None:
    for code in (10015, 10062, 50027):
        later = Wall()
        await places.as_answer(_interaction(http_error(401, code)), later.show)(EMPTY)
        assert len(later.shown) == 1
    later = Wall()
    await places.as_answer(_interaction(None, expired=True), later.show)(EMPTY)
    assert len(later.shown) == 1


async def test_an_answer_that_fails_for_another_reason_says_so() -> None:
    later = Wall()
    with pytest.raises(discord.DiscordServerError):
        await places.as_answer(_interaction(http_error(503)), later.show)(EMPTY)
    assert later.shown == []


class _Interaction:
    """As much of an interaction as an answer needs."""

    def __init__(self, error: Exception | None, *, expired: bool) -> None:
        self._error, self._expired = error, expired

    def is_expired(self) -> bool:
        return self._expired

    async def edit_original_response(self, *, view: cards.View) -> None:
        assert view
        if self._error:
            raise self._error


def _interaction(error: Exception | None, *, expired: bool = False) -> discord.Interaction[discord.Client]:
    return _Interaction(error, expired=expired)  # type: ignore[return-value]
