"""Shows that the room makes up by itself, before the day they are needed: a writer away by then costs nothing."""

import random
from collections.abc import Awaitable, Callable, Collection
from datetime import timedelta
from typing import Final

import structlog

from bot.app import App
from bot.stage import script_work, slate_work
from bot.usecases import moderating, pitching, voting
from bot.usecases.taste import Taste, fresh_choice
from db import pitches, scripts, slates
from db.ids import GuildId, MemberId, PitchId
from db.pitches import Pitch, PitchState
from model.briefs import GENRES, PitchBrief, theme

log = structlog.get_logger()
ROOM: Final = GuildId("room")
ROOM_MEMBER: Final = MemberId("room")
READY: Final = 3  # shows that wait, if nothing else is asked for
CANDIDATES: Final = 5  # titles of which one is taken
THEMES: Final = (
    "a missing letter", "the last train", "two sisters", "a borrowed house", "the wrong wedding", "a night shift",
    "lost luggage", "an old rival", "the family shop", "a secret recipe", "the new neighbour", "a storm at sea",
    "first love", "a stolen painting", "the long road home", "a broken radio", "the village choir", "a double life",
    "the empty hotel", "a second chance", "a lighthouse", "the lottery ticket", "a travelling circus", "the twin",
)  # fmt: skip
_LIKED_WITHIN: Final = timedelta(days=90)
_GENRES_APART: Final = len(GENRES) // 2  # slates of the room until a genre may come again
_JUDGED: Final = 2000  # the newest pitches of which its taste is learnt


Choose = Callable[[App, Collection[PitchId]], Awaitable[Pitch]]
"""Chooses a show that may be announced, none of those given."""


class NothingToPostError(RuntimeError):
    """No show is finished and none could be written now; the clock asks again."""


async def fill(app: App, ready: int = READY) -> int:
    """Have shows made up until ``ready`` of the room's own wait to be announced; return how many were made."""
    made = 0
    while await _waiting(app) < ready:
        try:
            await make_up(app)
        except NothingToPostError:
            log.warning("no show made up, tried again later")
            break
        made += 1
    return made


async def _waiting(app: App) -> int:
    async with app.database.reading() as session:
        return sum(pitch.guild_id == ROOM for pitch in await pitches.unposted(session, _JUDGED))


async def make_up(app: App) -> Pitch:
    """Have a slate written on a brief of the room's own, and the script of the title that fits the community best.

    Raises:
        NothingToPostError: the writer brought nothing.
    """
    slate = await pitching.open_slate(app, await _brief(app), by=ROOM_MEMBER, guild=ROOM, limited=False)
    await app.crew.finish(slate_work(slate.id))
    async with app.database.reading() as session:
        brought = await pitches.of_slate(session, slate.id)
    if not brought:
        raise NothingToPostError
    taste = await _taste(app)
    best = max(brought, key=lambda pitch: taste.score(f"{pitch.title} {pitch.summary}"))
    pitch = await voting.greenlight(app, best.id, by=ROOM_MEMBER)
    async with app.database.reading() as session:
        pages = await scripts.of_pitch(session, pitch.id)
    for page in pages:
        await app.crew.finish(script_work(page.id))
    return await _finished(app, pitch.id)


async def _brief(app: App) -> PitchBrief:
    """Return a genre that members vote for and a theme, neither of which the room had lately."""
    async with app.database.reading() as session:
        liked = await slates.votes_by_genre(session, app.now() - _LIKED_WITHIN)
        before = await slates.recent(session, ROOM, max(len(THEMES), _GENRES_APART))
    seed = app.new_seed()
    dice = random.Random(f"{seed} {len(before)} {before[0].id if before else 0}")  # noqa: S311 - a draw, no secret
    genres = [slate.genre for slate in before[:_GENRES_APART]]
    kind = fresh_choice(dice, GENRES, used=genres, likes=liked)
    about = fresh_choice(dice, THEMES, used=[slate.theme for slate in before], likes={})
    chosen = next(known for known in GENRES if known == kind)
    return PitchBrief(genre=chosen, theme=theme(about), count=CANDIDATES, seed=seed)


async def _taste(app: App) -> Taste:
    async with app.database.reading() as session:
        judged = [pitch for pitch in await pitches.judged(session, _JUDGED) if pitch.guild_id != ROOM]
    chosen = [f"{pitch.title} {pitch.summary}" for pitch in judged if pitch.state != PitchState.PASSED]
    passed = [f"{pitch.title} {pitch.summary}" for pitch in judged if pitch.state == PitchState.PASSED]
    return Taste.of(chosen, passed)


async def _finished(app: App, pitch_id: PitchId) -> Pitch:
    async with app.database.reading() as session:
        pitch = await pitches.get(session, pitch_id)
    if pitch.state != PitchState.SCRIPTED:
        raise NothingToPostError
    return pitch


def is_fit_for_all(*texts: str) -> bool:
    """Say whether texts may stand in public, where nobody has chosen to read strong words."""
    return all(moderating.is_decent(text, coarse=False) for text in texts)
