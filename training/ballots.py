"""What votes weigh: a member's together never more than most members', a title's place on the card taken out."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from db.feedback import Ballot, Shown
from db.ids import MemberId, PitchId, SlateId

_DOUBT: Final = 20.0  # votes that every place is thought to have had, as many as it deserves
_MOST: Final = 3.0  # how much oftener, or seldomer, a place is thought to be chosen for itself, at most
_PRIOR: Final = 1.0  # votes that every title is thought to have had

Card = Sequence[Shown]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """A card with what its titles got: votes as cast, and as they weigh."""

    card: Card
    cast: Mapping[PitchId, int]
    weighed: Mapping[PitchId, float]

    @property
    def ranked(self) -> list[Shown]:
        """The titles, the best first."""
        return sorted(self.card, key=lambda shown: (-self.weighed[shown.pitch_id], shown.slot))

    def margin(self, winner: Shown, loser: Shown) -> float:
        """Return from -1 to 1 how sure the community is of ``winner``: by the distance, and by how many voted."""
        won, lost = self.weighed[winner.pitch_id], self.weighed[loser.pitch_id]
        return (won - lost) / (won + lost + 2 * _PRIOR)

    def support(self, shown: Shown) -> float:
        """Return the title's share of the card's votes, in units of what each title gets by chance."""
        every = sum(self.weighed.values())
        return len(self.card) * (self.weighed[shown.pitch_id] + _PRIOR) / (every + len(self.card) * _PRIOR)


def tallies(shown: Iterable[Shown], ballots: Sequence[Ballot]) -> list[Tally]:
    """Return the tally of every card, in the order of slates."""
    cards = _cards(shown)
    there = [ballot for ballot in ballots if ballot.slate_id in cards]
    vote = of_one_vote(there)
    place = propensities(cards, there)
    slot = {one.pitch_id: one.slot for card in cards.values() for one in card}
    cast: Counter[PitchId] = Counter()
    weighed: defaultdict[PitchId, float] = defaultdict(float)
    for ballot in there:
        if ballot.pitch_id in slot:
            cast[ballot.pitch_id] += 1
            weighed[ballot.pitch_id] += vote[ballot.member_id] / place[slot[ballot.pitch_id]]
    return [
        Tally(
            card=card,
            cast={one.pitch_id: cast[one.pitch_id] for one in card},
            weighed={one.pitch_id: weighed[one.pitch_id] for one in card},
        )
        for card in cards.values()
    ]


def _cards(shown: Iterable[Shown]) -> dict[SlateId, list[Shown]]:
    cards: defaultdict[SlateId, list[Shown]] = defaultdict(list)
    for one in shown:
        cards[one.slate_id].append(one)
    return dict(cards)


def of_one_vote(ballots: Sequence[Ballot]) -> dict[MemberId, float]:
    """Return what one vote of each member weighs: 1, or less where they voted oftener than half of the members.

    Together a member's votes weigh no more than the median member's, so a few with many votes cannot steer.
    """
    counts = Counter(ballot.member_id for ballot in ballots)
    most = max(1.0, median(counts.values())) if counts else 1.0
    return {member: min(1.0, most / count) for member, count in counts.items()}


def propensities(cards: Mapping[SlateId, Card], ballots: Iterable[Ballot]) -> dict[int, float]:
    """Return how much oftener each place of the card is chosen than its share, whatever stands there.

    Estimated from the votes: titles come to their places without regard to taste, so what a place gets above its
    share it gets for itself. Few votes say little: then it is near 1.
    """
    of_slate = Counter(ballot.slate_id for ballot in ballots)
    chosen = Counter(ballot.pitch_id for ballot in ballots)
    seen: defaultdict[int, float] = defaultdict(float)
    due: defaultdict[int, float] = defaultdict(float)
    for slate, card in cards.items():
        for one in card:
            seen[one.slot] += chosen[one.pitch_id]
            due[one.slot] += of_slate[slate] / len(card)
    return {slot: min(_MOST, max(1 / _MOST, (seen[slot] + _DOUBT) / (due[slot] + _DOUBT))) for slot in due}
