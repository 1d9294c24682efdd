"""May the new adapter write? Judged against the active one on what neither learnt from; the answer is a sentence."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final

import numpy as np

from model import tasks
from model.briefs import GENRES, PitchBrief, theme
from model.checkpoint import EMBEDDED
from model.drafts import PitchDraft
from model.originality import TitleIndex
from model.profanity import Tier, tier
from training import judging, writing
from training.evaluate import Candidate
from training.examples import TASKS, Example
from training.feedback import Pair
from training.preferences import Floats, likelihoods, sides
from training.replay import THEMES
from training.scoring import score

_RESAMPLES: Final = 2000
_AT_ONCE: Final = 8
BITS: Final = "bits per byte"
_NOTHING: Final = 0.5  # what a writer ranks rightly that learnt nothing
Look = Callable[[], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How much may be lost before a better taste is no excuse.

    It is counted from the writer at the beginning of the line: many small losses do not add up to a large one.
    """

    bits: float = 0.1
    """Bits per byte of held-out text, of each task."""
    parsed: float = 0.08
    """Share of raw rows that can be read."""
    original: float = 0.15
    """Share of them whose title is new."""
    coarse: float = 0.03
    """Share of them with strong words or slurs."""
    distinct: float = 0.25
    """Different word pairs of the summaries, as a share of the first writer's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """The share of held-out pairs in which the new writer leans, against the active one, as the community did.

    Of other samples of slates 95 in 100 would say ``low`` to ``high``; a writer that learnt nothing has a half.
    """

    slates: int
    pairs: int
    share: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A figure that must not fall: ``loss`` is how much worse than the first writer's, ``bound`` how much it may be."""

    name: str
    new: float
    first: float
    loss: float
    bound: float

    @property
    def passed(self) -> bool:
        """Whether it holds."""
        return self.loss <= self.bound


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the gate says."""

    ranking: Ranking
    checks: tuple[Check, ...]

    @property
    def published(self) -> bool:
        """Whether the new adapter may write."""
        return self.ranking.low > _NOTHING and all(check.passed for check in self.checks)

    @property
    def sentence(self) -> str:
        """The verdict for people."""
        found = self.ranking
        told = (
            f"on {found.slates} slates that it did not learn from it leans towards what the community preferred in "
            f"{found.share:.0%} of {found.pairs} pairs, compared with the present writer (95 % from {found.low:.0%} to "
            f"{found.high:.0%}; 50% is chance)"
        )
        fell = [check for check in self.checks if not check.passed]
        if fell:
            lost = "; ".join(f"{check.name} went from {check.first:.3f} to {check.new:.3f}" for check in fell)
            return f"Not published: {lost}, more than is allowed; {told}."
        if found.low <= _NOTHING:
            return f"Not published: {told}, which may be chance."
        return f"Published: {told}; nothing else fell by more than its bound."


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """How much is looked at."""

    entries: int = 100
    """Held-out entries scored, a task."""
    slates: int = 40
    """Slates of five written."""
    seed: int = 3
    """What it starts from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rivals:
    """The new adapter, the active one, and the one that the line began with (None: no adapter) over one base."""

    base: str
    new: Path
    active: Path | None
    root: Path | None = None


def judge(
    rivals: Rivals,
    pairs: Sequence[Pair],
    held_out: Sequence[Example],
    *,
    bounds: Bounds,
    amount: Amount,
    look: Look = lambda: None,
) -> Verdict:
    """Return the verdict on the new adapter against the active one.

    Raises:
        CheckpointError: one of them cannot be used; NotFiniteError: its scores are not numbers.
    """
    seen: dict[Path | None, _Seen] = {}
    for adapter in (rivals.root, rivals.active, rivals.new):
        if adapter not in seen:
            seen[adapter] = _seen(rivals.base, adapter, pairs, held_out, amount, look)
    first, now, then = (seen[adapter] for adapter in (rivals.root, rivals.active, rivals.new))
    found = ranking(pairs, then.likely - now.likely, seed=amount.seed)
    return Verdict(ranking=found, checks=checks(then.figures, first.figures, bounds))


@dataclass(frozen=True, slots=True)
class _Seen:
    likely: Floats
    figures: Mapping[str, float]


