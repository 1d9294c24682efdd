import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
from simcord.backend.errors import SetupError

from tests.end_to_end.discord_bridge import TOKEN, LoopbackDiscord, UnansweredError
from tests.end_to_end.discord_contract import Contract

pytestmark = pytest.mark.end_to_end

BOT = f"""
import asyncio, io, os, re, sys
import discord, yarl
from discord import app_commands, ui

discord.http.Route.BASE = os.environ["GREENLIT_DISCORD_API"]
discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(os.environ["GREENLIT_DISCORD_GATEWAY"])

class Vote(ui.DynamicItem[ui.Button], template=r"gl:v1:vote:(?P<pitch>\\d+)"):
    def __init__(self, pitch):
        self.pitch = pitch
        super().__init__(ui.Button(label="Greenlight", custom_id=f"gl:v1:vote:{{pitch}}"))

    @classmethod
    async def from_custom_id(cls, interaction, item, match):
        return cls(match["pitch"])

    async def callback(self, interaction):
        await interaction.response.edit_message(view=card(self.pitch, f"voted by {{interaction.user.name}}"))
        await interaction.followup.send("Your vote is in.", ephemeral=True)

def card(pitch, words):
    view = ui.LayoutView(timeout=None)
    view.add_item(ui.Container(ui.TextDisplay(words), ui.ActionRow(Vote(pitch))))
    return view

class Bot(discord.Client):
    async def setup_hook(self):
        self.add_dynamic_items(Vote)
        await tree.sync()

    async def on_resumed(self):
        await self.get_channel(CHANNEL).send("resumed")

bot = Bot(intents=discord.Intents(guilds=True), chunk_guilds_at_startup=False)
tree = app_commands.CommandTree(bot)
CHANNEL = int(sys.argv[1])

@tree.command()
async def pitch(interaction, genre: str, theme: str):
    "Pitch a show"
    await interaction.response.defer(thinking=True)
    await interaction.followup.send(view=card("7", f"{{genre}} about {{theme}}"))

@pitch.autocomplete("genre")
async def genres(interaction, typed):
    return [app_commands.Choice(name=g, value=g) for g in ("comedy", "crime", "drama") if g.startswith(typed)]

@tree.command()
@app_commands.default_permissions(administrator=True)
async def script(interaction):
    "Attach a file"
    file = discord.File(io.BytesIO(b"INT. ROOM"), "page.txt", description="page one")
    await interaction.response.send_message("here", file=file, ephemeral=True)

@tree.command()
async def twice(interaction):
    "Acknowledge twice"
    await interaction.response.defer(ephemeral=True)
    again = discord.InteractionResponse(interaction)
    try:
        await again.defer(ephemeral=True)
    except discord.HTTPException as error:
        await interaction.followup.send(f"code {{error.code}}")

@tree.command()
async def late(interaction):
    "Acknowledge too late"
    await asyncio.sleep(3.2)
    try:
        await interaction.response.defer()
    except discord.NotFound as error:
        await interaction.channel.send(f"code {{error.code}}")

@tree.command()
async def post(interaction):
    "Post once"
    await interaction.response.defer(ephemeral=True)
    try:
        await interaction.channel.send("the daily pitch", nonce="day-1")
        await interaction.followup.send("posted")
    except discord.HTTPException as error:
        await interaction.followup.send(f"status {{error.status}}")

class Title(ui.Modal, title="Pitch your own"):
    name = ui.TextInput(label="Title", custom_id="name")

    async def on_submit(self, interaction):
        await interaction.response.send_message(f"Working title: {{self.name.value}}")

@tree.command()
async def own(interaction):
    "Pitch your own"
    await interaction.response.send_modal(Title())

@tree.command()
async def odd(interaction):
    "Use a route nobody models"
    await interaction.response.defer(ephemeral=True)
    try:
        await bot.http.request(discord.http.Route("GET", "/nowhere"))
    except discord.HTTPException as error:
        await interaction.followup.send(f"status {{error.status}}")

bot.run("{TOKEN}", log_level=30)
"""


