"""Votes, the greenlight, and the end of a vote."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from bot.app import App
from bot.usecases import writing
from bot.usecases.moderating import require_welcome
from db import audit, guilds, members, pitches, roles, slates, votes
from db.database import Session
from db.errors import NotFoundError
from db.guilds import Guild
from db.ids import GuildId, MemberId, PitchId, SlateId
from db.pitches import Pitch
from db.roles import Purpose

_PRIVATE: Final = ":dm-"


class PitchDecidedError(ValueError):
    """The pitch is no longer open: ``state`` says what became of it."""

    def __init__(self, pitch: Pitch) -> None:
        super().__init__(f"{pitch.id} is {pitch.state}")
        self.title, self.state = pitch.title, pitch.state


class OwnSlateError(PermissionError):
    """On this server nobody votes on a slate of their own."""


class NotAVoterError(PermissionError):
    """On this server only some roles vote."""


class VotersHiddenError(PermissionError):
    """This server does not show who voted for what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ballot:
    """What a vote did: the pitch voted for and, if this vote decided it, that it is greenlit now."""

    pitch: Pitch
    greenlit: bool


async def cast_vote(
    app: App,
    pitch_id: PitchId,
    *,
    by: MemberId,
    has: frozenset[int] = frozenset(),
    clicked: datetime | None = None,
    guild: GuildId | None = None,
) -> Ballot:
    """Count ``by``'s one vote in the pitch's slate for this pitch; at the server's threshold it is greenlit.

    ``has`` are the roles that the voter has on the server, ``guild`` is where they voted, ``clicked`` is when, if that
    is known: of two clicks under way the later one counts.

    Raises:
        NotFoundError: no such pitch, or it is another server's.
        SlateClosedError: the vote is over.
        OwnSlateError, NotAVoterError: the server's rules do not let them vote here.
    """
    now = app.now()
    async with app.database.writing() as session:
        await members.ensure(session, by)
        asked = await pitches.get(session, pitch_id)
        if guild is not None and not _is_of(asked.guild_id, guild):
            raise NotFoundError("pitch", pitch_id)
        rule = await guilds.get(session, asked.guild_id)
        await _require_vote(session, asked, rule, by, has)
        await votes.cast(session, slate_id=asked.slate_id, pitch_id=pitch_id, member_id=by, now=now, clicked=clicked)
        pitch, script_id = await pitches.get(session, pitch_id), None
        enough = pitch.votes >= rule.votes_to_greenlight
        if enough and await pitches.greenlight(session, pitch_id, decided_by=None, now=now):
            await slates.close(session, asked.slate_id, now)
            script_id = await writing.order_first_page(app, session, pitch_id, asked_by=None)
            pitch = await pitches.get(session, pitch_id)
    if script_id is not None:
        writing.start(app, script_id)
    return Ballot(pitch=pitch, greenlit=script_id is not None)


def _is_of(guild: GuildId, here: GuildId) -> bool:
    """Say whether what is of ``guild`` may be voted on ``here``: in direct messages each member is their own guild."""
    return guild == here or (_PRIVATE in guild and _PRIVATE in here)


async def _require_vote(session: Session, pitch: Pitch, rule: Guild, by: MemberId, has: frozenset[int]) -> None:
    if pitch.removed:
        raise NotFoundError("pitch", pitch.id)
    await require_welcome(session, rule.id, by)
    if not rule.self_votes and (await slates.get(session, pitch.slate_id)).asked_by == by:
        raise OwnSlateError
    voters = await roles.of(session, rule.id, Purpose.VOTER)
    if voters and not voters & has:
        raise NotAVoterError


async def may_decide(app: App, guild: GuildId, has: frozenset[int]) -> bool:
    """Say whether one of these roles makes its holder a showrunner of the server."""
    async with app.database.reading() as session:
        return bool(has & await roles.of(session, guild, Purpose.SHOWRUNNER))


async def voters(app: App, pitch_id: PitchId) -> dict[MemberId, Pitch]:
    """Return who voted for what on the pitch's slate, the first to vote first.

    Raises:
        NotFoundError: no such pitch.
        VotersHiddenError: the server keeps that to itself.
    """
    async with app.database.reading() as session:
        pitch = await pitches.get(session, pitch_id)
        if not (await guilds.get(session, pitch.guild_id)).voters_shown:
            raise VotersHiddenError
        of_slate = {each.id: each for each in await pitches.of_slate(session, pitch.slate_id)}
        return {voter: of_slate[chosen] for voter, chosen in (await votes.of_slate(session, pitch.slate_id)).items()}


async def pass_over(app: App, pitch_id: PitchId, *, by: MemberId, note: str | None = None) -> Pitch:
    """Decide against a pitch, as a showrunner may; the others of its slate stay open.

    Raises:
        NotFoundError: no such pitch.
        PitchDecidedError: it is not open any more.
    """
    async with app.database.writing() as session:
        await members.ensure(session, by)
        pitch = await pitches.get(session, pitch_id)
        await slates.lock(session, pitch.slate_id)
        if not await pitches.pass_over(session, pitch_id, decided_by=by, note=note):
            raise PitchDecidedError(await pitches.get(session, pitch_id))
        await _record(app, session, pitch, "passed over", by=by)
        return await pitches.get(session, pitch_id)


async def author_to_tell(app: App, pitch: Pitch) -> MemberId | None:
    """Return who asked for the pitch's slate, if they want to hear what became of it."""
    async with app.database.reading() as session:
        author = (await slates.get(session, pitch.slate_id)).asked_by
        return author if author and await members.wants_notice(session, author) else None


async def set_notice(app: App, *, by: MemberId, wanted: bool) -> None:
    """Remember whether a member wants to hear by message what becomes of their slates."""
    async with app.database.writing() as session:
        await members.ensure(session, by)
        await members.set_notice(session, by, wanted=wanted)


async def _record(app: App, session: Session, pitch: Pitch, action: str, *, by: MemberId) -> None:
    subject = f"pitch {pitch.id}"
    await audit.record(session, guild_id=pitch.guild_id, actor=by, action=action, subject=subject, now=app.now())


async def greenlight(app: App, pitch_id: PitchId, *, by: MemberId, note: str | None = None) -> Pitch:
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
        if not await pitches.greenlight(session, pitch_id, decided_by=by, now=now, note=note):
            raise PitchDecidedError(await pitches.get(session, pitch_id))
        await _record(app, session, pitch, "greenlit", by=by)
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
