"""The whole room with its real processes on a loopback Discord: killed, starved, cut off, and nothing is lost."""

import asyncio
import os
import signal
import socket
import sys
from pathlib import Path

import pytest

from bot.demo import Guests
from tests.end_to_end.discord_world import Message
from tests.end_to_end.room import LONG, Room, open_room, votes_on, writing

pytestmark = pytest.mark.end_to_end


def page(room: Room) -> Message | None:
    """Return the first page in the newest thread, if there is one."""
    threads = room.discord.threads()
    hanging = [one for one in room.discord.messages(threads[-1]) if not one.system] if threads else []
    return hanging[0] if hanging else None


async def test_from_pitch_to_post_with_every_process_killed_once(tmp_path: Path) -> None:
    async with open_room(tmp_path, GREENLIT_WORKER_FAKE_PAUSE="0.15") as room:
        ada, bob, cleo, dan = room.discord.members
        asked = await room.pitch()
        begun = await room.shown(lambda: asked.message, writing)
        await room.kill("worker")
        await room.shown(lambda: asked.message, lambda card: "The writer is away" in card.text)
        await room.restart("worker")
        slate = await room.opened(asked)
        assert slate.id == begun.id
        assert len(slate.buttons) == 4

        other = await room.opened(await room.pitch("the last train"))
        first, second = (button.custom_id for button in slate.buttons[:2])
        for member, custom_id in ((ada, second), (ada, first), (ada, first), (dan, second), (bob, first)):
            await room.discord.click(member, slate, custom_id=custom_id)
        await room.shown(lambda: room.public()[0], lambda card: votes_on(card) == [2, 1, 0, 0])
        await room.discord.click(cleo, slate, custom_id=first)
        script = await room.shown(lambda: page(room), lambda card: "INT." in card.text)
        assert "The room is writing page one" in script.text
        await room.kill("bot")
        await room.restart("bot")
        done = await room.shown(lambda: page(room), lambda card: "INT." in card.text and "is writing" not in card.text)
        assert done.id == script.id

        closed = await room.shown(lambda: room.public()[0], lambda card: not card.buttons)
        assert "3 votes · **greenlit**" in closed.text
        await room.discord.click(bob, other, custom_id=other.buttons[3].custom_id)
        await room.shown(lambda: room.public()[1], lambda card: votes_on(card) == [0, 0, 0, 1])
        assert len([message for message in room.public() if not message.system]) == 2

        guests = Guests(room.house.page_url, room.house.api_token)
        posted = [await guests.post("/posts"), await guests.post("/posts")]
        await guests.aclose()
        assert [[post["state"] for post in posts] for posts in posted] == [["posted"], ["posted"]]
        assert len(list((tmp_path / "outbox").rglob("picture.png"))) == 1


async def test_a_command_is_acknowledged_and_kept_although_the_worker_is_dead(tmp_path: Path) -> None:
    async with open_room(tmp_path) as room:
        await room.kill("worker")
        asked = await room.pitch()
        card = await room.shown(lambda: asked.message, lambda card: "The writer is away" in card.text)
        await room.restart("worker")
        assert (await room.opened(asked)).id == card.id


async def test_a_full_worker_is_asked_again_until_there_is_room(tmp_path: Path) -> None:
    async with open_room(tmp_path, GREENLIT_WORKER_CAPACITY="0", GREENLIT_WORKER_FAKE_PAUSE="0.1") as room:
        answers = [await room.pitch(theme, member=number) for number, theme in enumerate(("bread", "trains", "rain"))]
        cards = [await room.opened(answer) for answer in answers]
        assert len({card.id for card in cards}) == 3
        assert "worker is full" not in "".join(card.text for card in cards)


async def test_a_bot_killed_after_it_began_to_think_answers_on_the_same_message(tmp_path: Path) -> None:
    async with open_room(tmp_path) as room:
        room.discord.fail_next(503, 100, path="/webhooks/*")
        asked = await room.pitch()
        await room.discord.wait_until(lambda: any(r.status == 503 for r in room.discord.requests))
        thinking = asked.message
        assert thinking is not None
        assert thinking.loading
        await room.kill("bot")
        room.discord.rest.faults.clear()
        await room.restart("bot")
        assert (await room.opened(asked)).id == thinking.id
        assert len(room.public()) == 1


