"""Acknowledgements: in time, once, and understood although their answer is lost."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace

import aiohttp
import discord
import pytest

from bot.ui import answering, places
from bot.ui.answering import Seen
from bot.usecases import settings
from db.database import Database
from db.ids import MemberId
from tests.bot.discord_room import Gate, Stage, fake_writer, open_stage
from tests.bot.test_client_presenting import EMPTY, Wall, http_error
from tests.end_to_end.discord_bridge import UnansweredError

CALLBACKS = "/interactions/*"


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with open_stage(tmp_path) as opened:
        yield opened


@asynccontextmanager
async def busy(folder: Path) -> AsyncIterator[None]:
    """Hold the memory's one lock, as another process does."""
    other = Database.connect(f"sqlite:///{folder / 'room.db'}")
    try:
        async with other.writing() as session:
            await session.connection()
            yield
    finally:
        await other.close()


def test_what_came_before_is_known_for_a_while_and_no_longer() -> None:
    seen = Seen(limit=2)
    assert [seen.again(number) for number in (1, 2, 1, 3, 1)] == [False, False, True, False, False]


async def test_the_answer_asks_for_its_message_as_the_contract_says(stage: Stage) -> None:
    await stage.pitch()
    (callback,) = [request for request in stage.discord.requests if request.path.startswith("/interactions/")]
    assert callback.query == {"with_response": "true"}


@pytest.mark.parametrize("count", [1, 3])
async def test_an_acknowledgement_whose_answer_was_lost_counts_and_its_message_is_known(
    tmp_path: Path, count: int
) -> None:
    gate = Gate()
    async with open_stage(tmp_path, engine=fake_writer(gate)) as stage:
        stage.discord.fail_next(500, count, path=CALLBACKS, applied=True)
        asked = await stage.discord.slash(stage.discord.members[0], "pitch", genre="comedy", theme="trains")
        thinking = asked.message
        while not (slates := await stage.slates()):
            await stage.discord.wait_until(lambda: True)
        assert thinking
        assert slates[0].message_id == thinking.id
        gate.opened.set()
        assert (await stage.opened(asked)).id == thinking.id


async def test_what_another_process_has_acknowledged_is_left_to_it(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.discord.fail_next(400, 1, path=CALLBACKS, code=answering.TAKEN)
    with pytest.raises(UnansweredError):
        await stage.discord.slash(stage.discord.members[0], "pitch", genre="comedy", theme="trains")
    assert await stage.slates() == ()
    said = capsys.readouterr().out
    assert "not acknowledged" in said
    assert "unforeseen" not in said


async def test_a_storm_without_end_is_given_up_quietly(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    stage.discord.fail_next(503, 100, path=CALLBACKS)
    with pytest.raises(UnansweredError):
        await stage.discord.slash(stage.discord.members[0], "pitch", genre="comedy", theme="trains")
    stage.discord.forget_failures()
    assert await stage.slates() == ()
    assert "unforeseen" not in capsys.readouterr().out


async def test_a_command_is_acknowledged_in_time_although_the_memory_is_busy(stage: Stage, tmp_path: Path) -> None:
    async with busy(tmp_path):
        asked = await stage.discord.slash(stage.discord.members[0], "notify", wanted=True)
        assert asked.message
        assert asked.message.loading
    assert "I'll tell you" in (await asked.done()).text
    assert (await asked.done()).ephemeral


async def test_a_form_is_acknowledged_in_time_although_the_memory_is_busy(stage: Stage, tmp_path: Path) -> None:
    admin = stage.discord.admins[0]
    card = await (await stage.discord.slash(admin, "setup")).done()
    form = await stage.discord.click(admin, card, custom_id="gl:v1:numbers:all")
    assert form.modal
    ids = [part["component"]["custom_id"] for part in form.modal["components"]]
    async with busy(tmp_path):
        await stage.discord.submit_modal(admin, form, dict.fromkeys(ids, "5"))

    def changed() -> bool:
        found = [one for one in stage.discord.messages() if one.id == card.id]
        return "**5** votes greenlight" in found[0].text

    await stage.discord.wait_until(changed)
    assert (await settings.view(stage.app, stage.server)).guild.votes_to_greenlight == 5


async def test_a_click_on_a_button_that_changes_its_message_is_acknowledged_in_time(
    stage: Stage, tmp_path: Path
) -> None:
    card = await stage.pitch()
    form = await stage.discord.click(stage.discord.members[1], card, custom_id=card.press("report"))
    choice = await form.done()
    (pitch, *_) = [(button.custom_id or "").rpartition(":")[2] for button in card.buttons]
    slate = card.press("report").rpartition(":")[2]
    shown = await stage.discord.select(
        stage.discord.members[1], choice, [pitch], custom_id=f"gl:v1:pick:reported:{slate}"
    )
    assert shown.modal
    name = shown.modal["components"][0]["component"]["custom_id"]
    async with busy(tmp_path):
        said = await stage.discord.submit_modal(stage.discord.members[1], shown, {name: "dull"})
    followups = await stage.discord.wait_until(lambda: said.followups)
    assert "Thank you" in followups[0].text


class _Client:
    """As much of a client as a message in a thread needs."""

    def __init__(self, *, archived: bool, wall: Wall) -> None:
        self.archived, self.wall = archived, wall
        self.opened = 0

    def get_partial_messageable(self, _channel: int) -> SimpleNamespace:
        return SimpleNamespace(get_partial_message=lambda _number: SimpleNamespace(edit=self._edit))

    async def _edit(self, *, view: discord.ui.LayoutView) -> None:
        if self.archived:
            raise http_error(400, 50083)
        await self.wall.show(view)

    async def fetch_channel(self, _number: int) -> discord.Thread:
        thread: discord.Thread = object.__new__(_Thread)
        thread.client = self  # type: ignore[attr-defined]
        return thread


class _Thread(discord.Thread):
    async def edit(self, *, archived: bool) -> None:  # type: ignore[override]
        self.client.archived = archived  # type: ignore[attr-defined]


async def test_a_card_in_a_thread_that_discord_has_put_away_is_still_edited() -> None:
    wall = Wall()
    client = _Client(archived=True, wall=wall)
    await places.on_message(client, 1, 2)(EMPTY)  # type: ignore[arg-type]
    assert (len(wall.shown), client.archived) == (1, False)


async def test_a_click_lets_the_bot_edit_a_message_that_it_may_not_edit_itself() -> None:
    edited: list[object] = []

    async def forbidden(_view: object) -> None:
        raise http_error(403, 50001)

    async def edit(*, view: object) -> None:
        edited.append(view)

    expired = False
    click = SimpleNamespace(is_expired=lambda: expired, edit_original_response=edit)
    show = places.as_clicked(click, forbidden)  # type: ignore[arg-type]
    await show(EMPTY)
    assert edited == [EMPTY]
    expired = True
    with pytest.raises(discord.Forbidden):
        await show(EMPTY)


async def test_an_author_who_takes_no_messages_is_left_alone(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    ada = stage.discord.members[0]
    stage.discord.fail_next(403, 1, path="/channels/*/messages", method="POST", code=50007)
    await stage.room.tell(MemberId(f"discord:{ada.id}"), "Your pitch is greenlit.")
    await stage.discord.wait_until(lambda: [r for r in stage.discord.requests if r.status == 403])
    for telling in list(stage.room._messenger._telling):
        await telling
    assert "not told by direct message" in capsys.readouterr().out


async def test_nobody_answering_an_acknowledgement_is_an_error_that_is_understood() -> None:
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientError):
            await answering._acknowledge(session, "http://127.0.0.1:9/", {"json": {}})
