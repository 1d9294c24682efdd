"""Retraining from top to bottom: verdicts in, an adapter and a verdict on it out; killed anywhere, it goes on.

Supervised first (greenlit shows, weighted by support, with a replay of what must not be forgotten), then preferences
(titles that competed, lines said anew), then the gate. Nothing is published here.
"""

import json
import shutil
from collections.abc import Sequence, Set
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any, Final, Self

from transformers import AutoConfig

from model import checkpoint
from model.adapters import Store
from model.engines.loading import unusable
from model.files import replace_text
from training import runs
from training.ancestry import COMMUNITY, Start, root, start
from training.corpus import Corpus
from training.examples import Example, Passage
from training.feedback import Feedback, Lesson, Minimum, Pair
from training.finetune import finetune, recorded
from training.gate import Amount, Bounds, Check, Ranking, Rivals, Verdict, judge
from training.prefer import Taste, digest, prefer
from training.recipe import Recipe
from training.replay import Replay, Writing, of_corpus, of_itself
from training.reporting import Report, Telling
from training.rows import TooLittleTextError
from training.runs import RUNS, Run
from training.verdict_picture import draw_verdict

GATE: Final = "gate.json"
PICTURE: Final = "verdict.png"
SHEET: Final = "feedback.json"
_REPLAYED: Final = 1000  # entries of a prepared corpus that are drawn from


class NotYetError(Exception):
    """There are too few verdicts; ``missing`` says how many of what."""

    def __init__(self, missing: dict[str, int]) -> None:
        told = ", ".join(f"{number} more {name}" for name, number in missing.items())
        super().__init__(told)
        self.missing = missing


class NothingNewError(Exception):
    """Nothing has been decided since the adapter that is gone on from was trained."""


def _sft() -> Recipe:
    return Recipe(base="", rate=3e-4, epochs=1, batch=8, accumulate=1, dropout=0.0, context=512, save_every=20)


