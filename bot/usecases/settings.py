"""A server's settings: looked at, and changed one by one; every change is written down."""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.app import App
from db import audit, guilds, members, roles
from db.database import Session
from db.guilds import Guild, Rating
from db.ids import GuildId, MemberId
from db.roles import Purpose
from model.briefs import OutOfRangeError

NUMBERS: Final = {
    "votes_to_greenlight": (1, 10_000),
    "voting_hours": (1, 720),
    "slates_a_day": (1, 1_000),
    "slates_a_day_of_all": (1, 100_000),
    "pages_a_day": (1, 10_000),
}
SWITCHES: Final = ("self_votes", "voters_shown")
CHANNELS: Final = ("pitch_channel", "script_channel", "report_channel", "daily_channel")


_HOUR: Final = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)", re.ASCII)


class WrongChannelError(PermissionError):
    """Slates are asked for in another channel, ``channel_id``."""

    def __init__(self, channel_id: int) -> None:
        super().__init__(f"channel {channel_id}")
        self.channel_id = channel_id


class BadHourError(ValueError):
    """``hour`` is no time of day."""

    def __init__(self, hour: str) -> None:
        super().__init__(hour)
        self.hour = hour


class UnknownZoneError(ValueError):
    """There is no time zone ``zone``."""

    def __init__(self, zone: str) -> None:
        super().__init__(zone)
        self.zone = zone


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """A server's settings with its roles."""

    guild: Guild
    voters: frozenset[int]
    showrunners: frozenset[int]


async def view(app: App, guild: GuildId) -> Settings:
    """Return the settings; a server that has never been here gets the defaults."""
    async with app.database.writing() as session:
        rule = await guilds.ensure(session, guild)
        return Settings(
            guild=rule,
            voters=await roles.of(session, guild, Purpose.VOTER),
            showrunners=await roles.of(session, guild, Purpose.SHOWRUNNER),
        )


async def daily_channels(app: App) -> dict[GuildId, int]:
    """Return the channels of all servers that have one for the show of the day."""
    async with app.database.reading() as session:
        return {guild.id: guild.daily_channel for guild in await guilds.announcing(session) if guild.daily_channel}


async def require_channel(app: App, guild: GuildId, here: Collection[int], *, exists: Callable[[int], bool]) -> None:
    """Return if slates may be asked for ``here``: a channel, or a thread and the channel it belongs to.

    A channel that does not exist any more is as good as none chosen.

    Raises:
        WrongChannelError: the server has another one for that.
    """
    wanted = (await view(app, guild)).guild.pitch_channel
    if wanted is not None and wanted not in here and exists(wanted):
        raise WrongChannelError(wanted)


async def set_number(app: App, guild: GuildId, name: str, number: int, *, by: MemberId) -> None:
    """Set one of ``NUMBERS``.

    Raises:
        OutOfRangeError: it is too small or too large.
    """
    low, high = NUMBERS[name]
    if not low <= number <= high:
        raise OutOfRangeError(name.replace("_", " "), number, low, high)
    await _change(app, guild, name, number, by=by)


async def turn(app: App, guild: GuildId, name: str, *, by: MemberId) -> None:
    """Turn one of ``SWITCHES`` on if it is off, and off if it is on."""
    now_on = getattr((await view(app, guild)).guild, SWITCHES[SWITCHES.index(name)])
    await _change(app, guild, name, not now_on, by=by)


async def set_channel(app: App, guild: GuildId, name: str, channel: int | None, *, by: MemberId) -> None:
    """Choose one of ``CHANNELS``, or none."""
    await _change(app, guild, CHANNELS[CHANNELS.index(name)], channel, by=by)


async def set_hour(app: App, guild: GuildId, at: str, zone: str, *, by: MemberId) -> None:
    """Choose when the show of the day goes out: ``at`` as HH:MM, ``zone`` such as Europe/Berlin; empty: the owner's.

    Raises:
        BadHourError, UnknownZoneError: that is no hour of the day, or no time zone.
    """
    minute, name = _minute(at.strip()), zone.strip()
    try:
        if name:
            ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise UnknownZoneError(name) from error
    await _change(app, guild, "daily_minute", minute, by=by)
    await _change(app, guild, "zone", name or None, by=by)


def _minute(at: str) -> int | None:
    if not at:
        return None
    found = _HOUR.fullmatch(at)
    if found is None:
        raise BadHourError(at)
    return int(found[1]) * 60 + int(found[2])


async def set_rating(app: App, guild: GuildId, rating: Rating, *, by: MemberId) -> None:
    """Choose what the server wants to read."""
    await _change(app, guild, "rating", rating, by=by)


async def set_language(app: App, guild: GuildId, language: str | None, *, by: MemberId) -> None:
    """Choose one language for everybody, or None: each member's own."""
    await _change(app, guild, "language", language, by=by)


async def choose_roles(app: App, guild: GuildId, purpose: Purpose, role_ids: Collection[int], *, by: MemberId) -> None:
    """Choose who may vote (nobody chosen: everybody), or who decides as a showrunner."""
    async with app.database.writing() as session:
        await members.ensure(session, by)
        await guilds.ensure(session, guild)
        await roles.choose(session, guild, purpose, role_ids)
        chosen = " ".join(map(str, sorted(role_ids))) or "none"
        await _record(app, session, guild, f"{purpose} roles: {chosen}", by=by)


async def _change(app: App, guild: GuildId, name: str, value: object, *, by: MemberId) -> None:
    async with app.database.writing() as session:
        await members.ensure(session, by)
        await guilds.ensure(session, guild)
        await guilds.change(session, guild, **{name: value})
        await _record(app, session, guild, f"{name}: {value}", by=by)


async def _record(app: App, session: Session, guild: GuildId, subject: str, *, by: MemberId) -> None:
    await audit.record(session, guild_id=guild, actor=by, action="setting", subject=subject, now=app.now())
