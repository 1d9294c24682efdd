"""The next scene of a show, written with what happened so far; and all scenes as one document."""

from collections.abc import Sequence
from typing import Final

from bot.app import App
from bot.export import fountain
from bot.usecases import limits, writing
from bot.usecases.moderating import require_welcome
from bot.usecases.writing import NotGreenlitError, is_greenlit
from db import members, pitches, scripts
from db.errors import NotFoundError
from db.ids import MemberId, PitchId
from db.pitches import Pitch
from db.scripts import Script
from model import screenplay

MAX_PARTS: Final = 12


class LastSceneError(ValueError):
    """A show has at most ``limit`` scenes here."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"{limit} scenes")
        self.limit = limit


async def order_next(app: App, pitch_id: PitchId, *, by: MemberId) -> Script:
    """Order the next scene and return it; while one is being written, that one, and one that failed once more.

    Raises:
        NotFoundError: no such pitch.
        NotGreenlitError: the community has not chosen it.
        LastSceneError: it has ``MAX_PARTS`` already.
        NotWelcomeError, EnoughPagesError: the member is blocked here, or has asked for enough.
    """
    async with app.database.writing() as session:
        await members.ensure(session, by)
        pitch = await pitches.get(session, pitch_id)
        if not is_greenlit(pitch):
            raise NotGreenlitError(pitch)
        await require_welcome(session, pitch.guild_id, by)
        parts = await scripts.of_pitch(session, pitch_id)
        last = parts[-1] if parts else None
        number = 1 if last is None else last.part + (last.state == "done")
        if number > MAX_PARTS:
            raise LastSceneError(MAX_PARTS)
        if last is None or last.state != "drafting":
            await limits.require_page(session, guild=pitch.guild_id, member=by, now=app.now())
        ordered = await scripts.order(
            session, pitch_id=pitch_id, part=number, seed=app.new_seed(), asked_by=by, now=app.now()
        )
    if ordered.state == "drafting":
        writing.start(app, ordered.id)
    return ordered


async def document(app: App, pitch_id: PitchId) -> tuple[Pitch, str]:
    """Return a show and all that is written of it as one Fountain document.

    Raises:
        NotFoundError: no such pitch, or nothing is written of it yet.
    """
    async with app.database.reading() as session:
        pitch = await pitches.get(session, pitch_id)
        parts = await scripts.of_pitch(session, pitch_id)
    written = [part for part in parts if part.fountain]
    if not written:
        raise NotFoundError("script", "")
    whole = screenplay.Script(elements(written))
    return pitch, fountain.fountain(whole, title=pitch.title, drafted=written[-1].created_at.date())


def elements(parts: Sequence[Script]) -> tuple[screenplay.Element, ...]:
    """Return what the written ``parts`` consist of, one after the other."""
    return tuple(element for part in parts if part.fountain for element in fountain.read(part.fountain).elements)
