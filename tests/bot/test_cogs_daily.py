"""The show of the day hangs in the channel that a server chose in /setup, once, at its hour."""

import sys
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any

import pytest

from bot.client import Daily
from bot.usecases import settings
from bot.usecases.showing import Pictures
from db import posts
from db.ids import GuildId, MemberId
from db.pitches import Pitch
from tests.bot.discord_room import Stage, open_stage
from tests.bot.doubles import FakeNetwork, draw

ANNA = MemberId("page:anna")
PAGE = "INT. KITCHEN - DAY\n\nA kettle starts to whistle.\n\nANNA\nI know."


async def look(stage: Stage) -> None:
    """Let the bot look at once whether an hour has come."""
    found: Any = stage.room.get_cog("Daily")  # discord.py loads the module anew: it is not the class we could import
    assert found
    stage.room.daily = Daily(draw=draw, post_at=time(0, 0))
    await found.look.coro(found)


async def test_the_best_show_hangs_in_the_chosen_channel_once_a_day(tmp_path: Path) -> None:
    async with open_stage(tmp_path) as stage:
        winner, other = [(await stage.open_slate(title))[0] for title in ("The Kettle", "The Pot")]
        for pitch, votes in ((winner, 3), (other, 1)):
            await stage.vote(pitch, votes)
            await stage.script(pitch, PAGE)
        await look(stage)
        assert stage.public() == []
        await settings.set_channel(stage.app, stage.server, "daily_channel", stage.discord.channel.id, by=ANNA)
        for _ in range(3):
            await look(stage)
        (message,) = stage.public()
        assert "The Kettle" in message.text
        assert message.press("keep") == f"gl:v1:keep:{winner.id}"
        async with stage.app.database.reading() as session:
            post = await posts.get(session, datetime.now(UTC).date(), "discord", str(stage.discord.guild.id))
        assert post
        assert (post.state, post.pitch_id) == ("posted", winner.id)
        assert (post.address or "").endswith(f"/{message.id}")


async def test_a_show_is_kept_from_its_announcement(tmp_path: Path) -> None:
    async with open_stage(tmp_path) as stage:
        (winner,) = await stage.open_slate("The Kettle")
        await stage.script(winner, PAGE)
        await settings.set_channel(stage.app, stage.server, "daily_channel", stage.discord.channel.id, by=ANNA)
        await look(stage)
        (message,) = stage.public()
        kept = await stage.discord.click(stage.discord.members[0], message, custom_id=message.press("keep"))
        assert "Kept" in await kept.text()
        asked = await stage.discord.slash(stage.discord.members[0], "favourites")
        await stage.shown(lambda: asked.message, lambda card: "The Kettle" in card.text)


async def test_a_channel_of_a_server_where_we_are_not_is_left_to_others(tmp_path: Path) -> None:
    async with open_stage(tmp_path) as stage:
        await settings.set_channel(stage.app, GuildId("discord:42"), "daily_channel", 77, by=ANNA)
        await look(stage)
        assert stage.public() == []


async def test_the_hour_is_chosen_in_setup(tmp_path: Path) -> None:
    async with open_stage(tmp_path) as stage:
        admin = stage.discord.admins[0]
        asked = await stage.discord.slash(admin, "setup")
        card = await stage.shown(
            lambda: next((one for one in (asked.message, *asked.followups) if one and one.all_buttons), None),
            lambda shown: bool(shown.all_buttons),
        )
        turned = await stage.discord.click(admin, card, custom_id="gl:v1:settings:daily")
        card = await stage.shown(lambda: turned.message, lambda shown: "Show of the day" in shown.text)
        for at, zone, said in (
            ("18:30", "Europe/Berlin", ""),
            ("25:00", "", "is no time of day"),
            ("1:00", "Mars/Base", "There is no time zone “Mars/Base”"),
        ):
            form = await stage.discord.click(admin, card, custom_id="gl:v1:hour:all")
            assert form.modal
            ids = [part["component"]["custom_id"] for part in form.modal["components"]]
            answer = await stage.discord.submit_modal(admin, form, dict(zip(ids, (at, zone), strict=True)))
            if said:
                assert said in await stage.refused(answer)
        guild = (await settings.view(stage.app, stage.server)).guild
        assert (guild.daily_minute, guild.zone) == (18 * 60 + 30, "Europe/Berlin")


@pytest.mark.parametrize("trouble", ["slow", "broken"])
async def test_one_server_in_trouble_holds_up_no_other(
    tmp_path: Path, trouble: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_stage(tmp_path) as stage:
        networks = {number: FakeNetwork(name="discord", account=number) for number in ("1", "2")}
        for number in networks:
            server = GuildId(f"discord:{number}")
            (winner,) = await stage.open_slate(f"The Kettle {number}", server=server)
            await stage.script(winner, PAGE)
            await settings.set_channel(stage.app, server, "daily_channel", 77, by=ANNA)
        found: Any = stage.room.get_cog("Daily")
        monkeypatch.setattr(found, "_network", lambda guild, _channel: networks[guild.partition(":")[2]])
        monkeypatch.setattr(sys.modules[type(found).__module__], "EVERY", 0.5)
        networks["1"].slow = trouble == "slow"

        async def fragile(pitch: Pitch, excerpt: str, name: str) -> Pictures:
            if trouble == "broken" and pitch.title.endswith("1"):
                raise ZeroDivisionError
            return await draw(pitch, excerpt, name)

        stage.room.daily = Daily(draw=fragile, post_at=time(0, 0))
        await found.look.coro(found)
        await found.look.coro(found)
        assert [len(each.world.posts) for each in networks.values()] == [0, 1]
