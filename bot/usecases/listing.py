"""Lists of shows, a page at a time: of a server, of a search, of a member; and what a member keeps."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal

from bot.app import App
from db import favourites, members, pitches
from db.errors import NotFoundError
from db.ids import GuildId, MemberId, PitchId
from db.pitches import Pitch, PitchState

PAGE: Final = 5
SHOWN: Final = (PitchState.GREENLIT, PitchState.SCRIPTED, PitchState.POSTED)
Period = Literal["week", "month", "all"]
PERIODS: Final[dict[Period, timedelta | None]] = {"week": timedelta(days=7), "month": timedelta(days=30), "all": None}


class TooFewShowsError(LookupError):
    """There are not two greenlit shows yet to choose from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some pitches, the ``number`` of the page (from 0) and whether there are ``more``."""

    pitches: tuple[Pitch, ...]
    number: int
    more: bool


async def shows(app: App, guild: GuildId, page: int, *, genre: str | None = None) -> Page:
    """Return a page of the server's shows, the newest first."""
    async with app.database.reading() as session:
        found = await pitches.listed(session, guild, SHOWN, genre=genre, offset=page * PAGE, limit=PAGE + 1)
    return _page(found, page)


async def found(app: App, guild: GuildId, text: str, page: int) -> Page:
    """Return a page of the pitches with ``text`` in title or summary, whatever their state, the most voted first."""
    async with app.database.reading() as session:
        some = await pitches.containing(session, guild, text, offset=page * PAGE, limit=PAGE + 1)
    return _page(some, page)


async def mine(app: App, guild: GuildId, member: MemberId, page: int) -> Page:
    """Return a page of the pitches that a member asked for on this server, the newest first."""
    async with app.database.reading() as session:
        asked = await pitches.asked_by(session, guild, member, offset=page * PAGE, limit=PAGE + 1)
    return _page(asked, page)


async def kept(app: App, guild: GuildId, member: MemberId, page: int) -> Page:
    """Return a page of what a member keeps on this server, the last kept first."""
    async with app.database.reading() as session:
        ids = await favourites.of(session, member)
        some = await pitches.these(session, guild, ids)
    ordered = sorted(some, key=lambda pitch: ids.index(pitch.id))
    return _page(tuple(ordered[page * PAGE : page * PAGE + PAGE + 1]), page)


async def leaders(app: App, guild: GuildId, period: Period, limit: int = 10) -> tuple[Pitch, ...]:
    """Return the pitches with the most votes among those of the last ``period``, most first."""
    span = PERIODS[period]
    since = None if span is None else app.now() - span
    async with app.database.reading() as session:
        return await pitches.leaderboard(session, guild, limit, since=since)


async def any_show(app: App, guild: GuildId) -> Pitch:
    """Return one of the server's shows, by chance.

    Raises:
        NotFoundError: it has none yet.
    """
    async with app.database.reading() as session:
        chosen = await pitches.by_chance(session, guild, SHOWN)
    if chosen is None:
        raise NotFoundError("greenlit show", "")
    return chosen


async def keep(app: App, pitch: PitchId, *, by: MemberId) -> bool:
    """Keep a show, or keep it no longer; say which."""
    async with app.database.writing() as session:
        await members.ensure(session, by)
        return await favourites.toggle(session, member=by, pitch=pitch, now=app.now())


async def is_kept(app: App, pitch: PitchId, *, by: MemberId) -> bool:
    """Say whether a member keeps a show."""
    async with app.database.reading() as session:
        return pitch in await favourites.of(session, by)


def _page(some: Collection[Pitch], number: int) -> Page:
    return Page(pitches=tuple(some)[:PAGE], number=number, more=len(some) > PAGE)
