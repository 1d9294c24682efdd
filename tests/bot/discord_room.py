"""The Discord half of the bot inside the test's own process: real HTTP and a real gateway, to the loopback Discord."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import discord

from bot import client
from bot.app import App, Patience
from bot.ui import connecting
from db import guilds, members, migrations, pitches, scripts, slates, votes
from db.database import Database
from db.ids import GuildId, MemberId
from db.pitches import Pitch, PitchState
from db.slates import Slate
from model.engine import Engine
from model.fake import FakeDecoder
from model.originality import TitleIndex
from model.writer import Writer
from tests.end_to_end.discord_bridge import TOKEN, Answer, LoopbackDiscord
from tests.end_to_end.discord_world import Message

QUICK = Patience(first=0.05, longest=0.1, total=60.0)
SERVER_OF_OTHERS = GuildId("discord:42")


@dataclass(slots=True)
class Gate:
    """Holds the writer until it is opened."""

    opened: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self) -> None:
        await self.opened.wait()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A loopback Discord, the bot on it, and what the bot remembers."""

    discord: LoopbackDiscord
    app: App
    room: client.Room

    @property
    def server(self) -> GuildId:
        return GuildId(f"discord:{self.discord.guild.id}")

    async def pitch(self, count: int = 3, theme: str = "time travel") -> Message:
        """Ask for a slate and return its card once votes are open."""
        asked = await self.discord.slash(self.discord.members[0], "pitch", genre="comedy", theme=theme, count=count)
        return await self.opened(asked)

    async def opened(self, asked: Answer) -> Message:
        return await self.shown(lambda: asked.message, lambda card: bool(card.buttons))

    async def shown(self, message: Callable[[], Message | None], fits: Callable[[Message], bool]) -> Message:
        """Wait until a message looks as it should."""

        def found() -> Message | None:
            seen = message()
            return seen if seen and fits(seen) else None

        return await self.discord.wait_until(found, 20.0)

    async def refused(self, asked: Answer) -> str:
        """Return the one private sentence that an answer ends with."""

        def private() -> list[Message]:
            said = [said for said in (asked.message, *asked.followups) if said and said.ephemeral]
            return [one for one in said if not one.loading]

        (said,) = await self.discord.wait_until(private)
        return said.text

    def public(self) -> list[Message]:
        return [message for message in self.discord.messages() if not message.ephemeral and not message.system]

    def page(self, number: int = -1) -> Message | None:
        """Return what hangs at that place in the newest thread of the channel, if anything does."""
        threads = self.discord.threads()
        hanging = [one for one in self.discord.messages(threads[-1]) if not one.system] if threads else []
        return hanging[number] if hanging else None

    async def pages(self, count: int = 1) -> list[Message]:
        """Return what hangs in the newest thread of the channel, once ``count`` messages do."""

        def found() -> list[Message] | None:
            threads = self.discord.threads()
            hanging = [one for one in self.discord.messages(threads[-1]) if not one.system] if threads else []
            return hanging if len(hanging) >= count else None

        return await self.discord.wait_until(found, 20.0)

    async def slates(self) -> tuple[Slate, ...]:
        async with self.app.database.reading() as session:
            return await slates.recent(session, self.server, 50)

    async def open_slate(self, *titles: str, server: GuildId | None = None, summary: str = "A summary.") -> list[Pitch]:
        """Put an open slate into the memory without the writer, and return its pitches."""
        now, anna = datetime.now(UTC), MemberId("page:anna")
        async with self.app.database.writing() as session:
            await members.ensure(session, anna)
            await guilds.ensure(session, server or self.server)
            slate = await slates.create(
                session,
                guild_id=server or self.server,
                asked_by=anna,
                genre="drama",
                theme="trains",
                count=len(titles),
                seed=1,
                now=now,
            )
            for slot, title in enumerate(titles):
                await pitches.add(
                    session, slate_id=slate.id, slot=slot, title=title, title_key=title.casefold(), summary=summary
                )
            await slates.open_slate(
                session, slate.id, model="fake", dropped=0, now=now, closes_at=now.replace(year=now.year + 1)
            )
            return list(await pitches.of_slate(session, slate.id))

    async def vote(self, pitch: Pitch, count: int) -> None:
        """Let that many members nobody knows vote for a pitch."""
        async with self.app.database.writing() as session:
            for number in range(count):
                member = MemberId(f"page:{pitch.id}-{number}")
                await members.ensure(session, member)
                await votes.cast(
                    session, slate_id=pitch.slate_id, pitch_id=pitch.id, member_id=member, now=datetime.now(UTC)
                )

    async def script(self, pitch: Pitch, fountain: str) -> None:
        """Greenlight a pitch and let its script be written, without the writer."""
        now = datetime.now(UTC)
        async with self.app.database.writing() as session:
            await pitches.greenlight(session, pitch.id, decided_by=None, now=now)
            await slates.close(session, pitch.slate_id, now)
            ordered = await scripts.order(session, pitch_id=pitch.id, part=1, seed=1, asked_by=None, now=now)
            await scripts.finish(session, ordered.id, fountain=fountain, model="fake", now=now)
            await pitches.mark(session, pitch.id, PitchState.SCRIPTED, from_states=(PitchState.GREENLIT,))


@cache
def _migrated() -> bytes:
    with TemporaryDirectory() as folder:
        migrations.upgrade(f"sqlite:///{folder}/room.db")
        return (Path(folder) / "room.db").read_bytes()


def new_database(folder: Path) -> str:
    """Return the address of a database with every table."""
    (folder / "room.db").write_bytes(_migrated())
    return f"sqlite:///{folder / 'room.db'}"


def fake_writer(gate: Callable[[], Awaitable[None]] | None = None) -> Writer:
    return Writer(FakeDecoder(gate=gate), TitleIndex.of(()))


@asynccontextmanager
async def open_stage(
    folder: Path, *, engine: Engine | None = None, members: int = 3, owners: Collection[int] = ()
) -> AsyncGenerator[Stage]:
    """Open a room on a loopback Discord; in the end nothing may have broken Discord's contract."""
    database = Database.connect(await asyncio.to_thread(new_database, folder))
    app = App(database=database, engine=engine or fake_writer(), patience=QUICK)
    public = discord.http.Route.BASE, discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY
    try:
        async with LoopbackDiscord(members=members) as loopback:
            connecting.use_addresses(loopback.api_base, loopback.gateway_url)
            room = client.Room(app, owners=frozenset(owners))
            room._connection.guild_ready_timeout = 0.05  # how long discord.py waits for one more server
            running = asyncio.create_task(connecting.run(room, TOKEN))
            try:
                await loopback.bot_ready()
                await room.wait_until_ready()
                yield Stage(discord=loopback, app=app, room=room)
            finally:
                await app.crew.drain(5.0)
                running.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await running
            assert loopback.violations == []
            assert loopback.unmodelled == []
    finally:
        discord.http.Route.BASE, discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = public
        await database.close()