@pytest.fixture
async def loopback() -> AsyncIterator[LoopbackDiscord]:
    async with LoopbackDiscord(members=2) as discord:
        yield discord


@pytest.fixture
async def processes() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


async def start_bot(discord: LoopbackDiscord, processes: AsyncExitStack) -> asyncio.subprocess.Process:
    environment = {**os.environ, **discord.environment}
    bot = await asyncio.create_subprocess_exec(sys.executable, "-c", BOT, str(discord.channel.id), env=environment)

    async def kill() -> None:
        if bot.returncode is None:
            bot.send_signal(signal.SIGKILL)
        await bot.wait()

    processes.push_async_callback(kill)
    await discord.bot_ready()
    return bot


@pytest.fixture
async def bot(loopback: LoopbackDiscord, processes: AsyncExitStack) -> asyncio.subprocess.Process:
    return await start_bot(loopback, processes)


async def test_a_button_works_across_a_kill_of_the_bot(
    loopback: LoopbackDiscord, bot: asyncio.subprocess.Process, processes: AsyncExitStack
) -> None:
    ada, bob = loopback.members
    answer = await loopback.slash(ada, "pitch", genre="comedy", theme="time travel")
    card = await answer.done()
    assert card.text == "comedy about time travel"
    assert [(button.label, button.disabled) for button in card.buttons] == [("Greenlight", False)]

    voted = await loopback.click(ada, card, custom_id="gl:v1:vote:7")
    assert await voted.text() == "voted by member0"
    await loopback.wait_until(lambda: [shown.content for shown in voted.followups] == ["Your vote is in."])

    bot.kill()
    await bot.wait()
    with pytest.raises(UnansweredError):
        await loopback.click(bob, card, label="Greenlight")
    await start_bot(loopback, processes)

    again = await loopback.click(bob, card, custom_id="gl:v1:vote:7")
    assert await again.text() == "voted by member1"
    await loopback.wait_until(lambda: again.followups)
    assert loopback.messages()[0].text == "voted by member1"
    assert [message.text for message in loopback.messages(viewer=bob)] == ["voted by member1", "Your vote is in."]
    assert loopback.violations == []
    assert loopback.unmodelled == []


@pytest.mark.usefixtures("bot")
async def test_two_members_press_the_same_button_at_the_same_time(loopback: LoopbackDiscord) -> None:
    ada, bob = loopback.members
    card = await (await loopback.slash(ada, "pitch", genre="crime", theme="bread")).done()
    answers = await asyncio.gather(*(loopback.click(member, card, label="Greenlight") for member in (ada, bob)))
    await loopback.wait_until(lambda: all(answer.followups for answer in answers))
    assert [len(loopback.messages(viewer=member)) for member in (ada, bob)] == [2, 2]


@pytest.mark.usefixtures("bot")
async def test_options_are_completed_and_checked(loopback: LoopbackDiscord) -> None:
    ada, _ = loopback.members
    choices = await loopback.autocomplete(ada, "pitch", "genre", "c")
    assert [choice["value"] for choice in choices] == ["comedy", "crime"]
    with pytest.raises(SetupError, match="theme"):
        await loopback.slash(ada, "pitch", genre="comedy")


@pytest.mark.usefixtures("bot")
async def test_files_come_out_as_they_went_in_and_only_administrators_see_their_commands(
    loopback: LoopbackDiscord,
) -> None:
    with pytest.raises(SetupError, match="not visible"):
        await loopback.slash(loopback.members[0], "script")
    shown = await (await loopback.slash(loopback.admins[0], "script")).done()
    assert shown.ephemeral
    assert loopback.messages(viewer=loopback.members[0]) == []
    (page,) = shown.attachments
    assert (page["filename"], page["description"], loopback.download(page)) == ("page.txt", "page one", b"INT. ROOM")
    assert loopback.violations == []


