"""The whole room for tests: worker and bot as real processes, on a loopback Discord, with what they remember."""

import asyncio
import re
import signal
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from simcord import ChannelHandle
from simcord import MemberActor as Member

from bot.launch import House
from db import guilds, pitches, reports, slates, votes
from db.database import Database
from db.ids import GuildId, PitchId, ReportId, SlateId
from db.pitches import Pitch
from db.reports import Report
from tests.end_to_end.discord_bridge import TOKEN, Answer, LoopbackDiscord
from tests.end_to_end.discord_world import Message

LONG = 60.0


def writing(card: Message) -> bool:
    """Whether the card shows a title although not everything is written."""
    return "The room is writing" in card.text and "**" in card.text


def votes_on(card: Message) -> list[int]:
    """The tally that the buttons of a card show."""
    return [int(match[1]) if (match := re.search(r"· (\d+)$", b.label or "")) else 0 for b in card.buttons]


class Room:
    """The two processes, the Discord they are on, and a look into what they remember."""

    def __init__(self, discord: LoopbackDiscord, house: House, database: Database) -> None:
        self.discord, self.house, self.database = discord, house, database

    @property
    def server(self) -> GuildId:
        return GuildId(f"discord:{self.discord.guild.id}")

    # What members do -------------------------------------------------------------------------------

    async def pitch(
        self,
        theme: str = "time travel",
        count: int = 4,
        member: int | Member = 0,
        in_channel: ChannelHandle | None = None,
    ) -> Answer:
        who = self.discord.members[member] if isinstance(member, int) else member
        asked = {"genre": "comedy", "theme": theme, "count": count}
        return await self.discord.slash(who, "pitch", in_channel=in_channel, **asked)

    async def opened(self, asked: Answer) -> Message:
        """The card of a slate, once votes are open."""
        return await self.shown(lambda: asked.message, lambda card: card.buttons)

    async def vote(self, card: Message, member: Member, number: int) -> Answer:
        """Press a title's button, counted from 0; acknowledged in three seconds or it raises."""
        return await self.discord.click(member, card, custom_id=card.buttons[number].custom_id)

    async def report(self, card: Message, member: Member, reason: str = "It is rude.") -> Answer:
        """Report the first title of a slate; the answer is that of the form."""
        return await self.discord.submit_modal(member, *await self.report_form(card, member, reason))

    async def report_form(
        self, card: Message, member: Member, reason: str = "It is rude."
    ) -> tuple[Answer, dict[str, str]]:
        """Open the form that reports the first title of a slate, and say what is written into it."""
        asked = await self.discord.click(member, card, custom_id=card.press("report"))
        choice = await asked.done()
        pitch = (card.buttons[0].custom_id or "").rpartition(":")[2]
        slate = card.press("report").rpartition(":")[2]
        form = await self.discord.select(member, choice, [pitch], custom_id=f"gl:v1:pick:reported:{slate}")
        assert form.modal
        return form, {form.modal["components"][0]["component"]["custom_id"]: reason}

    # What is seen ----------------------------------------------------------------------------------

    async def shown(self, message: Callable[[], Message | None], fits: Callable[[Message], object]) -> Message:
        """Wait until a message looks as it should."""

        def found() -> Message | None:
            seen = message()
            return seen if seen and fits(seen) else None

        return await self.discord.wait_until(found, LONG)

    def now(self, message: Message) -> Message:
        """The same message as it is now."""
        return next(one for one in self.discord.messages(self.channel(message.channel_id)) if one.id == message.id)

    def channel(self, number: int) -> ChannelHandle | None:
        return next((one for one in self.discord.guild.channels.values() if one.id == number), None)

    def public(self, channel: ChannelHandle | None = None) -> list[Message]:
        return [message for message in self.discord.messages(channel) if not message.ephemeral]

    # What is remembered ----------------------------------------------------------------------------

    async def slate_of(self, card: Message) -> SlateId:
        async with self.database.reading() as session:
            return (
                await pitches.get(session, PitchId(int((card.buttons[0].custom_id or "").rpartition(":")[2])))
            ).slate_id

    async def pitches_of(self, slate: SlateId) -> tuple[Pitch, ...]:
        async with self.database.reading() as session:
            return await pitches.of_slate(session, slate)

    async def tally(self, slate: SlateId) -> list[int]:
        """The votes counted, in the order of the titles."""
        async with self.database.reading() as session:
            return list((await votes.tally(session, slate)).values())

    async def choices(self, slate: SlateId) -> dict[str, PitchId]:
        """Who voted for what."""
        async with self.database.reading() as session:
            return {str(member): pitch for member, pitch in (await votes.of_slate(session, slate)).items()}

    async def reported(self, number: int) -> Report:
        async with self.database.reading() as session:
            return await reports.get(session, ReportId(number))

    async def remembered(self) -> dict[str, int]:
        async with self.database.reading() as session:
            return await slates.counts(session)

    async def set(self, **settings: object) -> None:
        """Change settings of the server, as /setup does."""
        async with self.database.writing() as session:
            await guilds.ensure(session, self.server)
            await guilds.change(session, self.server, **settings)

    # What happens to processes ---------------------------------------------------------------------

    async def kill(self, name: str = "bot") -> None:
        self.house.kill(name)
        await self.house.wait(name)

    async def restart(self, name: str = "bot") -> None:
        await self.house.start(name)
        if name == "bot":
            await self.discord.bot_ready()

    async def terminate(self) -> int:
        """Ask the bot to end, and return its status."""
        self.house._processes["bot"].send_signal(signal.SIGTERM)
        async with asyncio.timeout(LONG):
            return await self.house.wait("bot")

    @asynccontextmanager
    async def second_bot(self, folder: Path) -> AsyncGenerator[House]:
        """One more bot on the same memory, worker and Discord, as while one process takes over from another."""
        other = House(folder=folder, environment=self._shared())
        (folder / "log").mkdir(parents=True, exist_ok=True)
        try:
            await other.start("bot")
            await self.discord.bot_ready()
            yield other
        finally:
            await other.stop()

    def _shared(self) -> dict[str, str]:
        ours = {name: value for name, value in self.house._environment.items() if name.startswith("GREENLIT_")}
        return {name: value for name, value in ours.items() if name != "GREENLIT_WEB_PORT"}

    def log(self) -> str:
        """What the bot has said so far."""
        return self.house.log("bot").read_text()


@asynccontextmanager
async def open_room(folder: Path, *, members: int = 4, **settings: str) -> AsyncGenerator[Room]:
    """Open a room with its own Discord; in the end nothing may have broken Discord's contract."""
    async with LoopbackDiscord(members=members) as discord:
        environment = {
            "GREENLIT_DISCORD_TOKEN": TOKEN,
            "GREENLIT_WORKER_MODEL": "fake",
            "GREENLIT_WORKER_FAKE_PAUSE": "0.02",
            "GREENLIT_DRAIN_SECONDS": "2",
            "OMP_NUM_THREADS": "1",
            **discord.environment,
            **settings,
        }
        house = House(folder=folder, environment=environment)
        database = Database.connect(house._environment["GREENLIT_DATABASE_URL"])
        try:
            async with house:
                await discord.bot_ready()
                yield Room(discord, house, database)
        finally:
            await database.close()
            for name in ("worker", "bot"):
                sys.stdout.write(f"--- {name}\n{house.log(name).read_text()[-6000:]}\n")
        assert discord.violations == []
        assert discord.unmodelled == []
