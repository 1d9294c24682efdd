"""The Discord half of the bot: connects, loads the cogs, answers and counts clicks, turns errors into sentences."""

import asyncio
import importlib
import pkgutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import partial
from typing import Any, Final

import aiohttp
import discord
import structlog
from discord import app_commands
from discord.ext import commands

from bot import errors, lag, languages
from bot.app import App
from bot.stage import Place
from bot.ui import answering, cards, forms, places
from bot.ui.board import Board
from bot.ui.buttons import Pick, Press, VoteButton
from bot.ui.forms import Submitted
from bot.ui.telling import Messenger
from bot.ui.translating import Commands
from bot.usecases import browsing, forgetting, voting
from bot.usecases.resuming import Left
from bot.usecases.showing import Draw
from db.errors import SlateClosedError, StorageError
from db.ids import GuildId, MemberId, PitchId, SlateId
from db.scripts import Script
from db.slates import Slate
from db.stagings import Staging

log = structlog.get_logger()
COGS: Final = "bot.cogs"  # imported by name: the cogs stand above the client
LAST_CARDS: Final = 5.0  # seconds that the cards get at the end to say how it stands
LOOK_UP: Final = 0.5  # seconds of Discord's three in which we find out in which language to answer
OTHERS_FIRST: Final = 1.0  # seconds that a process which is about to end has for a form of its own
OLD: Final = timedelta(hours=1)  # messages that Discord lets be edited only now and then
RARELY: Final = 20.0  # seconds between such edits
_COUNTER: Final = 0xFFF  # the part of an id that counts within a millisecond
_THINKING: Final = "thinking"  # the message that says so, until there is an answer

Interaction = discord.Interaction["Room"]


def member(interaction: Interaction) -> MemberId:
    """Return who acts."""
    return MemberId(f"discord:{interaction.user.id}")


def roles(interaction: Interaction) -> frozenset[int]:
    """Return the roles of who acts, as Discord sent them with the interaction."""
    return frozenset(role.id for role in getattr(interaction.user, "roles", ()))


def guild(interaction: Interaction) -> GuildId:
    """Return where: the server, or the member's own direct messages."""
    return GuildId(f"discord:{interaction.guild_id or f'dm-{interaction.user.id}'}")


def clicked(interaction: Interaction) -> datetime:
    """Return when a member acted, by Discord's clock; of two acts in one millisecond the later is later."""
    return interaction.created_at + timedelta(microseconds=min(interaction.id & _COUNTER, 999))


@dataclass(frozen=True, slots=True, kw_only=True)
class Daily:
    """When servers that chose no hour have their show of the day, and who draws it."""

    draw: Draw
    post_at: time


Pressed = Callable[[Interaction, str], Awaitable[object]]
"""What a button does whose word a cog has taught the room: with the click, and with the facts on the button."""


Picked = Callable[[Interaction, str, list[str]], Awaitable[object]]
"""What a list does that a cog has taught the room: with the choice, what it is about, and what was chosen."""


class _Tree(app_commands.CommandTree["Room"]):
    """The commands, answered in the language of whoever asks."""

    async def interaction_check(self, interaction: Interaction, /) -> bool:
        """Let everything that a command says be said in the right language; one that came before is not run again."""
        if answering.AGAIN in interaction.extras:
            return False
        languages.speak(await interaction.client.language(interaction))
        return True