def _seen(
    base: str, adapter: Path | None, pairs: Sequence[Pair], held_out: Sequence[Example], amount: Amount, look: Look
) -> _Seen:
    look()
    candidate = Candidate.load(base, adapter=adapter, threads=1)
    try:
        context = candidate.decoder.context
        likely = likelihoods(candidate.model, sides(candidate.tokenizer, pairs, context), context)
        figures = _bits(candidate, held_out, amount, look)
        return _Seen(likely, {**figures, **writing.to_end(_written(candidate, amount, look))})
    finally:
        candidate.close()


def _bits(candidate: Candidate, held_out: Sequence[Example], amount: Amount, look: Look) -> dict[str, float]:
    figures = {}
    for task in TASKS:
        some = [example for example in held_out if example.task == task][: amount.entries]
        if some:
            look()
            found = score(candidate.model, candidate.tokenizer, some, context=candidate.decoder.context, task=task)
            figures[f"{BITS}, {task}"] = found.bits_per_byte
    return figures


async def _written(candidate: Candidate, amount: Amount, look: Look) -> dict[str, float]:
    titles, seen = TitleIndex.load(EMBEDDED / "titles.trie"), set[str]()
    random = Random(amount.seed)  # noqa: S311 -- no secret
    briefs = [
        PitchBrief(genre=random.choice(GENRES), theme=theme(random.choice(THEMES)), seed=number)
        for number in range(amount.slates)
    ]
    fates: list[writing.Fate] = []
    drafts: list[PitchDraft] = []
    for at in range(0, len(briefs), _AT_ONCE):
        look()
        some = briefs[at : at + _AT_ONCE]
        for brief, rows in zip(
            some, await asyncio.gather(*(writing.raw(candidate.decoder, b) for b in some)), strict=True
        ):
            fates += [writing.fate(brief, row, titles, seen) for row in rows]
            drafts += [draft for row in rows if isinstance(draft := writing.read(brief, row), PitchDraft)]
    return _figures(fates, drafts)


def _figures(fates: Sequence[writing.Fate], drafts: Sequence[PitchDraft]) -> dict[str, float]:
    return {
        "rows that can be read": judging.share(fate != "unreadable" for fate in fates),
        "titles that are new": judging.share(fate == "kept" for fate in fates),
        "coarse drafts": judging.share(tier(tasks.completion(draft)) > Tier.MILD for draft in drafts),
        "different word pairs": judging.distinct_grams([draft.summary for draft in drafts], 2),
    }


def checks(new: Mapping[str, float], first: Mapping[str, float], bounds: Bounds) -> tuple[Check, ...]:
    """Return every figure but the ranking against its bound."""
    found = []
    for name, figure in new.items():
        before = first[name]
        if name.startswith(BITS):
            loss, bound = figure - before, bounds.bits
        elif name == "coarse drafts":
            loss, bound = figure - before, bounds.coarse
        elif name == "different word pairs":
            loss, bound = (1 - figure / before if before else 0.0), bounds.distinct
        else:
            loss, bound = before - figure, bounds.parsed if "read" in name else bounds.original
        found.append(Check(name=name, new=figure, first=before, loss=loss, bound=bound))
    return tuple(found)


def ranking(pairs: Sequence[Pair], leaning: Floats, *, seed: int) -> Ranking:
    """Return how often ``leaning`` is towards the chosen side; it has shape (pairs, 2).

    It is how much likelier the new writer makes a side than the active one does. Slates are drawn anew for the
    interval: the pairs of one slate are not independent.
    """
    names, group = np.unique(np.array([pair.group for pair in pairs]), return_inverse=True)
    weight = np.array([pair.weight for pair in pairs])
    ours, whole = (
        np.bincount(group, weights=part, minlength=len(names)) for part in (weight * _right(leaning), weight)
    )
    random = np.random.default_rng(seed)
    drawn = [random.integers(len(names), size=len(names)) for _ in range(_RESAMPLES)]
    low, high = np.percentile([ours[some].sum() / whole[some].sum() for some in drawn], [2.5, 97.5])
    share = float(ours.sum() / whole.sum())
    return Ranking(slates=len(names), pairs=len(pairs), share=share, low=float(low), high=float(high))


def _right(leaning: Floats) -> Floats:
    """Return 1 where the chosen side is leant to, a half where neither is, else 0."""
    found: Floats = (np.sign(np.round(leaning[:, 0] - leaning[:, 1], 6)) + 1) / 2
    return found
