"""What the community teaches: entries from greenlit and scripted shows, and pairs of which one was preferred.

Only drafts of ours and counts of votes are learnt from. A member's words stand in a prompt only if they opted in;
otherwise the genre stands in their place. Every row that was used leaves a mark in the lineage, so that the next run
sees whether something it built on has been taken back.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Final

from db import feedback as verdicts
from db.database import Database
from db.feedback import Ballot, Line, Page, Shown
from db.ids import PitchId
from model import briefs, tasks
from model.briefs import BadBriefError, LineBrief, PitchBrief, ScriptBrief
from model.drafts import PitchDraft, ScriptDraft
from model.fountain import read
from model.profanity import Tier, tier
from model.screenplay import NotAScriptError, Script, Turn
from training.ballots import Tally, tallies
from training.examples import Entry

SOURCE: Final = "community"
_HELD_OUT: Final = 4  # one slate in so many is never learnt from: the new adapter is judged by them
_MOST: Final = 3.0  # what an entry weighs at most
_LINE: Final = 0.5  # what a line weighs that one member had said otherwise, against a title that won clearly
_COARSE: Final = "too coarse to learn from"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """An entry, how much it weighs (1 is what a title gets by chance), and the row it comes from."""

    entry: Entry
    weight: float
    mark: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two answers to one prompt, of which the community preferred one; ``group`` is the slate or script they are of.

    ``ends`` says whether they end with the end marker: titles do, lines of a script do not.
    """

    prompt: str
    chosen: str
    rejected: str
    weight: float
    group: str
    mark: str
    ends: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Minimum:
    """Below this nothing is trained."""

    slates: int = 20
    """Slates with a winner that are learnt from."""
    voters: int = 5
    """Members who voted on them."""
    judges: int = 5
    """Slates with a winner that are kept for judging."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """What may be learnt, what is kept for judging, and the counts of both."""

    lessons: tuple[Lesson, ...]
    pairs: tuple[Pair, ...]
    judges: tuple[Pair, ...]
    sheet: Mapping[str, int]

    @property
    def lineage(self) -> frozenset[str]:
        """The marks of every row that is learnt from."""
        return frozenset(lesson.mark for lesson in self.lessons) | {pair.mark for pair in self.pairs}

    @property
    def digest(self) -> str:
        """A hash of all of it."""
        told = [asdict(pair) for pair in (*self.pairs, *self.judges)]
        lessons = [(one.entry.prompt, one.entry.completion, one.weight) for one in self.lessons]
        return sha256(repr((told, lessons)).encode()).hexdigest()

    def missing(self, least: Minimum) -> dict[str, int]:
        """Return how much of what is missing before it is enough; nothing is missing when it is empty."""
        wanted = {"slates": least.slates, "voters": least.voters, "judges": least.judges}
        lacking = {name: number - self.sheet[_COUNTED[name]] for name, number in wanted.items()}
        return {_COUNTED[name]: number for name, number in lacking.items() if number > 0}


_COUNTED: Final = {"slates": "slates with a winner", "voters": "voters", "judges": "slates kept for judging"}


async def gather(database: Database, until: datetime) -> Feedback:
    """Return what the votes that were over ``until`` then teach.

    Raises:
        StorageError: see :mod:`db.errors`.
    """
    async with database.reading() as session:
        shown = await verdicts.shown(session, until)
        cast = await verdicts.ballots(session, until)
        pages = await verdicts.pages(session, until)
        lines = await verdicts.lines(session, until)
        left_out = await verdicts.left_out(session, until)
    return learn(shown, cast, pages, lines, left_out)


def learn(
    shown: Sequence[Shown],
    cast: Sequence[Ballot],
    pages: Sequence[Page] = (),
    lines: Sequence[Line] = (),
    left_out: Mapping[str, int] | None = None,
) -> Feedback:
    """Return what these verdicts teach."""
    found = tallies([one for one in shown if _fit(one)], cast)
    ours = [tally for tally in found if not _kept_for_judging(tally)]
    lessons = [lesson for tally in ours for lesson in _greenlit(tally)]
    pairs = [pair for tally in ours for pair in _contested(tally)]
    judges = [pair for tally in found if _kept_for_judging(tally) for pair in _contested(tally)]
    of_pitch = {one.pitch_id: (tally, one) for tally in ours for one in tally.card}
    lessons += [lesson for page in pages for lesson in _scripted(page, of_pitch)]
    pairs += list(_said_anew(pages, lines, of_pitch))
    voters = {ballot.member_id for ballot in cast}
    sheet = {
        "slates": len(found),
        "slates whose author opted in": sum(tally.card[0].theme is not None for tally in found),
        "votes": len(cast),
        "voters": len(voters),
        "slates with a winner": len({pair.group for pair in pairs if pair.ends}),
        "slates kept for judging": len({pair.group for pair in judges}),
        "pairs": len(pairs),
        "pairs kept for judging": len(judges),
        **{f"{task} entries": number for task, number in Counter(one.entry.task for one in lessons).items()},
        _COARSE: len(shown) - sum(map(_fit, shown)),
        **(left_out or {}),
    }
    return Feedback(lessons=tuple(lessons), pairs=_even(pairs), judges=tuple(judges), sheet=sheet)


def _fit(shown: Shown) -> bool:
    return tier(f"{shown.title} {shown.summary} {shown.theme or ''}") <= Tier.MILD


def _kept_for_judging(tally: Tally) -> bool:
    """Say whether the slate is kept for judging: always the same ones, in every run."""
    return int(sha256(f"slate {tally.card[0].slate_id}".encode()).hexdigest()[:8], 16) % _HELD_OUT == 0


def _mark(row: str) -> str:
    return sha256(row.encode()).hexdigest()[:20]


def _mark_of(tally: Tally) -> str:
    """Return the mark of a slate: another one as soon as a vote, a draft or the author's leave is taken back."""
    counts = sorted(tally.cast.items())
    return _mark(f"slate {tally.card[0].slate_id} {counts} {tally.card[0].theme is not None}")


