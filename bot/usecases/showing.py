"""The show of the day: the community's best finished one, else one the room makes up itself."""

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date
from typing import Final

from bot.app import App
from bot.export import fountain
from bot.networks.base import Announcement
from bot.stage import script_work, slate_work
from bot.usecases import pitching, voting
from db import pitches, scripts
from db.ids import GuildId, MemberId, PitchId
from db.pitches import Pitch
from model.briefs import GENRES, PitchBrief, theme
from model.screenplay import lines

ROOM: Final = GuildId("room")
ROOM_MEMBER: Final = MemberId("room")
THEMES: Final = (
    "a missing letter", "the last train", "two sisters", "a borrowed house", "the wrong wedding", "a night shift",
    "lost luggage", "an old rival", "the family shop", "a secret recipe", "the new neighbour", "a storm at sea",
    "first love", "a stolen painting", "the long road home", "a broken radio", "the village choir", "a double life",
    "the empty hotel", "a second chance", "a lighthouse", "the lottery ticket", "a travelling circus", "the twin",
)  # fmt: skip
_EXCERPT_ELEMENTS: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Pictures:
    """Poster and script page of a show as PNG, each with its words; without an excerpt there is no page."""

    poster: bytes
    alt: str
    page: bytes = b""
    page_alt: str = ""


Draw = Callable[[Pitch, str, str], Awaitable[Pictures]]
"""Makes the pictures of a show from its pitch, its excerpt and the name of the network they are for."""


class NothingToPostError(RuntimeError):
    """No show is finished and none could be written now; the clock asks again."""


async def choose(app: App, day: date) -> Pitch:
    """Return the most voted finished show that was never posted; if there is none, have one written.

    Raises:
        NothingToPostError: the writer brought nothing.
    """
    async with app.database.reading() as session:
        waiting = await pitches.unposted(session, 1)
    return waiting[0] if waiting else await _make_up(app, day)


async def _make_up(app: App, day: date) -> Pitch:
    dice = random.Random(day.toordinal())  # noqa: S311 – a draw of the day, the same in every process
    brief = PitchBrief(genre=dice.choice(GENRES), theme=theme(dice.choice(THEMES)), count=1, seed=app.new_seed())
    slate = await pitching.open_slate(app, brief, by=ROOM_MEMBER, guild=ROOM, limited=False)
    await app.crew.finish(slate_work(slate.id))
    async with app.database.reading() as session:
        made = await pitches.of_slate(session, slate.id)
    if not made:
        raise NothingToPostError
    pitch = await voting.greenlight(app, made[0].id, by=ROOM_MEMBER)
    async with app.database.reading() as session:
        pages = await scripts.of_pitch(session, pitch.id)
    for page in pages:
        await app.crew.finish(script_work(page.id))
    return await _finished(app, pitch.id)


async def _finished(app: App, pitch_id: PitchId) -> Pitch:
    async with app.database.reading() as session:
        pitch = await pitches.get(session, pitch_id)
    if pitch.state != "scripted":
        raise NothingToPostError
    return pitch


async def announce(app: App, draw: Draw, pitch: Pitch, day: date, network: str) -> Announcement:
    """Return what is announced of a show on ``network``: its pitch, the first lines of its script, its pictures."""
    async with app.database.reading() as session:
        pages = await scripts.of_pitch(session, pitch.id)
    written = next((page.fountain for page in pages if page.fountain), None)
    excerpt = lines(fountain.read(written).elements[:_EXCERPT_ELEMENTS]) if written else ""
    drawn = await draw(pitch, excerpt, network)
    return Announcement(
        day=day,
        title=pitch.title,
        summary=pitch.summary,
        genre=pitch.genre,
        excerpt=excerpt,
        picture=drawn.poster,
        alt=drawn.alt,
        page=drawn.page,
        page_alt=drawn.page_alt,
    )