def _dpo() -> Recipe:
    return Recipe(base="", rate=3e-4, epochs=1, batch=8, accumulate=2, dropout=0.0, context=512, save_every=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Schooling:
    """Every number of a retraining; ``sft`` and ``dpo`` get their base and adapter from what is gone on from."""

    sft: Recipe = field(default_factory=_sft)
    dpo: Recipe = field(default_factory=_dpo)
    taste: Taste = field(default_factory=Taste)
    minimum: Minimum = field(default_factory=Minimum)
    bounds: Bounds = field(default_factory=Bounds)
    amount: Amount = field(default_factory=Amount)
    writing: Writing = field(default_factory=Writing)
    replayed: int = 64
    """Entries that are learnt again so that they are not forgotten, at least; as many as are new, if those are more."""
    preferences: bool = True
    """Whether the second half is done; without it only greenlit shows teach."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """Where a retraining finds what it needs."""

    base: str
    below: Path = RUNS
    corpus: Path | None = None
    """A prepared corpus of the original entries; without it the writer's own texts stand in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of it: the adapter in ``run.model``, and whether it may write."""

    run: Run
    verdict: Verdict

    @property
    def picture(self) -> Path:
        """Where the verdict is drawn."""
        return self.run.folder / PICTURE


@dataclass(frozen=True, slots=True, kw_only=True)
class Writers:
    """What is gone on from, where that line began, and what writes at present."""

    start: Start = field(default_factory=Start)
    root: Start = field(default_factory=Start)
    active: Path | None = None

    @classmethod
    def of(cls, store: Store, usable: Set[str]) -> Self:
        """Return those of a store; only the marks ``usable`` may be learnt from.

        Raises:
            CheckpointError, StoreError: it cannot be read.
        """
        active = store.active()
        begun = start(store, usable)
        return cls(start=begun, root=root(store, begun.name), active=store.path(active) if active else None)


def retrain(
    name: str, room: Room, writers: Writers, feedback: Feedback, schooling: Schooling, report: Report = lambda *_: None
) -> Outcome:
    """Train the adapter ``name`` on ``feedback``, and judge it against the active one.

    ``report`` is told every step, and may raise to call it off. What was done before a kill is not done again, unless
    the verdicts are not the same any more.

    Raises:
        NotYetError: there are too few verdicts. NothingNewError: there are none that were not learnt from before.
        RunBusyError: another process works on it.
        CheckpointError, OutOfMemoryError, NoSpaceError, LossNotFiniteError: as in :mod:`training.finetune`.
    """
    if missing := feedback.missing(schooling.minimum):
        raise NotYetError(missing)
    begun = writers.start
    run = _opened(name, room, begun, feedback, schooling)
    with runs.locked(run):
        replace_text(run.folder / SHEET, json.dumps(dict(feedback.sheet), indent=1) + "\n")
        lessons, pairs = chosen(feedback, begun.lineage, schooling.dpo.seed)
        replay = _replay(room, writers.root, schooling, report)
        last = _supervised(run, room, begun, _corpus(lessons, pairs, replay, schooling), schooling, report)
        if schooling.preferences:
            last = _preferred(run, room, last, pairs, schooling, report)
        _assemble(run, last, begun, feedback, lessons, pairs)
        rivals = Rivals(base=room.base, new=run.model, active=writers.active, root=writers.root.folder)
        verdict = _judged(run, rivals, feedback, replay, schooling, report)
        for stage in ("sft", "dpo"):  # what is finished needs nothing to go on from
            shutil.rmtree(run.folder / stage / "checkpoints", ignore_errors=True)
        return Outcome(run=run, verdict=verdict)


def _opened(name: str, room: Room, start: Start, feedback: Feedback, schooling: Schooling) -> Run:
    """Return the run of this name; one that was begun with other verdicts, or otherwise, is begun anew."""
    facts = {"kind": COMMUNITY, "recipe": asdict(schooling), "data": feedback.digest, "start": start.name}
    told = json.loads(json.dumps(facts))
    try:
        run = runs.find(name, below=room.below)
        if run.facts() == told:
            return run
        runs.remove(run)
    except runs.NoRunError:
        pass
    except runs.BrokenRunError:
        shutil.rmtree(room.below / name)
    return runs.create(name, told, below=room.below)


def chosen(feedback: Feedback, seen: frozenset[str], seed: int) -> tuple[list[Lesson], list[Pair]]:
    """Return all that is new, and as much again of what was ``seen`` before.

    Raises:
        NothingNewError: nothing is new.
    """
    random = Random(seed)  # noqa: S311 -- no secret
    lessons = [lesson for lesson in feedback.lessons if lesson.mark not in seen]
    pairs = [pair for pair in feedback.pairs if pair.mark not in seen]
    if not pairs:
        raise NothingNewError
    old_lessons = [lesson for lesson in feedback.lessons if lesson.mark in seen]
    old_pairs = [pair for pair in feedback.pairs if pair.mark in seen]
    lessons += random.sample(old_lessons, min(len(lessons), len(old_lessons)))
    pairs += random.sample(old_pairs, min(len(pairs), len(old_pairs)))
    return lessons, pairs


def _replay(room: Room, root: Start, schooling: Schooling, report: Report) -> Replay:
    if room.corpus is not None:
        return of_corpus(room.corpus, _REPLAYED, schooling.writing.seed)
    mark = f"{_fingerprint(room.base)}.{root.name or 'base'}.{schooling.writing.slates}.{schooling.writing.pages}"
    kept = room.below / "cache" / f"replay.{mark}.jsonl"
    return of_itself(room.base, root.folder, kept, schooling.writing, lambda: report("recalling", 0, 0, None))


def _fingerprint(base: str) -> str:
    return checkpoint.fingerprint(Path(base))[:12] if Path(base).is_dir() else base.replace("/", "-")


def _corpus(lessons: Sequence[Lesson], pairs: Sequence[Pair], replay: Replay, schooling: Schooling) -> Corpus:
    """Return the lessons, each as often as it weighs, and the replay.

    Of a weight that is no whole number, the rest is the chance of coming once more. Where no show was greenlit, what
    was preferred stands in as plain text, so that there is something to begin with.
    """
    random = Random(schooling.sft.seed)  # noqa: S311 -- no secret
    found: list[Example] = []
    for lesson in lessons:
        found += [lesson.entry] * (int(lesson.weight) + (random.random() < lesson.weight % 1))
    if not found and not replay.train:
        found = [Passage(work=pair.group, text=pair.prompt + pair.chosen) for pair in pairs]
    again = min(len(replay.train), max(schooling.replayed, len(found)))
    return Corpus(train=[*found, *random.sample(list(replay.train), again)], held_out=[])


def _supervised(
    run: Run, room: Room, start: Start, corpus: Corpus, schooling: Schooling, report: Report
) -> tuple[Recipe, Run]:
    adapter = str(start.folder) if start.folder else ""
    recipe = _fitting(replace(schooling.sft, base=room.base, adapter=adapter, sample_every=10**6))
    try:
        return recipe, _stage(run, recipe, corpus, report)
    except TooLittleTextError:  # fewer rows than a step has
        recipe = replace(recipe, batch=1, accumulate=1)
        return recipe, _stage(run, recipe, corpus, report)


def _fitting(recipe: Recipe) -> Recipe:
    """Return the recipe with no longer rows than the base sees."""
    with unusable(Path(recipe.base)):
        config = AutoConfig.from_pretrained(recipe.base, trust_remote_code=False)
    own = int(getattr(config, "max_position_embeddings", recipe.context))
    return replace(recipe, context=min(recipe.context, own))


def _stage(run: Run, recipe: Recipe, corpus: Corpus, report: Report) -> Run:
    stage = runs.begin("sft", recorded(recipe, corpus), resume=True, below=run.folder)
    if not stage.finished:
        finetune(recipe, corpus, stage, watchers=[Telling("supervised", report)])
    return stage


def _preferred(
    run: Run, room: Room, last: tuple[Recipe, Run], pairs: Sequence[Pair], schooling: Schooling, report: Report
) -> tuple[Recipe, Run]:
    recipe = _fitting(replace(schooling.dpo, base=room.base, adapter=str(last[1].model)))
    facts = {"kind": "preferences", "recipe": asdict(recipe), "data": digest(pairs)}
    stage = runs.begin("dpo", facts, resume=True, below=run.folder)
    if not stage.finished:
        prefer(recipe, schooling.taste, pairs, stage, watchers=[Telling("preferences", report)])
    return recipe, stage


def _assemble(
    run: Run,
    last: tuple[Recipe, Run],
    start: Start,
    feedback: Feedback,
    lessons: Sequence[Lesson],
    pairs: Sequence[Pair],
) -> None:
    """Put the trained weights into ``run.model`` with a manifest that tells the whole story."""
    if run.finished:
        return
    _, stage = last
    unfinished = run.folder / "model.unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    shutil.copytree(stage.model, unfinished)
    marks = {lesson.mark for lesson in lessons} | {pair.mark for pair in pairs}
    told = {"start": start.name, "lineage": sorted(marks | start.lineage), "sheet": dict(feedback.sheet)}
    facts: dict[str, Any] = {**checkpoint.described(stage.model).facts, COMMUNITY: told}
    facts["data"] = {**facts["data"], "licences": _licences(start)}
    checkpoint.write(unfinished, run.name, **facts)
    shutil.rmtree(run.model, ignore_errors=True)
    unfinished.rename(run.model)


def _licences(start: Start) -> dict[str, str]:
    return checkpoint.described(start.folder).licences if start.folder else {}


def _judged(
    run: Run, rivals: Rivals, feedback: Feedback, replay: Replay, schooling: Schooling, report: Report
) -> Verdict:
    kept = run.folder / GATE
    if kept.exists():
        return verdict_of(json.loads(kept.read_text("utf-8")))
    verdict = judge(
        rivals,
        feedback.judges,
        replay.held_out,
        bounds=schooling.bounds,
        amount=schooling.amount,
        look=lambda: report("judging", 0, 0, None),
    )
    draw_verdict(verdict, run.folder / PICTURE)
    replace_text(kept, json.dumps(asdict(verdict), indent=1) + "\n")
    return verdict


def verdict_of(told: dict[str, Any]) -> Verdict:
    """Return the verdict that was written down as JSON."""
    return Verdict(
        ranking=Ranking(**told["ranking"]),
        checks=tuple(Check(**check) for check in told["checks"]),
    )
