"""The show of the day: the community's best finished one, else one the room makes up itself."""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from bot.app import App
from bot.export import fountain
from bot.networks.base import Announcement
from bot.usecases import approving, reserve
from bot.usecases.approving import NotApprovedError
from bot.usecases.reserve import ROOM, NothingToPostError, is_fit_for_all
from db import pitches, posts, proposals, scripts
from db.ids import GuildId, PitchId
from db.pitches import Pitch
from model.screenplay import lines

_EXCERPT_ELEMENTS: Final = 8
_LOOKED_AT: Final = 100  # shows that wait


@dataclass(frozen=True, slots=True, kw_only=True)
class Pictures:
    """Poster and script page of a show as PNG, each with its words; without an excerpt there is no page."""

    poster: bytes
    alt: str
    page: bytes = b""
    page_alt: str = ""


Draw = Callable[[Pitch, str, str], Awaitable[Pictures]]
"""Makes the pictures of a show from its pitch, its excerpt and the name of the network they are for."""


async def choose(app: App, day: date) -> Pitch:
    """Return the show of ``day``: the next one, or where the owner wants to approve it, the one that was.

    Raises:
        NotApprovedError: it waits for somebody's word.
        NothingToPostError: there is none, and the writer brought nothing.
    """
    if not app.approval:
        return await the_next(app)
    standing = await approving.standing(app, day, the_next)
    if standing.proposal.state != "approved":
        raise NotApprovedError(day)
    return standing.pitch


async def choose_for_server(app: App, day: date, *, server: GuildId) -> Pitch:
    """Return what is shown on a server on ``day``: its own best, else everybody's show of the day, else the room's.

    Nothing comes twice on one server.

    Raises:
        NothingToPostError: there is none yet.
    """
    number = server.partition(":")[2]
    async with app.database.reading() as session:
        own = await pitches.unposted(session, _LOOKED_AT, of=server, server=number)
        rooms = await pitches.unposted(session, _LOOKED_AT, of=ROOM, server=number)
        of_all = await posts.show_of(session, day)
    ordered = [*own, *(pitch for pitch in rooms if pitch.id == of_all), *rooms]
    for pitch in ordered:
        if is_fit_for_all(pitch.title, pitch.summary, await excerpt(app, pitch)):
            return pitch
    raise NothingToPostError


async def the_next(app: App, but: Collection[PitchId] = ()) -> Pitch:
    """Return the most voted finished show that was never posted, the community's before the room's own.

    None of those in ``but``, and none that is not fit for all to read. If there is none, one is made up now.

    Raises:
        NothingToPostError: the writer brought nothing.
    """
    return await waiting(app, but) or await reserve.make_up(app)


async def waiting(app: App, but: Collection[PitchId] = ()) -> Pitch | None:
    """Return the most voted finished show that was never posted, as :func:`the_next` does; None if there is none."""
    async with app.database.reading() as session:
        found = await pitches.unposted(session, _LOOKED_AT)
    for pitch in sorted(found, key=lambda pitch: pitch.guild_id == ROOM):  # of equals the first stays the first
        if pitch.id not in but and is_fit_for_all(pitch.title, pitch.summary, await excerpt(app, pitch)):
            return pitch
    return None


async def excerpt(app: App, pitch: Pitch) -> str:
    """Return the first lines of a show's script, as plain text; empty where none is written."""
    async with app.database.reading() as session:
        pages = await scripts.of_pitch(session, pitch.id)
    written = next((page.fountain for page in pages if page.fountain), None)
    return lines(fountain.read(written).elements[:_EXCERPT_ELEMENTS]) if written else ""


async def _words(app: App, pitch: Pitch, day: date) -> str:
    """Return what is said of a show on ``day``: as somebody edited it, or its own words."""
    async with app.database.reading() as session:
        found = await proposals.of_day(session, day)
    return (found.summary if found and found.pitch_id == pitch.id else None) or pitch.summary


async def announce(app: App, draw: Draw, pitch: Pitch, day: date, network: str) -> Announcement:
    """Return what is announced of a show on ``network``: its pitch, the first lines of its script, its pictures."""
    first = await excerpt(app, pitch)
    pitch = replace(pitch, summary=await _words(app, pitch, day))
    drawn = await draw(pitch, first, network)
    return Announcement(
        day=day,
        number=pitch.id,
        title=pitch.title,
        summary=pitch.summary,
        genre=pitch.genre,
        excerpt=first,
        picture=drawn.poster,
        alt=drawn.alt,
        page=drawn.page,
        page_alt=drawn.page_alt,
    )
