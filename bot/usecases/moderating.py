"""What a server does not want to read, and what its moderators do about it: filter, reports, removal, blocks."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from bot.app import App
from db import audit, blocks, guilds, members, pitches, reports, slates
from db.audit import Deed
from db.database import Session
from db.errors import NotFoundError
from db.ids import GuildId, MemberId, PitchId, ReportId
from db.pitches import Pitch
from db.reports import Report, ReportState
from model.profanity import Tier, tier

LATELY: Final = timedelta(days=1)


class NotWelcomeError(PermissionError):
    """A moderator of this server has blocked the member."""


class TooCoarseError(ValueError):
    """The words are coarser than this place allows."""


class ReportedBeforeError(ValueError):
    """The member has reported this pitch before."""


class ReportDecidedError(RuntimeError):
    """Another moderator was faster."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A report and the pitch that it is about."""

    report: Report
    pitch: Pitch


async def require_welcome(session: Session, guild: GuildId, member: MemberId) -> None:
    """Return if the member may ask and vote here.

    Raises:
        NotWelcomeError: they are blocked.
    """
    if await blocks.is_blocked(session, guild, member):
        raise NotWelcomeError


def require_decent(text: str, *, coarse: bool) -> None:
    """Return if a member's words may stand here; slurs never, strong ones where ``coarse`` is allowed.

    Raises:
        TooCoarseError: they may not.
    """
    if not is_decent(text, coarse=coarse):
        raise TooCoarseError


def is_decent(text: str, *, coarse: bool) -> bool:
    """Say whether words may stand in a place."""
    return tier(text) <= (Tier.STRONG if coarse else Tier.MILD)


async def allows_coarse(app: App, guild: GuildId, *, restricted: bool) -> bool:
    """Say whether strong words are allowed: on a mature server, in a channel that is age-``restricted``."""
    async with app.database.reading() as session:
        try:
            return restricted and (await guilds.get(session, guild)).rating == "mature"
        except NotFoundError:
            return False


async def report(app: App, pitch_id: PitchId, reason: str, *, by: MemberId, guild: GuildId) -> Case:
    """Put a pitch of the ``guild`` before its moderators.

    Raises:
        NotFoundError: no such pitch here.
        ReportedBeforeError: the member has done so before.
    """
    async with app.database.writing() as session:
        await members.ensure(session, by)
        pitch = await pitches.get(session, pitch_id)
        if pitch.guild_id != guild or pitch.removed:
            raise NotFoundError("pitch", pitch_id)
        await require_welcome(session, guild, by)
        await slates.lock(session, pitch.slate_id)
        if await reports.by(session, pitch_id, by):
            raise ReportedBeforeError
        made = await reports.add(
            session, guild_id=pitch.guild_id, pitch_id=pitch_id, reported_by=by, reason=reason, now=app.now()
        )
    return Case(report=made, pitch=pitch)


async def untold(app: App) -> tuple[tuple[Case, int], ...]:
    """Return the undecided reports that hang nowhere, each with the channel where its server's moderators read them.

    Those of servers without such a channel are left out: they wait in a list.
    """
    async with app.database.reading() as session:
        found = []
        for one in await reports.untold(session):
            channel = (await guilds.get(session, one.guild_id)).report_channel
            if channel is not None:
                found.append((Case(report=one, pitch=await pitches.get(session, one.pitch_id)), channel))
        return tuple(found)


async def told(app: App, report_id: ReportId, *, channel_id: int, message_id: int) -> None:
    """Remember where moderators read a report."""
    async with app.database.writing() as session:
        await reports.set_place(session, report_id, channel_id=channel_id, message_id=message_id)


async def lately_decided(app: App) -> tuple[Case, ...]:
    """Return the reports that hang somewhere and were decided within ``LATELY``: the message may not show it yet."""
    async with app.database.reading() as session:
        decided = await reports.decided_since(session, app.now() - LATELY)
        return tuple([Case(report=one, pitch=await pitches.get(session, one.pitch_id)) for one in decided])


async def case(app: App, report_id: ReportId) -> Case:
    """Return a report and its pitch.

    Raises:
        NotFoundError: there is none.
    """
    async with app.database.reading() as session:
        found = await reports.get(session, report_id)
        return Case(report=found, pitch=await pitches.get(session, found.pitch_id))


async def open_cases(app: App, guild: GuildId, limit: int = 10) -> tuple[Case, ...]:
    """Return the reports that nobody has decided, the oldest first."""
    async with app.database.reading() as session:
        waiting = await reports.waiting(session, guild, limit)
        return tuple([Case(report=one, pitch=await pitches.get(session, one.pitch_id)) for one in waiting])


async def remove(app: App, report_id: ReportId, *, by: MemberId) -> Pitch:
    """Decide that the pitch goes: it is not shown anywhere any more.

    Raises:
        NotFoundError, ReportDecidedError: there is nothing to decide.
    """
    async with app.database.writing() as session:
        found = await _decide(app, session, report_id, ReportState.REMOVED, by=by)
        await pitches.remove(session, found.pitch_id, now=app.now())
        return await pitches.get(session, found.pitch_id)


async def pardon(app: App, report_id: ReportId, *, by: MemberId) -> Pitch:
    """Decide that the pitch stays.

    Raises:
        NotFoundError, ReportDecidedError: there is nothing to decide.
    """
    async with app.database.writing() as session:
        found = await _decide(app, session, report_id, ReportState.PARDONED, by=by)
        return await pitches.get(session, found.pitch_id)


async def block_author(app: App, report_id: ReportId, *, by: MemberId) -> Pitch:
    """Remove the pitch, and let who asked for it ask for nothing more here.

    Raises:
        NotFoundError, ReportDecidedError: there is nothing to decide.
    """
    async with app.database.writing() as session:
        found = await _decide(app, session, report_id, ReportState.REMOVED, by=by)
        await pitches.remove(session, found.pitch_id, now=app.now())
        pitch = await pitches.get(session, found.pitch_id)
        author = (await slates.get(session, pitch.slate_id)).asked_by
        if author is not None:
            await blocks.block(session, pitch.guild_id, author, now=app.now())
            await _record(app, session, pitch.guild_id, "blocked", author, by=by)
        return pitch


async def unblock(app: App, guild: GuildId, member: MemberId, *, by: MemberId) -> bool:
    """Let a member ask again; say whether they were blocked."""
    async with app.database.writing() as session:
        await members.ensure(session, by)
        await guilds.ensure(session, guild)
        lifted = await blocks.unblock(session, guild, member)
        if lifted:
            await _record(app, session, guild, "unblocked", member, by=by)
        return lifted


async def deeds(app: App, guild: GuildId, before: int | None = None, limit: int = 15) -> tuple[Deed, ...]:
    """Return what moderators and admins did, the newest first."""
    async with app.database.reading() as session:
        return await audit.recent(session, guild, limit, before)


async def _decide(app: App, session: Session, report_id: ReportId, state: ReportState, *, by: MemberId) -> Report:
    await members.ensure(session, by)
    found = await reports.get(session, report_id)
    if not await reports.decide(session, report_id, state, by=by, now=app.now()):
        raise ReportDecidedError
    await _record(app, session, found.guild_id, state, f"pitch {found.pitch_id}", by=by)
    return found


async def _record(app: App, session: Session, guild: GuildId, action: str, subject: str, *, by: MemberId) -> None:
    await audit.record(session, guild_id=guild, actor=by, action=action, subject=subject, now=app.now())
