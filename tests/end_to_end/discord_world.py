"""The world the loopback Discord shows: simcord's, with a real clock, and its messages as values."""

import copy
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import discord
from simcord import Env
from simcord._clock import Clock
from simcord.backend import Backend
from simcord.backend.models import Message as StoredMessage
from simcord.components import walk_components

BUTTON, LOADING = 2, 1 << 7
WRITTEN = (0, 19, 20, 23)  # types of messages that somebody wrote, not Discord itself
OTHERS = tuple(
    f"gl:v1:{word}:" for word in ("calloff", "more", "fresh", "brief", "next", "lines", "morelines", "export", "report")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    """A button as a member sees it; a link has no custom_id."""

    custom_id: str | None
    label: str | None
    disabled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message as it looked when it was asked for; `loading` is Discord's "is thinking…"."""

    id: int
    channel_id: int
    content: str
    components: list[dict[str, Any]]
    embeds: list[dict[str, Any]]
    attachments: list[dict[str, Any]]
    ephemeral: bool
    loading: bool
    system: bool = False
    poll: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """All words on it: content, text displays, embeds (not the buttons' labels)."""
        texts = [self.content, *(str(c["content"]) for c in walk_components(self.components) if "content" in c)]
        for embed in self.embeds:
            fields = [f"{entry['name']}\n{entry['value']}" for entry in embed.get("fields") or ()]
            texts += [embed.get("title") or "", embed.get("description") or "", *fields]
        return "\n".join(text for text in texts if text)

    @property
    def all_buttons(self) -> list[Button]:
        return [
            Button(custom_id=c.get("custom_id"), label=c.get("label"), disabled=bool(c.get("disabled")))
            for c in walk_components(self.components)
            if c.get("type") == BUTTON
        ]

    @property
    def buttons(self) -> list[Button]:
        """Those that decide something about a title, not what else can be asked for."""
        return [one for one in self.all_buttons if not (one.custom_id or "").startswith(OTHERS)]

    def press(self, word: str) -> str:
        """The id of the one button of this word."""
        (found,) = (one.custom_id for one in self.all_buttons if (one.custom_id or "").startswith(f"gl:v1:{word}:"))
        assert found
        return found


class WallClock(Clock):
    """Real time: with simcord's virtual clock the three seconds and the ages of ids would be wrong."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class World(Env):
    """simcord's world without a bot inside the process: nothing to settle, members act at the same time."""

    def __init__(self) -> None:
        super().__init__(discord.Client(intents=discord.Intents(guilds=True)))
        self.backend = Backend(clock=WallClock())

    def _begin_operation(self, label: str) -> None: ...

    def _end_operation(self) -> None: ...

    async def _settle_internal(self, **_options: object) -> None: ...


def snapshot(stored: StoredMessage) -> Message:
    """A message as it is now, out of simcord's keeping."""
    return Message(
        id=stored.id,
        channel_id=stored.channel_id,
        content=stored.content,
        components=copy.deepcopy(stored.components),
        embeds=copy.deepcopy(stored.embeds),
        attachments=copy.deepcopy(stored.attachments),
        ephemeral=stored.is_ephemeral,
        loading=bool(stored.flags & LOADING),
        system=stored.type not in WRITTEN,
        poll=tuple(answer.text or "" for answer in stored.poll.answers) if stored.poll else (),
    )
