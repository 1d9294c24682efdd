"""The pictures in docs/discord.md: cards of the bot as members see them, from a loopback Discord, in a browser.

    python -m benchmarks.pictures.cards [--browser /usr/bin/chromium]

What is on them was written by the embedded writer with fixed seeds, unpicked. Needs ``playwright``, ``linkify-it-py``,
a Chromium; simcord draws the messages (its rendering of Discord's client is its author's, not Discord's).
"""

import argparse
import asyncio
import tempfile
from pathlib import Path
from typing import Final

from playwright.async_api import Browser, async_playwright
from simcord import ChannelHandle

from bot.stage import script_work
from bot.usecases import browsing, settings
from db.ids import MemberId
from model.serve import load_writer
from model.settings import WorkerSettings
from tests.bot.discord_room import Stage, open_stage
from tests.end_to_end.discord_world import Message

FOLDER: Final = Path(__file__).parents[2] / "docs" / "images" / "discord"
WIDTH: Final = 640
HEIGHT: Final = 1900
VOTES: Final = (4, 2, 7, 1)


async def picture(browser: Browser, stage: Stage, message: Message, name: str) -> None:
    """Take a picture of one message; simcord draws it, with a browser of ours."""
    world = stage.discord._world  # noqa: SLF001 - the loopback keeps it to itself
    world._started = True  # noqa: SLF001 - as far as the preview is concerned
    channel = ChannelHandle(world, stage.discord.guild, stage.discord.backend.channels[message.channel_id])
    viewers = (stage.discord.members[0], *stage.discord.admins)
    FOLDER.mkdir(parents=True, exist_ok=True)
    async with world.preview(channel, viewers=viewers, width=WIDTH, height=HEIGHT) as preview:
        preview._capture_manager._browser = browser  # noqa: SLF001 - else it looks for one that it brought itself
        shown = stage.discord._shown(message)  # noqa: SLF001
        viewer = next((one for one in viewers if not message.ephemeral), stage.discord.admins[0])
        await preview.screenshot(FOLDER / f"{name}.png", target=shown, viewer=viewer, allow_incomplete=True)
        preview._capture_manager._browser = None  # noqa: SLF001 - ours is used again
    print(FOLDER / f"{name}.png")


async def main(browser_path: str) -> None:
    """Play a round and take its pictures."""
    writer = load_writer(WorkerSettings())
    with tempfile.TemporaryDirectory() as folder:
        async with open_stage(Path(folder), engine=writer) as stage, async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=browser_path)
            await play(browser, stage)
            await browser.close()


async def play(browser: Browser, stage: Stage) -> None:
    """Pitch, vote, greenlight; a picture of each."""
    discord, (ada, *_), admin = stage.discord, stage.discord.members, stage.discord.admins[0]
    asked = await discord.slash(ada, "pitch", genre="comedy", theme="time travel", count=4, seed=3)
    await discord.wait_until(lambda: (card := asked.message) and bool(card.buttons) and card, 300.0)
    slate = (await stage.slates())[0]
    view = await browsing.slate(stage.app, slate.id)
    for pitch, votes in zip(view.pitches, VOTES, strict=False):
        await stage.vote(pitch, votes)
    stage.room.board.slate(slate)
    card = await stage.shown(lambda: asked.message, lambda one: "7 votes" in one.text)
    await picture(browser, stage, card, "slate")
    best = max(view.pitches, key=lambda pitch: VOTES[pitch.slot])
    await discord.slash(admin, "greenlight", pitch=str(best.id), note="We want to see this.")
    await stage.pages()
    script = (await browsing.show(stage.app, best.id)).scripts[0]
    await stage.app.crew.finish(script_work(script.id))
    page = await stage.shown(stage.page, lambda one: "INT." in one.text or "EXT." in one.text)
    await picture(browser, stage, page, "script")
    asked = await discord.slash(ada, "leaderboard")
    await picture(
        browser, stage, await stage.shown(lambda: asked.message, lambda one: bool(one.attachments)), "leaderboard"
    )
    await settings.set_channel(stage.app, stage.server, "pitch_channel", discord.channel.id, by=MemberId("page:owner"))
    asked = await discord.slash(admin, "setup")
    await asyncio.sleep(0.5)
    setup = next(one for one in (asked.message, *asked.followups) if one and one.all_buttons)
    await picture(browser, stage, setup, "setup")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--browser", default="/usr/bin/chromium")
    asyncio.run(main(parser.parse_args().browser))