async def test_a_slate_finished_while_its_card_could_not_be_shown_is_shown_by_the_next_bot(tmp_path: Path) -> None:
    async with open_room(tmp_path) as room:
        room.discord.fail_next(503, 100, path="/webhooks/*")
        asked = await room.pitch()
        await room.discord.wait_until(lambda: any(r.status == 503 for r in room.discord.requests))
        guests = Guests(room.house.page_url, room.house.api_token)
        async with asyncio.timeout(LONG):
            async for _ in guests.follow("/slates/1"):
                pass
        await guests.aclose()
        await room.kill("bot")
        room.discord.rest.faults.clear()
        await room.restart("bot")
        assert len((await room.opened(asked)).buttons) == 4


async def test_a_cut_gateway_loses_nothing(tmp_path: Path) -> None:
    async with open_room(tmp_path) as room:
        asked = await room.pitch()
        await room.discord.drop_gateway()
        card = await room.opened(asked)
        await room.discord.wait_until(lambda: room.discord.gateway.connected, LONG)
        await room.discord.click(room.discord.members[1], card, custom_id=card.buttons[0].custom_id)
        await room.shown(lambda: room.public()[0], lambda card: votes_on(card) == [1, 0, 0, 0])


@pytest.mark.parametrize(("status", "count"), [(429, 8), (500, 2), (503, 3)])
async def test_a_card_ends_right_although_edits_fail(tmp_path: Path, status: int, count: int) -> None:
    async with open_room(tmp_path, GREENLIT_WORKER_FAKE_PAUSE="0.1") as room:
        asked = await room.pitch()
        await room.shown(lambda: asked.message, writing)
        room.discord.fail_next(status, count, path="*/messages/*")
        assert len((await room.opened(asked)).buttons) == 4
        assert len(room.public()) == 1


async def test_sigterm_ends_the_bot_in_order_and_the_next_one_goes_on(tmp_path: Path) -> None:
    async with open_room(tmp_path, GREENLIT_WORKER_FAKE_PAUSE="0.4") as room:
        asked = await room.pitch()
        begun = await room.shown(lambda: asked.message, writing)
        room.house._processes["bot"].send_signal(signal.SIGTERM)
        async with asyncio.timeout(LONG):
            assert await room.house.wait("bot") == 0
        assert "Traceback" not in room.house.log("bot").read_text()
        await room.kill("worker")
        room.house._environment["GREENLIT_WORKER_FAKE_PAUSE"] = "0.02"
        await room.restart("worker")
        await room.restart("bot")
        assert (await room.opened(asked)).id == begun.id


async def start_in_vain(folder: Path, **settings: str) -> list[str]:
    """Start a bot that cannot, and return the lines it leaves; its status must be 1."""
    environment = {**os.environ, "GREENLIT_DATABASE_URL": f"sqlite:///{folder / 'greenlit.db'}", **settings}
    bot = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "greenlit", "bot", env=environment, stderr=asyncio.subprocess.PIPE, cwd=folder
    )
    async with asyncio.timeout(LONG):
        _, said = await bot.communicate()
    assert bot.returncode == 1
    assert b"Traceback" not in said
    return said.decode().splitlines()


async def test_a_wrong_token_and_a_port_in_use_are_one_sentence_each(tmp_path: Path) -> None:
    async with open_room(tmp_path) as room:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = str(taken.getsockname()[1])
            said = await start_in_vain(tmp_path, GREENLIT_WEB_PORT=port)
            assert said[-1].startswith(f"Port {port} on 127.0.0.1 is in use")
        said = await start_in_vain(
            tmp_path, GREENLIT_WEB_PORT="0", GREENLIT_DISCORD_TOKEN="wrong", **room.discord.environment
        )
        assert "GREENLIT_DISCORD_TOKEN" in said[-1]
