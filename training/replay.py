"""What must not be forgotten: entries of the original corpus, or, without one, what the writer wrote before."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final

from model.briefs import GENRES, BadBriefError, Brief, DialogBrief, PitchBrief, ScriptBrief, StagingBrief, theme
from model.checkpoint import EMBEDDED
from model.decoder import Sampling
from model.drafts import DialogDraft, PitchDraft
from model.originality import TitleIndex
from training import entries, writing
from training.evaluate import Candidate
from training.examples import Entry, Example
from training.files import room
from training.sources.base import MissingFileError

SOURCE: Final = "replay"
THEMES: Final = (
    "a missing letter", "the last train", "two sisters", "a borrowed house", "a night shift", "an old rival",
    "a secret recipe", "a storm at sea", "first love", "a stolen painting", "a broken radio", "a double life",
    "the empty hotel", "a second chance", "a lighthouse", "a travelling circus",
)  # fmt: skip
_KEPT: Final = 4  # one in so many is kept for judging
_AT_ONCE: Final = 8
_AS_IT_IS: Final = Sampling(temperature=1.0, top_p=1.0, max_tokens=160)
"""Nothing likely is preferred: who learns from texts drawn more boldly forgets what is rare."""
Look = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Replay:
    """Entries that are learnt again, and others that are judged by."""

    train: Sequence[Example]
    held_out: Sequence[Example]


@dataclass(frozen=True, slots=True, kw_only=True)
class Writing:
    """How much the writer writes down of itself."""

    slates: int = 40
    """Slates of five pitches."""
    pages: int = 12
    """Dialogs, scripts and stagings, of each."""
    seed: int = 7
    """What it starts from."""


def of_corpus(folder: Path, most: int, seed: int) -> Replay:
    """Return at most ``most`` entries of a prepared corpus, and a quarter as many of those that it holds out.

    Raises:
        BrokenEntriesError: a line is none; MissingFileError: it is no such folder.
    """
    found = []
    if not (folder / "train.jsonl").is_file():
        raise MissingFileError(folder / "train.jsonl")
    for split, number in (("train", most), ("held-out", max(1, most // _KEPT))):
        every = entries.load(folder / f"{split}.jsonl")
        found.append(Random(seed).sample(every, min(number, len(every))))  # noqa: S311 -- no secret
    return Replay(*found)


def of_itself(base: str, adapter: Path | None, kept: Path, wanted: Writing, look: Look = lambda: None) -> Replay:
    """Return what the writer itself writes to briefs of ours, once: it is read back from the file ``kept``.

    ``look`` is called between briefs, and may raise to call it off.

    Raises:
        CheckpointError: the weights cannot be used.
    """
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        candidate = Candidate.load(base, adapter=adapter, threads=1)
        try:
            found = writing.to_end(_written(candidate, wanted, look))
        finally:
            candidate.close()
        with room(kept.parent):
            entries.save(found, kept)
    every = entries.load(kept)
    return Replay(
        [example for at, example in enumerate(every) if at % _KEPT],
        [example for at, example in enumerate(every) if not at % _KEPT],
    )


async def _written(candidate: Candidate, wanted: Writing, look: Look) -> list[Example]:
    random = Random(wanted.seed)  # noqa: S311 -- no secret
    titles = TitleIndex.load(EMBEDDED / "titles.trie")
    found = await _pitches(candidate, [_asked(random) for _ in range(wanted.slates)], look)
    shows = random.sample(found, min(wanted.pages, len(found)))
    pages: list[Example] = []
    for kind in (ScriptBrief, DialogBrief):
        briefs = list(_of_shows(kind, shows))
        pages += await _pages(candidate, titles, briefs, look)
    staged = [brief for page in pages if isinstance(page, Entry) for brief in _staging(page)]
    return [*found, *pages, *await _pages(candidate, titles, staged, look)]


def _asked(random: Random) -> PitchBrief:
    return PitchBrief(genre=random.choice(GENRES), theme=theme(random.choice(THEMES)), seed=random.randrange(2**20))


async def _pitches(candidate: Candidate, briefs: Sequence[PitchBrief], look: Look) -> list[Entry]:
    found: list[Entry] = []
    for at in range(0, len(briefs), _AT_ONCE):
        look()
        some = briefs[at : at + _AT_ONCE]
        written = await asyncio.gather(*(writing.raw(candidate.decoder, brief, _AS_IT_IS) for brief in some))
        for brief, rows in zip(some, written, strict=True):
            drafts = [draft for row in rows if isinstance(draft := writing.read(brief, row), PitchDraft)]
            found += [Entry(work=draft.title, brief=brief, draft=draft, source=SOURCE) for draft in drafts]
    return found


def _of_shows(kind: type[ScriptBrief | DialogBrief], shows: Sequence[Entry]) -> Iterator[Brief]:
    for number, show in enumerate(shows):
        assert isinstance(show.draft, PitchDraft)  # noqa: S101 -- they are pitches
        try:
            yield kind(title=show.draft.title, summary=show.draft.summary, seed=number)
        except BadBriefError:
            continue


def _staging(page: Entry) -> Iterator[StagingBrief]:
    if isinstance(page.draft, DialogDraft):
        try:
            yield StagingBrief(dialog=page.draft.turns)
        except BadBriefError:
            return


async def _pages(candidate: Candidate, titles: TitleIndex, briefs: Sequence[Brief], look: Look) -> list[Example]:
    found: list[Example] = []
    for at in range(0, len(briefs), _AT_ONCE):
        look()
        some = briefs[at : at + _AT_ONCE]
        answers = await asyncio.gather(*(writing.answer(candidate.decoder, titles, brief) for brief in some))
        found += [
            Entry(work=_work(answer.brief), brief=answer.brief, draft=draft, source=SOURCE)
            for answer in answers
            for draft in answer.drafts
        ]
    return found


def _work(brief: Brief) -> str:
    return getattr(brief, "title", "a dialog")
