"""What Discord says to a bot: the server, its members, their commands and clicks, as the gateway sends them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

APPLICATION: Final = 1_000_000_000_000_000_001
SERVER: Final = 1_000_000_000_000_000_002
OWNER: Final = 1_000_000_000_000_000_003
CHANNELS: Final = tuple(1_000_000_000_000_000_100 + number for number in range(10))
_FIRST_MEMBER: Final = 1_100_000_000_000_000_000
_PERMISSIONS: Final = "2251799813685247"
_EPOCH: Final = 1_420_070_400_000  # milliseconds; Discord's
_COMPONENTS_V2: Final = 1 << 15
_COMMAND, _COMPONENT = 2, 3
Json = dict[str, Any]


@dataclass(slots=True)
class Snowflakes:
    """Numbers as Discord gives them: the time, and one more each."""

    last: int = 0

    def new(self) -> int:
        """Return the next one."""
        now = int(datetime.now(UTC).timestamp() * 1000) - _EPOCH
        self.last = max(self.last + 1, now << 22)
        return self.last


def user(number: int, name: str, *, bot: bool = False) -> Json:
    """Return a user."""
    return {
        "id": str(number),
        "username": name,
        "discriminator": "0",
        "global_name": name,
        "avatar": None,
        "bot": bot,
        "public_flags": 0,
    }


BOT: Final = user(APPLICATION, "GreenLIT", bot=True)


def _member(account: Json) -> Json:
    return {
        "user": account,
        "nick": None,
        "avatar": None,
        "roles": [],
        "joined_at": "2026-01-01T00:00:00+00:00",
        "premium_since": None,
        "deaf": False,
        "mute": False,
        "pending": False,
        "flags": 0,
        "permissions": _PERMISSIONS,
        "communication_disabled_until": None,
    }


def _channel(number: int) -> Json:
    return {
        "id": str(number),
        "type": 0,
        "guild_id": str(SERVER),
        "name": f"pitches-{number % 100}",
        "position": number % 100,
        "permission_overwrites": [],
        "parent_id": None,
        "topic": None,
        "nsfw": False,
        "rate_limit_per_user": 0,
        "last_message_id": None,
        "permissions": _PERMISSIONS,
    }


def server() -> Json:
    """Return the server with its ten channels, as GUILD_CREATE brings it."""
    everyone = {
        "id": str(SERVER),
        "name": "@everyone",
        "permissions": _PERMISSIONS,
        "position": 0,
        "color": 0,
        "hoist": False,
        "managed": False,
        "mentionable": False,
        "flags": 0,
    }
    return {
        "id": str(SERVER),
        "name": "The Writers' Room",
        "owner_id": str(OWNER),
        "icon": None,
        "afk_timeout": 300,
        "verification_level": 0,
        "default_message_notifications": 0,
        "explicit_content_filter": 0,
        "mfa_level": 0,
        "premium_tier": 0,
        "preferred_locale": "en-US",
        "features": [],
        "emojis": [],
        "stickers": [],
        "roles": [everyone],
        "member_count": 10_000,
        "large": True,
        "unavailable": False,
        "joined_at": "2026-01-01T00:00:00+00:00",
        "members": [_member(BOT)],
        "channels": [_channel(number) for number in CHANNELS],
        "threads": [],
        "presences": [],
        "voice_states": [],
        "stage_instances": [],
        "guild_scheduled_events": [],
        "soundboard_sounds": [],
    }


def message(number: int, channel: int, components: Sequence[Json] = ()) -> Json:
    """Return a message of the bot's with ``components``."""
    return {
        "id": str(number),
        "channel_id": str(channel),
        "guild_id": str(SERVER),
        "author": BOT,
        "content": "",
        "timestamp": datetime.now(UTC).isoformat(),
        "edited_timestamp": None,
        "tts": False,
        "mention_everyone": False,
        "mentions": [],
        "mention_roles": [],
        "attachments": [],
        "embeds": [],
        "components": list(components),
        "pinned": False,
        "type": 0,
        "flags": _COMPONENTS_V2,
    }


@dataclass(frozen=True, slots=True)
class Card:
    """A slate's card on its message, and the pitches that its buttons vote for."""

    slate: int
    message: Json
    channel: int
    pitches: tuple[int, ...]


def _interaction(kind: int, number: int, member: int, channel: int, data: Json) -> Json:
    return {
        "id": str(number),
        "application_id": str(APPLICATION),
        "type": kind,
        "token": f"{number}.{channel}",
        "version": 1,
        "data": data,
        "guild_id": str(SERVER),
        "channel_id": str(channel),
        "channel": _channel(channel),
        "member": _member(user(_FIRST_MEMBER + member, f"member{member}")),
        "locale": "en-US",
        "guild_locale": "en-US",
        "app_permissions": _PERMISSIONS,
        "entitlements": [],
        "authorizing_integration_owners": {"0": str(SERVER)},
        "context": 0,
        "attachment_size_limit": 10 * 2**20,
    }


def click(number: int, member: int, card: Card, pitch: int) -> Json:
    """Return a member's click on the button that votes for a pitch."""
    data = {"custom_id": f"gl:v1:vote:{pitch}", "component_type": 2, "id": 7}
    return {**_interaction(_COMPONENT, number, member, card.channel, data), "message": card.message}


def command(number: int, member: int, channel: int, name: str, identity: str, **options: str | int) -> Json:
    """Return a member's slash command with ``options``."""
    kinds = {str: 3, int: 4, bool: 5}
    given = [{"name": key, "type": kinds[type(value)], "value": value} for key, value in options.items()]
    return _interaction(_COMMAND, number, member, channel, {"id": identity, "name": name, "type": 1, "options": given})
