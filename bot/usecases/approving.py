"""Where the owner wants to see the show of the day first: proposed, then approved, edited or skipped."""

from dataclasses import dataclass
from datetime import date

from bot.app import App
from bot.usecases.reserve import Choose, NothingToPostError, is_fit_for_all
from db import members, pitches, posts, proposals
from db.database import Session
from db.ids import MemberId, ProposalId
from db.pitches import Pitch
from db.proposals import Proposal, ProposalState
from model.briefs import summary as brief_summary


class NotApprovedError(NothingToPostError):
    """The show of ``day`` waits for somebody's word."""

    def __init__(self, day: date) -> None:
        super().__init__(day.isoformat())
        self.day = day


class SettledError(RuntimeError):
    """The show was decided about meanwhile, or it is out."""


class UnfitError(ValueError):
    """These words are too strong to be shown to everybody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposed:
    """A proposal and its show, with what is to be said of it."""

    proposal: Proposal
    pitch: Pitch

    @property
    def summary(self) -> str:
        """What is said of the show: as it was edited, or its own words."""
        return self.proposal.summary or self.pitch.summary


async def standing(app: App, day: date, choose: Choose) -> Proposed:
    """Return what is proposed for ``day``; where nothing is, propose what ``choose`` returns.

    What moderators removed, or what went out on another day, stands no more: another show is proposed.

    Raises:
        NothingToPostError: there is no show, and the writer brought none.
    """
    async with app.database.writing() as session:
        found = await _in_force(app, session, day)
        before = await proposals.since(session, day)
    if found is None:
        others = frozenset(proposal.pitch_id for proposal in before)
        pitch = await choose(app, others)
        async with app.database.writing() as session:
            await proposals.propose(session, day=day, pitch_id=pitch.id, now=app.now())
            found = await proposals.of_day(session, day)
        if found is None:  # proposed and skipped before, by another process meanwhile
            raise NothingToPostError
    return await proposed(app, found.id)


async def _in_force(app: App, session: Session, day: date) -> Proposal | None:
    found = await proposals.of_day(session, day)
    if found is None or await posts.show_of(session, day) is not None:
        return found
    pitch = await pitches.get(session, found.pitch_id)
    if not pitch.removed and not await posts.went_out(session, pitch.id, but_on=day):
        return found
    await proposals.decide(session, found.id, ProposalState.SKIPPED, by=None, now=app.now())
    return None


async def proposed(app: App, proposal_id: ProposalId) -> Proposed:
    """Return a proposal.

    Raises:
        NotFoundError: there is none.
    """
    async with app.database.reading() as session:
        found = await proposals.get(session, proposal_id)
        return Proposed(proposal=found, pitch=await pitches.get(session, found.pitch_id))


async def since(app: App, day: date) -> tuple[Proposed, ...]:
    """Return what was proposed for a day and those after it."""
    async with app.database.reading() as session:
        return tuple(
            [
                Proposed(proposal=found, pitch=await pitches.get(session, found.pitch_id))
                for found in await proposals.since(session, day)
            ]
        )


async def approve(app: App, proposal_id: ProposalId, *, by: MemberId) -> Proposed:
    """Let a show go out.

    Raises:
        NotFoundError: no such proposal.
        SettledError: it was approved or skipped before.
    """
    return await _decide(app, proposal_id, ProposalState.APPROVED, by=by)


async def skip(app: App, proposal_id: ProposalId, *, by: MemberId) -> Proposed:
    """Have another show proposed instead; one that was approved and is not out yet can be skipped, too.

    Raises:
        NotFoundError: no such proposal.
        SettledError: it was skipped before, or some network was sent it.
    """
    return await _decide(app, proposal_id, ProposalState.SKIPPED, by=by)


async def edit(app: App, proposal_id: ProposalId, text: str, *, by: MemberId) -> Proposed:
    """Say something else of a show; it still waits to be approved, if it did.

    Raises:
        NotFoundError: no such proposal.
        SettledError: it was skipped.
        BadBriefError: the text is empty, too long, or no plain text.
        UnfitError: its words are too strong.
    """
    words = brief_summary(text)
    if not is_fit_for_all(words):
        raise UnfitError
    async with app.database.writing() as session:
        await members.ensure(session, by)
        await proposals.get(session, proposal_id)
        if not await proposals.edit(session, proposal_id, words, now=app.now()):
            raise SettledError
    return await proposed(app, proposal_id)


async def place(app: App, proposal_id: ProposalId, *, channel_id: int, message_id: int) -> None:
    """Remember where a show is asked about on Discord."""
    async with app.database.writing() as session:
        await proposals.set_place(session, proposal_id, channel_id=channel_id, message_id=message_id)


async def _decide(app: App, proposal_id: ProposalId, state: ProposalState, *, by: MemberId) -> Proposed:
    async with app.database.writing() as session:
        await members.ensure(session, by)
        found = await proposals.get(session, proposal_id)
        if not await proposals.decide(session, proposal_id, state, by=by, now=app.now()):
            raise SettledError
        if state == ProposalState.SKIPPED and await posts.show_of(session, found.day) == found.pitch_id:
            raise SettledError
    return await proposed(app, proposal_id)