@pytest.mark.usefixtures("bot")
async def test_a_modal_is_shown_and_submitted(loopback: LoopbackDiscord) -> None:
    ada, _ = loopback.members
    shown = await loopback.slash(ada, "own")
    assert shown.modal is not None
    submitted = await loopback.submit_modal(ada, shown, {"name": "Orbit"})
    assert await submitted.text() == "Working title: Orbit"
    assert loopback.violations == []


@pytest.mark.usefixtures("bot")
async def test_acknowledging_twice_or_late_fails_as_on_discord(loopback: LoopbackDiscord) -> None:
    ada, _ = loopback.members
    assert await (await loopback.slash(ada, "twice")).text() == "code 40060"
    with pytest.raises(UnansweredError):
        await loopback.slash(ada, "late")
    await loopback.wait_until(lambda: [m.text for m in loopback.messages() if not m.ephemeral] == ["code 10062"])


@pytest.mark.usefixtures("bot")
@pytest.mark.parametrize(("status", "said"), [(429, "posted"), (500, "posted"), (503, "status 503")])
async def test_an_injected_error_meets_the_librarys_own_retries(
    loopback: LoopbackDiscord, status: int, said: str
) -> None:
    loopback.fail_next(status, path="/channels/*/messages")
    assert await (await loopback.slash(loopback.members[0], "post")).text() == said
    posts = [request.status for request in loopback.requests if request.path.startswith("/channels/")]
    assert posts == ([status, 200] if said == "posted" else [status])
    public = [message.text for message in loopback.messages() if not message.ephemeral]
    assert public == (["the daily pitch"] if said == "posted" else [])


@pytest.mark.usefixtures("bot")
async def test_a_lost_answer_does_not_post_twice_when_a_nonce_was_sent(loopback: LoopbackDiscord) -> None:
    loopback.fail_next(500, path="/channels/*/messages", applied=True)
    assert await (await loopback.slash(loopback.members[0], "post")).text() == "posted"
    assert [message.text for message in loopback.messages() if not message.ephemeral] == ["the daily pitch"]


@pytest.mark.usefixtures("bot")
async def test_a_dropped_gateway_is_resumed_and_nothing_said_meanwhile_is_lost(loopback: LoopbackDiscord) -> None:
    await loopback.drop_gateway()
    answer = await loopback.slash(loopback.members[0], "pitch", genre="drama", theme="trains")
    assert await answer.text() == "drama about trains"
    await loopback.wait_until(lambda: any(message.text == "resumed" for message in loopback.messages()))
    assert loopback.gateway.identified == 1


@pytest.mark.usefixtures("bot")
async def test_an_unknown_route_is_answered_501_and_remembered(loopback: LoopbackDiscord) -> None:
    assert await (await loopback.slash(loopback.members[0], "odd")).text() == "status 501"
    (gap,) = loopback.unmodelled
    assert gap.startswith("GET /nowhere")


async def test_waiting_in_vain_says_what_happened_last(loopback: LoopbackDiscord) -> None:
    with pytest.raises(TimeoutError) as caught:
        await loopback.wait_until(lambda: False, within=0)
    assert any("bot connected: False" in note for note in caught.value.__notes__)


@pytest.mark.shared
def test_the_contract_names_what_a_request_gets_wrong() -> None:
    contract = Contract.load()
    if contract is None:
        pytest.skip("Discord's OpenAPI document is not beside this checkout")
    path = "/channels/123456789012345678/messages"
    assert contract.violations("POST", path, {"content": "hello", "attachments": [{"id": 0, "filename": "a"}]}) == []
    assert "more than 2000" in contract.violations("POST", path, {"content": "x" * 2001})[0]
    assert "tone" in contract.violations("POST", path, {"content": "hello", "tone": "dry"})[0]
    assert "embeds" in contract.violations("POST", path, {"embeds": [{}] * 11})[0]
    assert contract.violations("PATCH", f"{path}/1", {"content": "hello", "tts": False}) == []
    assert contract.violations("GET", path, None) == []
    assert "no such operation" in contract.violations("GET", "/nowhere", None)[0]
