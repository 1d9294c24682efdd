"""What lists of shows, one show, and the leaderboard look like on Discord."""

import io
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import quote, unquote

import discord
from discord import ui

from bot.errors import CommandChangedError
from bot.languages import say, say_count
from bot.ui.buttons import Press
from bot.ui.cards import GREEN, View, turning
from bot.ui.chart import Bar, alt_text, chart
from bot.ui.plain import plain
from bot.usecases.browsing import Show
from bot.usecases.listing import Page
from db.pitches import Pitch

PICTURE: Final = "leaderboard.png"
_PAGES: Final = 100_000
_QUERY: Final = 60  # characters of a search, as they stand in a button


def words(state: str) -> str:
    """Return what became of a pitch, in words."""
    known = {
        "open": say("up for votes"),
        "greenlit": say("greenlit"),
        "scripted": say("scripted"),
        "posted": say("show of the day"),
        "passed": say("passed over"),
    }
    return known[state]


def listed(heading: str, page: Page, turn: str, facts: str, empty: str) -> View:
    """Return a page of a list; ``turn`` and ``facts`` are on the buttons that turn it."""
    rows = [_row(pitch) for pitch in page.pitches] or [empty]
    text: ui.TextDisplay[Any] = ui.TextDisplay("\n".join([f"### {heading}", *rows]))
    return _view(text, *turning(turn, facts, page.number, more=page.more))


def _row(pitch: Pitch) -> str:
    votes = say_count("{count} vote", "{count} votes", pitch.votes)
    about = " · ".join((plain(pitch.genre), votes, words(pitch.state)))
    return f"**{plain(pitch.title, 100)}** · {about}\n{plain(pitch.summary, 200)}"


def in_button(text: str) -> str:
    """Return a search as it stands in a button, cut to what finds room there."""
    short = text
    while len(quote(short, safe=" ")) > _QUERY:
        short = short[:-1]
    return quote(short, safe=" ")


def from_button(facts: str) -> tuple[int, str]:
    """Return the page and the rest of what stands on a button that turns pages.

    Raises:
        CommandChangedError: no button of ours says that.
    """
    number, _, rest = facts.partition(":")
    if not (number.isascii() and number.isdecimal()):
        raise CommandChangedError
    return min(int(number), _PAGES), unquote(rest)


def show_card(show: Show, *, kept: bool) -> View:
    """Return the card of one show."""
    pitch = show.pitch
    lines = [
        f"### {plain(pitch.title, 100)}",
        f"-# {plain(pitch.genre)} · {plain(pitch.theme)} · {words(pitch.state)} · "
        + say_count("{count} vote", "{count} votes", pitch.votes),
        plain(pitch.summary),
    ]
    if pitch.note:
        lines.append(f"-# {plain(pitch.note, 300)}")
    for script in show.scripts:
        if script.channel_id and script.message_id and script.state == "done":
            place = f"https://discord.com/channels/{pitch.guild_id.removeprefix('discord:')}/{script.channel_id}/{script.message_id}"
            lines.append(f"[{say('Page {number}', number=script.part)}]({place})")
    keep = say("Keep no longer") if kept else say("Keep")
    return _view(ui.TextDisplay("\n".join(lines)), ui.ActionRow(Press("keep", pitch.id, label=keep)))


def leaderboard(leaders: Sequence[Pitch], period: str) -> tuple[View, list[discord.File]]:
    """Return the card of the most voted pitches, and the picture on it."""
    heading = {"week": say("The week's favourites"), "month": say("The month's favourites")}.get(
        period, say("Leaderboard")
    )
    if not leaders:
        return _view(ui.TextDisplay(f"### {heading}\n" + say("Nobody has voted yet; `/pitch` opens a slate."))), []
    bars = [Bar(title=pitch.title, genre=pitch.genre, votes=pitch.votes + pitch.kept) for pitch in leaders]
    file = discord.File(io.BytesIO(chart(bars, heading)), PICTURE)
    rows = [
        f"{place}\\. **{plain(pitch.title, 100)}** · "
        + say_count("{count} vote", "{count} votes", pitch.votes)
        + (f" · ♥ {pitch.kept}" if pitch.kept else "")
        + f" · {words(pitch.state)}"
        for place, pitch in enumerate(leaders, 1)
    ]
    picture = discord.MediaGalleryItem(file, description=alt_text(bars, heading))
    return _view(ui.TextDisplay("\n".join([f"### {heading}", *rows])), ui.MediaGallery(picture)), [file]


def _view(*items: ui.Item[Any]) -> View:
    view = View(timeout=None)
    view.add_item(ui.Container(*items, accent_colour=GREEN))
    return view