def _brief(shown: Shown) -> PitchBrief | None:
    """Return the brief as the author gave it, or with the genre for a theme if they did not opt in."""
    try:
        genre = briefs.genre(shown.genre)
        return PitchBrief(genre=genre, theme=briefs.theme(shown.theme if shown.theme is not None else genre))
    except BadBriefError:
        return None


def _greenlit(tally: Tally) -> Iterator[Lesson]:
    for shown in tally.card:
        brief = _brief(shown)
        if shown.greenlit and brief:
            draft = PitchDraft(title=shown.title, summary=shown.summary)
            entry = Entry(work=shown.title, brief=brief, draft=draft, source=SOURCE)
            yield Lesson(entry=entry, weight=min(_MOST, tally.support(shown)), mark=_mark_of(tally))


def _contested(tally: Tally) -> Iterator[Pair]:
    """Yield the winner of the card against each of the others that it beat."""
    winner, *others = tally.ranked
    brief = _brief(winner)
    for loser in others if brief else ():
        if (margin := tally.margin(winner, loser)) > 0:
            assert brief  # noqa: S101 -- or there were no others
            yield Pair(
                prompt=tasks.text(tasks.prompt(brief)),
                chosen=_completion(winner),
                rejected=_completion(loser),
                weight=margin,
                group=f"slate {winner.slate_id}",
                mark=_mark_of(tally),
            )


def _completion(shown: Shown) -> str:
    return tasks.completion(PitchDraft(title=shown.title, summary=shown.summary))


Scripted = Mapping[PitchId, tuple[Tally, Shown]]


def _scripted(page: Page, there: Scripted) -> Iterator[Lesson]:
    tally, shown = there.get(page.pitch_id, (None, None))
    script = _script(page)
    if tally is None or shown is None or script is None:
        return
    brief = ScriptBrief(title=shown.title, summary=shown.summary)
    entry = Entry(work=shown.title, brief=brief, draft=ScriptDraft(script), source=SOURCE)
    mark = _mark(f"script {page.script_id} {_mark_of(tally)}")
    yield Lesson(entry=entry, weight=min(_MOST, tally.support(shown)), mark=mark)


def _script(page: Page) -> Script | None:
    try:
        script = read(page.fountain)
    except NotAScriptError:
        return None
    return script if tier(page.fountain) <= Tier.MILD else None


def _said_anew(pages: Sequence[Page], lines: Sequence[Line], there: Scripted) -> Iterator[Pair]:
    """Yield each line that still stands as it was said anew, against how it was; a member counts once a script."""
    by_script = {page.script_id: page for page in pages if page.pitch_id in there}
    seen: set[tuple[object, object]] = set()
    for line in lines:
        page = by_script.get(line.script_id)
        if page is None or (line.script_id, line.member_id) in seen:
            continue
        tally, shown = there[page.pitch_id]
        pair = _line(line, page, shown, _mark_of(tally))
        if pair:
            seen.add((line.script_id, line.member_id))
            yield pair


def _line(line: Line, page: Page, shown: Shown, slate: str) -> Pair | None:
    script = _script(page)
    turn = dict(enumerate(script.elements)).get(line.at) if script else None
    if script is None or not isinstance(turn, Turn) or turn.speech != line.became or line.was == line.became:
        return None
    try:
        brief = LineBrief(title=shown.title, summary=shown.summary, script=script, at=line.at)
    except BadBriefError:
        return None
    return Pair(
        prompt=tasks.text(tasks.prompt(brief)),
        chosen=f"{line.became}\n",
        rejected=f"{line.was}\n",
        weight=_LINE,
        group=f"script {page.script_id}",
        mark=_mark(f"rewrite {line.rewrite_id} {slate}"),
        ends=False,
    )


def _even(pairs: Sequence[Pair]) -> tuple[Pair, ...]:
    """Return the pairs with weights that are 1 on average."""
    every = sum(pair.weight for pair in pairs)
    return tuple(replace(pair, weight=round(pair.weight * len(pairs) / every, 6)) for pair in pairs) if every else ()
