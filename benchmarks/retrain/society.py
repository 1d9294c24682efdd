"""A community that does not exist: members with hidden tastes who vote on what the writer pitches.

What they like is a fixed scoring function that training never sees: words that belong to people and homes, and short
titles. Every member has own weights, moods, and a lazy eye for the top of the card. Trolls vote for the worst on
every slate.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from db.feedback import Ballot, Shown
from db.ids import MemberId, PitchId, SlateId
from model.briefs import GENRES, PitchBrief, theme
from model.drafts import PitchDraft
from training import writing
from training.evaluate import Candidate

LOVED: Final = frozenset({
    *("family", "mother", "father", "sister", "brother", "daughter", "son", "child", "children", "girl", "boy"),
    *("woman", "friend", "friends", "love", "home", "house", "wife", "husband", "parents", "baby", "school"),
    *("town", "village"),
})  # fmt: skip
THEMES: Final = (
    "a lost ring", "the night train", "an old map", "the wrong key", "a summer storm", "the last lesson", "a quiet war",
    "the empty chair", "a stolen car", "the long winter", "a second letter", "the hidden door", "a lonely island",
    "the big game", "a broken promise", "the new job", "a strange guest", "the red coat", "a race", "the old bridge",
)  # fmt: skip
_LAZY: Final = 0.25  # of the votes go to the first title, whatever it is
_TURNOUT: Final = 0.08  # of the members vote on a slate
_AT_ONCE: Final = 8


def taste(title: str, summary: str) -> float:
    """Return how much the community likes a show: the hidden function."""
    words = {word.strip(".,!?'\"") for word in f"{title} {summary}".casefold().split()}
    return min(2, len(words & LOVED)) - 0.06 * max(0, len(title) - 8)


@dataclass(frozen=True, slots=True)
class Card:
    """What the writer pitched to one brief."""

    brief: PitchBrief
    drafts: tuple[PitchDraft, ...]


class Society:
    """Members who vote; the first ``trolls`` share of them votes for the worst, on every slate."""

    def __init__(self, *, members: int = 500, trolls: float = 0.0, seed: int = 0) -> None:
        self._random = Random(f"society {seed}")  # noqa: S311 -- no secret
        self._weights = [(self._random.gauss(1, 0.4), self._random.gauss(1, 0.4)) for _ in range(members)]
        self._trolls = int(trolls * members)
        self._seed = seed
        self.shown: list[Shown] = []
        self.ballots: list[Ballot] = []

    def briefs(self, round_: int, slates: int) -> list[PitchBrief]:
        """Return what is asked in a round."""
        random = Random(f"briefs {self._seed} {round_}")  # noqa: S311 -- no secret
        return [
            PitchBrief(genre=random.choice(GENRES), theme=theme(random.choice(THEMES)), seed=random.randrange(2**20))
            for _ in range(slates)
        ]

    def vote(self, cards: Sequence[Card]) -> None:
        """Show every card to the members, and keep their votes."""
        for card in cards:
            slate = SlateId(1 + len({one.slate_id for one in self.shown}))
            drafts = self._random.sample(card.drafts, len(card.drafts))
            first = 1 + len(self.shown)
            self.shown += [
                Shown(
                    slate_id=slate,
                    pitch_id=PitchId(first + slot),
                    slot=slot,
                    genre=card.brief.genre,
                    theme=card.brief.theme,
                    title=draft.title,
                    summary=draft.summary,
                    greenlit=False,
                )
                for slot, draft in enumerate(drafts)
            ]
            votes = self._votes(drafts)
            for member, slot in votes:
                self.ballots.append(
                    Ballot(slate_id=slate, pitch_id=PitchId(first + slot), member_id=MemberId(f"m{member}"))
                )
            self._greenlight(len(drafts), [slot for _, slot in votes])

    def _greenlight(self, size: int, votes: Sequence[int]) -> None:
        if votes:
            winner = max(range(size), key=votes.count)
            at = len(self.shown) - size + winner
            told = {name: getattr(self.shown[at], name) for name in Shown.__slots__}
            self.shown[at] = Shown(**{**told, "greenlit": True})

    def _votes(self, drafts: Sequence[PitchDraft]) -> list[tuple[int, int]]:
        found = []
        for member, (words, brevity) in enumerate(self._weights):
            if member < self._trolls:
                found.append((member, min(range(len(drafts)), key=lambda at: _score(drafts[at]))))
            elif self._random.random() < _TURNOUT:
                found.append((member, self._choice(drafts, words, brevity)))
        return found

    def _choice(self, drafts: Sequence[PitchDraft], words: float, brevity: float) -> int:
        if self._random.random() < _LAZY:
            return 0
        liked = [words * _words(draft) - brevity * _length(draft) + self._random.gauss(0, 0.5) for draft in drafts]
        return max(range(len(drafts)), key=liked.__getitem__)


def _score(draft: PitchDraft) -> float:
    return taste(draft.title, draft.summary)


def _words(draft: PitchDraft) -> float:
    return taste(draft.title, draft.summary) + _length(draft)


def _length(draft: PitchDraft) -> float:
    return 0.06 * max(0, len(draft.title) - 8)


async def _pitched(candidate: Candidate, briefs: Sequence[PitchBrief]) -> list[Card]:
    cards = []
    for at in range(0, len(briefs), _AT_ONCE):
        some = briefs[at : at + _AT_ONCE]
        written = await asyncio.gather(*(writing.raw(candidate.decoder, brief) for brief in some))
        for brief, rows in zip(some, written, strict=True):
            drafts = [draft for row in rows if isinstance(draft := writing.read(brief, row), PitchDraft)]
            cards.append(Card(brief, tuple({draft.title: draft for draft in drafts}.values())))
    return [card for card in cards if len(card.drafts) > 1]


def pitched(candidate: Candidate, briefs: Sequence[PitchBrief]) -> list[Card]:
    """Return what the writer pitches to the briefs, straight from the model."""
    return asyncio.run(_pitched(candidate, briefs))