class Room(commands.AutoShardedBot):
    """The writers' room on Discord. It needs no privileged intent and caches no members."""

    def __init__(
        self,
        app: App,
        *,
        owners: frozenset[int] = frozenset(),
        left: Left | None = None,
        approval_channel: int | None = None,
        daily: Daily | None = None,
    ) -> None:
        discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False  # this bot has no voice
        super().__init__(
            command_prefix=commands.when_mentioned,
            help_command=None,
            intents=discord.Intents(guilds=True),
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            max_messages=None,
            allowed_mentions=discord.AllowedMentions.none(),
            tree_cls=_Tree,
            allowed_contexts=app_commands.AppCommandContext(guild=True, dm_channel=True, private_channel=True),
            allowed_installs=app_commands.AppInstallationType(guild=True, user=True),
        )
        self.app = app
        self.owners = owners
        self.approval_channel = approval_channel
        self.daily = daily
        self.board = Board(self, app)
        self.tree.on_error = self._refuse  # type: ignore[method-assign]
        self._left: Left | None = left or Left()
        app.alarms.append(self.alarm)
        self.presses: dict[str, Pressed] = {}
        self.picks: dict[str, Picked] = {}
        self.chosen_languages: dict[GuildId, str | None] = {}
        """What servers have chosen, as far as it was looked up."""
        self._seen = answering.Seen()
        self._looking: set[asyncio.Task[None]] = set()
        self._messenger = Messenger(self)

    def dispatch(self, event_name: str, /, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - discord.py's own
        """Tell of an event; an interaction is made ready for being answered before anything of it runs."""
        if event_name == "interaction":
            answering.prepare(args[0], self._seen)
        super().dispatch(event_name, *args, **kwargs)

    async def on_interaction(self, interaction: Interaction) -> None:
        """Answer what nobody else answers: a form that was shown before a restart."""
        if interaction.type is discord.InteractionType.modal_submit and not forms.is_ours(interaction.custom_id):
            await asyncio.sleep(OTHERS_FIRST)
            await self._answered(interaction, lambda: _forgotten(interaction, ""))

    async def setup_hook(self) -> None:
        """Load every cog in ``bot/cogs``, tell Discord the commands, make old buttons work."""
        self.add_dynamic_items(VoteButton, Press, Pick)
        folder = importlib.import_module(COGS).__path__
        names = {f"{COGS}.{found.name}" for found in pkgutil.iter_modules(folder)}
        for name in sorted(names - set(self.extensions)):
            await self.load_extension(name)
        await self.tree.set_translator(Commands())
        await self.tree.sync()

    async def close(self) -> None:
        """Let the cards say how it stands, then leave."""
        await self.board.close(LAST_CARDS)
        await self._messenger.close()
        await asyncio.gather(*self._looking, return_exceptions=True)
        await super().close()

    async def on_guild_join(self, server: discord.Guild) -> None:
        """Remember that we are on a server, once more perhaps."""
        await forgetting.come_back(self.app, GuildId(f"discord:{server.id}"))

    async def on_guild_remove(self, server: discord.Guild) -> None:
        """Remember since when we are not: after a month all that is of it goes."""
        await forgetting.leave(self.app, GuildId(f"discord:{server.id}"))

    # After a start -----------------------------------------------------------------------------------

    async def on_ready(self) -> None:
        """Put right what the last process left on Discord; once a process."""
        log.info("on Discord", user=str(self.user), guilds=len(self.guilds))
        left, self._left = self._left, None
        if left is not None:
            lag.settle()  # the cogs are here now
            self.board.catch_up(left, [GuildId(f"discord:{server.id}") for server in self.guilds])

    # Answers to commands -------------------------------------------------------------------------------

    async def think(self, interaction: Interaction) -> None:
        """Acknowledge a command: members see that the bot is thinking until a card or a sentence is there."""
        thinking = await interaction.response.defer(thinking=True)
        number = thinking.message_id if thinking else None
        interaction.extras[_THINKING] = number or (await interaction.original_response()).id

    def place(self, interaction: Interaction) -> Place | None:
        """Return where the answer hangs, if Discord said so."""
        channel_id, message_id = _answer_place(interaction)
        return (channel_id, message_id) if message_id else None

    def answer_slate(self, interaction: Interaction, slate: Slate) -> None:
        """Keep the answer showing a slate's card that is up to date."""
        channel_id, _ = _answer_place(interaction)
        self.board.presenter.slate(slate.id, self._answer(interaction), channel_id)

    def answer_staging(self, interaction: Interaction, staging: Staging) -> None:
        """Keep the answer showing a staged dialog's card that is up to date."""
        channel_id, _ = _answer_place(interaction)
        self.board.presenter.staging(staging.id, self._answer(interaction), channel_id)

    async def answer_script(self, interaction: Interaction, script: Script) -> None:
        """Keep the answer showing a script's card that is up to date, and hang the script where it belongs."""
        place = _answer_place(interaction)
        await self.board.answer_script(script, self._answer(interaction), place)

    async def hang_script(self, interaction: Interaction, script: Script) -> None:
        """Hang a script where it belongs: in its show's thread, or below what was clicked."""
        await self.board.script(script, partial(_send_here, interaction, f"script-{script.id}"))

    def _answer(self, interaction: Interaction) -> places.Show:
        channel_id, message_id = _answer_place(interaction)
        interaction.extras.pop(_THINKING, None)
        return places.as_answer(interaction, places.on_message(self, channel_id, message_id or 0))

    async def submit(self, interaction: Interaction, submitted: Submitted, values: dict[str, str]) -> None:
        """Do what a form is for with what was written into it."""
        await self._answered(interaction, lambda: submitted(interaction, values))

    async def press(self, interaction: Interaction, word: str, facts: str) -> None:
        """Do what a cog has taught us for a button; of one that nobody knows any more it is said that it is old."""
        await self._answered(interaction, lambda: self.presses.get(word, _forgotten)(interaction, facts))

    async def pick(self, interaction: Interaction, name: str, chosen: list[str]) -> None:
        """Do what a cog has taught us for a list."""
        kind, _, facts = name.partition(":")
        await self._answered(interaction, lambda: self.picks[kind](interaction, facts or kind, chosen))

    async def language(self, interaction: Interaction) -> str:
        """Return the language in which this is answered: the server's, if it has chosen one, or the member's own."""
        here = guild(interaction)
        if here not in self.chosen_languages:
            looking = asyncio.create_task(self._look_up_language(here), name=f"language of {here}")
            self._looking.add(looking)
            looking.add_done_callback(self._looking.discard)
            await asyncio.wait({looking}, timeout=LOOK_UP)  # a memory that is slow delays no acknowledgement
        return self.chosen_languages.get(here) or languages.language_of(interaction.locale.value)

    async def _look_up_language(self, here: GuildId) -> None:
        try:
            self.chosen_languages.setdefault(here, await browsing.language(self.app, here))
        except StorageError as error:
            log.warning("language not looked up", error=repr(error))

    async def _answered(self, interaction: Interaction, answer: Callable[[], Awaitable[object]]) -> None:
        if answering.AGAIN in interaction.extras:
            return
        try:
            languages.speak(await self.language(interaction))
            await answer()
        except Exception as error:  # noqa: BLE001 – neither items nor forms have an error hook of their own
            await self._refuse(interaction, error)

    # Votes -------------------------------------------------------------------------------------------

    async def vote(self, interaction: Interaction, pitch_id: PitchId) -> None:
        """Count a click on a vote button; its card is drawn anew for all clicks together."""
        await self._answered(interaction, lambda: self._count(interaction, pitch_id))

    async def _count(self, interaction: Interaction, pitch_id: PitchId) -> None:
        try:
            ballot = await voting.cast_vote(
                self.app,
                pitch_id,
                by=member(interaction),
                has=roles(interaction),
                clicked=clicked(interaction),
                guild=guild(interaction),
            )
        except SlateClosedError as error:
            self._show_tally(interaction, SlateId(error.slate_id))  # its buttons should be gone
            raise
        self._show_tally(interaction, ballot.pitch.slate_id)
        if ballot.greenlit:
            script = (await browsing.show(self.app, pitch_id)).scripts[0]
            await self.hang_script(interaction, script)
        await interaction.response.defer()

    def _show_tally(self, interaction: Interaction, slate_id: SlateId) -> None:
        """Have the card drawn with the votes of the moment when it is its turn: once for all clicks till then."""
        if interaction.message and interaction.channel_id:
            old = discord.utils.utcnow() - interaction.message.created_at > OLD
            on_message = places.on_message(self, interaction.channel_id, interaction.message.id)
            show = places.as_clicked(interaction, on_message)
            self.board.presenter.refresh(slate_id, show, interaction.channel_id, after=RARELY if old else 0.0)

    async def tell(self, person: MemberId, sentence: str) -> None:
        """Say something to a member by direct message; nobody waits for it, and one who takes none is left alone."""
        self._messenger.tell(person, sentence)

    async def alarm(self, sentence: str) -> None:
        """Say something to every owner by direct message."""
        for owner in self.owners:
            await self.tell(MemberId(f"discord:{owner}"), sentence)

    # Errors ------------------------------------------------------------------------------------------

    async def _refuse(self, interaction: Interaction, error: Exception) -> None:
        """Say privately, in one sentence, what went wrong; a public "is thinking…" is taken away before."""
        cause = _cause(error)
        if isinstance(cause, discord.HTTPException | aiohttp.ClientError) and not interaction.response.is_done():
            log.warning("not acknowledged", interaction=interaction.id, error=repr(cause))  # nobody hears us
            return
        sentence = errors.explain(cause)
        try:
            if not interaction.response.is_done():
                await interaction.response.send_message(sentence, ephemeral=True)
                return
            if interaction.extras.pop(_THINKING, None):
                await _stop_thinking(interaction)
            await interaction.followup.send(sentence, ephemeral=True)
        except (discord.HTTPException, aiohttp.ClientError) as lost:
            log.warning("nobody heard", sentence=sentence, error=repr(lost))


async def _forgotten(_interaction: Interaction, _facts: str) -> None:
    raise errors.CommandChangedError


def _answer_place(interaction: Interaction) -> tuple[int, int | None]:
    return interaction.channel_id or 0, interaction.extras.get(_THINKING)


async def _stop_thinking(interaction: Interaction) -> None:
    """Take a public "is thinking…" away: as long as it stands, the next message takes its place, for all to see.

    Deleting alone is not enough: Discord has answered 10008 to what followed.
    """
    await interaction.edit_original_response(content="That did not work.")
    await interaction.delete_original_response()


async def _send_here(interaction: Interaction, nonce: str, view: cards.View) -> discord.Message:
    """Send as the bot; where it is no member itself, a click lets it speak all the same."""
    channel = interaction.client.get_partial_messageable(interaction.channel_id or 0)
    try:
        return await channel.send(view=view, nonce=nonce)
    except (discord.Forbidden, discord.NotFound):
        return await interaction.followup.send(view=view, wait=True)


def _cause(error: Exception) -> BaseException:
    if isinstance(error, app_commands.CommandInvokeError):
        return error.original
    if isinstance(error, app_commands.CommandNotFound | app_commands.CommandSignatureMismatch):
        return errors.CommandChangedError()
    if isinstance(error, app_commands.CheckFailure):
        return errors.NotAllowedError("members with the right permission")
    return error
