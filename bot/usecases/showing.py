"""The show of the day: the community's best finished one, else one the room makes up itself."""

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Final

from bot.app import App
from bot.export import fountain
from bot.networks.base import Announcement
from bot.usecases import reserve
from bot.usecases.reserve import ROOM, is_fit_for_all
from db import pitches, scripts
from db.pitches import Pitch
from model.screenplay import lines

_EXCERPT_ELEMENTS: Final = 8
_LOOKED_AT: Final = 100  # shows that wait

Draw = Callable[[Pitch, str], Awaitable[tuple[bytes, str]]]
"""Makes the picture of a show from its pitch and excerpt: PNG bytes and alternative text."""


async def choose(app: App, day: date) -> Pitch:  # noqa: ARG001 - a day has one show, whichever it is
    """Return the most voted finished show that was never posted, the community's before the room's own.

    One that is not fit for all to read is passed by. If there is none, one is made up now.

    Raises:
        NothingToPostError: the writer brought nothing.
    """
    async with app.database.reading() as session:
        waiting = await pitches.unposted(session, _LOOKED_AT)
    for pitch in sorted(waiting, key=lambda pitch: pitch.guild_id == ROOM):  # of equals the first stays the first
        if is_fit_for_all(pitch.title, pitch.summary, await excerpt(app, pitch)):
            return pitch
    return await reserve.make_up(app)


async def excerpt(app: App, pitch: Pitch) -> str:
    """Return the first lines of a show's script, as plain text; empty where none is written."""
    async with app.database.reading() as session:
        pages = await scripts.of_pitch(session, pitch.id)
    written = next((page.fountain for page in pages if page.fountain), None)
    return lines(fountain.read(written).elements[:_EXCERPT_ELEMENTS]) if written else ""


async def announce(app: App, draw: Draw, pitch: Pitch, day: date) -> Announcement:
    """Return what is announced of a show: its pitch, the first lines of its script and a picture."""
    first = await excerpt(app, pitch)
    picture, alt = await draw(pitch, first)
    return Announcement(
        day=day,
        title=pitch.title,
        summary=pitch.summary,
        genre=pitch.genre,
        excerpt=first,
        picture=picture,
        alt=alt,
    )
