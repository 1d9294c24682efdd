"""What ``/setup`` shows: a server's settings, with everything that changes them."""

from typing import Any

import discord
from discord import ui

from bot.languages import LANGUAGES, say
from bot.ui.buttons import Pick, Press
from bot.ui.cards import GREEN, View
from bot.usecases.settings import Settings
from db.guilds import Guild, Rating
from db.roles import Purpose

_NAMES = {"en": "English", "zh_CN": "简体中文", "es": "Español", "de": "Deutsch", "fr": "Français", "ja": "日本語"}
OWN = "own"  # everybody is answered in their own language


def settings_card(settings: Settings, page: str = "rules") -> View:
    """Return one ``page`` of the settings: ``rules``, ``channels``, ``daily`` or ``roles``."""
    body = {"channels": _channels, "daily": _daily, "roles": _roles}.get(page, _rules)(settings)
    pages = (
        ("rules", say("Rules")),
        ("channels", say("Channels")),
        ("daily", say("Show of the day")),
        ("roles", say("Roles and language")),
    )
    tabs = [Press("settings", name, label=title, disabled=name == page) for name, title in pages]
    view = View(timeout=None)
    view.add_item(ui.Container(*body, ui.ActionRow(*tabs), accent_colour=GREEN))
    return view


def _rules(settings: Settings) -> list[ui.Item[Any]]:
    guild = settings.guild
    lines = [
        "### " + say("Settings of this server"),
        say("**{votes}** votes greenlight a pitch.", votes=guild.votes_to_greenlight),
        say("A vote closes after **{hours}** hours.", hours=guild.voting_hours),
        say("A member may ask for **{count}** slates a day, the server for **{whole}**.",
            count=guild.slates_a_day, whole=guild.slates_a_day_of_all),
        say("A member may ask for **{count}** scenes, lines and dialogs a day.", count=guild.pages_a_day),
        say("Voting on one's own slate: **{state}**", state=_state(guild.self_votes)),
        say("Moderators see who voted for what: **{state}**", state=_state(guild.voters_shown)),
        say("Content: **{rating}**", rating=_rating(guild)),
    ]  # fmt: skip
    switches = [
        Press("switch", "self_votes", label=say("Own votes")),
        Press("switch", "voters_shown", label=say("Voters list")),
        Press("switch", "rating", label=say("Content")),
    ]
    return [
        ui.TextDisplay("\n".join(lines)),
        ui.ActionRow(Press("numbers", "all", label=say("Change the numbers"))),
        ui.ActionRow(*switches),
    ]


def _channels(settings: Settings) -> list[ui.Item[Any]]:
    guild = settings.guild
    chosen = (
        ("pitch_channel", say("Where slates are asked for (nowhere chosen: everywhere)"), guild.pitch_channel),
        (
            "script_channel",
            say("Where scripts are written, a channel or a forum (nowhere chosen: threads on the slates)"),
            guild.script_channel,
        ),
        ("report_channel", say("Where moderators read reports"), guild.report_channel),
    )
    items: list[ui.Item[Any]] = [ui.TextDisplay("### " + say("Channels"))]
    for name, text, channel in chosen:
        items += [ui.TextDisplay(text), ui.ActionRow(Pick.channel(name, channel, forum=name == "script_channel"))]
    return items


def _daily(settings: Settings) -> list[ui.Item[Any]]:
    guild = settings.guild
    when = [
        say("It goes out at **{time}**.", time=clock(guild.daily_minute) or say("the bot's own hour")),
        say("Time zone: **{zone}**", zone=guild.zone or say("the bot's own")),
    ]
    about = say("Every day the best show of this server that was not shown yet, or else the room's own.")
    return [
        ui.TextDisplay("\n".join(["### " + say("Show of the day"), about, *when])),
        ui.ActionRow(Press("hour", "all", label=say("Change the hour"))),
        ui.TextDisplay(say("Where it goes out (nowhere chosen: not at all)")),
        ui.ActionRow(Pick.channel("daily_channel", guild.daily_channel)),
    ]


def clock(minute: int | None) -> str:
    """Return a time of day as HH:MM; empty where none is chosen."""
    return "" if minute is None else f"{minute // 60:02d}:{minute % 60:02d}"


def _roles(settings: Settings) -> list[ui.Item[Any]]:
    languages = [
        discord.SelectOption(label=say("Each member's own"), value=OWN, default=settings.guild.language is None),
        *(
            discord.SelectOption(label=_NAMES[name], value=name, default=settings.guild.language == name)
            for name in LANGUAGES
        ),
    ]
    return [
        ui.TextDisplay("### " + say("Roles and language")),
        ui.TextDisplay(say("Who votes (nobody chosen: everybody)")),
        ui.ActionRow(Pick.roles(Purpose.VOTER, settings.voters)),
        ui.TextDisplay(say("Who decides as a showrunner, besides those who manage the server")),
        ui.ActionRow(Pick.roles(Purpose.SHOWRUNNER, settings.showrunners)),
        ui.TextDisplay(say("In which language we answer")),
        ui.ActionRow(Pick.of("language", languages)),
    ]


def _rating(guild: Guild) -> str:
    return say("mature, in age-restricted channels") if guild.rating == Rating.MATURE else say("general")


def _state(on: bool) -> str:  # noqa: FBT001 - a word for it
    return say("on") if on else say("off")
