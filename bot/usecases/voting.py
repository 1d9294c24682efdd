"""Votes, the greenlight, and the end of a vote."""

from dataclasses import dataclass

from bot.app import App
from bot.usecases import writing
from db import guilds, members, pitches, slates, votes
from db.ids import MemberId, PitchId, SlateId
from db.pitches import Pitch


class PitchDecidedError(ValueError):
    """The pitch is no longer open: ``state`` says what became of it."""

    def __init__(self, pitch: Pitch) -> None:
        super().__init__(f"{pitch.id} is {pitch.state}")
        self.title, self.state = pitch.title, pitch.state


@dataclass(frozen=True, slots=True, kw_only=True)
class Ballot:
    """What a vote did: the pitch voted for and, if this vote decided it, that it is greenlit now."""

    pitch: Pitch
    greenlit: bool


async def cast_vote(app: App, pitch_id: PitchId, *, by: MemberId) -> Ballot:
    """Count ``by``'s one vote in the pitch's slate for this pitch; at the server's threshold it is greenlit.

    Raises:
        NotFoundError: no such pitch.
        SlateClosedError: the vote is over.
    """
    now = app.now()
    async with app.database.writing() as session:
        await members.ensure(session, by)
        asked = await pitches.get(session, pitch_id)
        await votes.cast(session, slate_id=asked.slate_id, pitch_id=pitch_id, member_id=by, now=now)
        rule = await guilds.ensure(session, asked.guild_id)
        enough = (await pitches.get(session, pitch_id)).votes >= rule.votes_to_greenlight
        script_id = None
        if enough and await pitches.greenlight(session, pitch_id, decided_by=None, now=now):
            await slates.close(session, asked.slate_id, now)
            script_id = await writing.order_first_page(app, session, pitch_id, asked_by=None)
        pitch = await pitches.get(session, pitch_id)
    if script_id is not None:
        writing.start(app, script_id)
    return Ballot(pitch=pitch, greenlit=script_id is not None)


async def greenlight(app: App, pitch_id: PitchId, *, by: MemberId) -> Pitch:
    """Decide for a pitch at once, as a showrunner may; its slate closes and its script is ordered.

    Raises:
        NotFoundError: no such pitch.
        PitchDecidedError: it is not open any more.
    """
    now = app.now()
    async with app.database.writing() as session:
        await members.ensure(session, by)
        pitch = await pitches.get(session, pitch_id)
        await slates.lock(session, pitch.slate_id)
        if not await pitches.greenlight(session, pitch_id, decided_by=by, now=now):
            raise PitchDecidedError(await pitches.get(session, pitch_id))
        await slates.close(session, pitch.slate_id, now)
        script_id = await writing.order_first_page(app, session, pitch_id, asked_by=by)
        pitch = await pitches.get(session, pitch_id)
    writing.start(app, script_id)
    return pitch


async def close_expired(app: App) -> tuple[SlateId, ...]:
    """Close every slate whose time is over; return those this call closed."""
    now = app.now()
    async with app.database.writing() as session:
        due = await slates.expired(session, now)
        return tuple([slate_id for slate_id in due if await slates.close(session, slate_id, now)])
