"""Look at slates, shows and what the room remembers, without changing anything."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from bot.app import App
from bot.stage import Progress, slate_work
from db import guilds, pitches, posts, scripts, slates, votes
from db.errors import NotFoundError
from db.ids import GuildId, MemberId, PitchId, ScriptId, SlateId
from db.pitches import Pitch, PitchState
from db.posts import Post, PostState
from db.scripts import Script
from db.slates import Slate

LATELY: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class SlateView:
    """A slate as it is shown: its pitches with tallies, or how far the writer is."""

    slate: Slate
    pitches: tuple[Pitch, ...]
    progress: Progress | None
    own_vote: PitchId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Show:
    """A pitch with what has been written of it."""

    pitch: Pitch
    scripts: tuple[Script, ...]


async def slate(app: App, slate_id: SlateId, *, member: MemberId | None = None) -> SlateView:
    """Return the slate as ``member`` sees it.

    Raises:
        NotFoundError: no such slate.
    """
    async with app.database.reading() as session:
        row = await slates.get(session, slate_id)
        return SlateView(
            slate=row,
            pitches=await pitches.of_slate(session, slate_id),
            progress=app.stage.latest(slate_work(slate_id)),
            own_vote=await votes.of_member(session, slate_id, member) if member else None,
        )


async def show(app: App, pitch_id: PitchId) -> Show:
    """Return a pitch with its scripts.

    Raises:
        NotFoundError: no such pitch.
    """
    async with app.database.reading() as session:
        return Show(pitch=await pitches.get(session, pitch_id), scripts=await scripts.of_pitch(session, pitch_id))


async def script(app: App, script_id: ScriptId) -> tuple[Pitch, Script]:
    """Return a script and the pitch it is of.

    Raises:
        NotFoundError: no such script.
    """
    async with app.database.reading() as session:
        row = await scripts.get(session, script_id)
        return await pitches.get(session, row.pitch_id), row


async def language(app: App, guild: GuildId) -> str | None:
    """Return the language that a server has chosen for everybody, if it has."""
    async with app.database.reading() as session:
        try:
            return (await guilds.get(session, guild)).language
        except NotFoundError:
            return None


async def recent_slates(app: App, guild: GuildId, limit: int = 10) -> tuple[Slate, ...]:
    """Return the newest slates of a server, newest first."""
    async with app.database.reading() as session:
        return await slates.recent(session, guild, limit)


async def voted_lately(app: App) -> tuple[Slate, ...]:
    """Return the slates on which somebody voted within ``LATELY``, whatever their server."""
    async with app.database.reading() as session:
        numbers = await votes.slates_since(session, app.now() - LATELY)
        return tuple([await slates.get(session, number) for number in numbers])


async def leaderboard(app: App, guild: GuildId, limit: int = 10) -> tuple[Pitch, ...]:
    """Return the pitches with the most votes, most first."""
    async with app.database.reading() as session:
        return await pitches.leaderboard(session, guild, limit)


async def search(
    app: App, guild: GuildId, text: str, *, states: Collection[PitchState], limit: int = 25
) -> tuple[Pitch, ...]:
    """Return pitches of a server whose title contains ``text``."""
    async with app.database.reading() as session:
        return await pitches.search(session, guild, text, states=states, limit=limit)


async def remembered(app: App) -> dict[str, int]:
    """Return how many slates, pitches, votes and scripts the room remembers."""
    async with app.database.reading() as session:
        return await slates.counts(session)


async def posts_on_servers(app: App, since: date) -> dict[date, dict[PostState, int]]:
    """Return on how many servers of Discord the shows of each day from then on are in which state."""
    async with app.database.reading() as session:
        return await posts.on_servers(session, since)


async def recent_posts(app: App, limit: int = 10) -> tuple[Post, ...]:
    """Return the newest posts, newest first."""
    async with app.database.reading() as session:
        return await posts.recent(session, limit)
