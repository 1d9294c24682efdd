"""A model judged on raw data sets, from the shell: which model, which works, and where the figures go."""

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from model.checkpoint import EMBEDDED
from model.files import replace_text
from model.originality import TitleIndex
from training import runs
from training.corpus import Corpus, NothingHeldOutError
from training.counting import learnt
from training.evaluate import Amount, Candidate, evaluate
from training.examples import Example
from training.landmarks import gives_away
from training.preparation import prepare
from training.receipt import add_scores
from training.recipe import Judging, Preparation
from training.report import Report, plot, table, to_json
from training.runs import Run

EVALUATION: Final = "evaluation"
TABLE: Final = "evaluation.md"
_LEADS: Final = re.compile(r"\b(?:Monica|Rachel|Phoebe|Chandler|Ross|Joey)\b", re.IGNORECASE)
_HELD_OUT: Final = 32  # one work in so many
_RECORDS: Final = 3  # records read of each source for an entry that is scored: not every one makes an entry


@dataclass(frozen=True, slots=True)
class Judged:
    """The figures as a table for people and as facts for programs."""

    table: str
    facts: dict[str, Any]


def judge(data: Path, cache: Path, wanted: Judging) -> Judged:
    """Judge a model on the works in ``data``, a data set or a folder of them.

    Raises:
        SourceError: the data cannot be read; CheckpointError, RunError: the model cannot be used.
        NothingToScoreError: there is nothing to judge by.
    """
    model, adapter = _chosen(wanted)
    records = _RECORDS * wanted.entries * (_HELD_OUT if wanted.held_out else 1)
    found = prepare(data, cache, Preparation(most=records, draws=1, diversified=False, seed=wanted.seed))
    works = found.held_out if wanted.held_out else [*found.train, *found.held_out]
    learnt_from = prepare(wanted.against, cache, _prepared_for(wanted)).train if wanted.against else None
    amount = Amount(entries=wanted.entries, briefs=wanted.briefs, completions=wanted.briefs, seed=wanted.seed)
    report = _report(model, adapter, works, learnt_from, amount)
    if wanted.plots:
        plot(report, wanted.plots)
    return Judged(table(report), json.loads(to_json(report)))


def judge_run(run: Run, corpus: Corpus, *, entries: int, briefs: int, seed: int = 0) -> Judged:
    """Judge a finished run on what its corpus holds out; the figures are kept in its receipt, plots beside it.

    What was judged in the same way is read back.
    """
    amount = Amount(entries=entries, briefs=briefs, completions=briefs, seed=seed)
    before = (run.receipt() or {}).get(EVALUATION)
    if isinstance(before, dict) and before.get("amount") == asdict(amount) and isinstance(before.get("table"), str):
        return Judged(before["table"], before)
    report = _report(*weights_of(run), corpus.held_out, corpus.train, amount)
    plot(report, run.folder)
    judged = Judged(table(report), {**json.loads(to_json(report)), "table": table(report)})
    replace_text(run.folder / TABLE, judged.table)
    add_scores(run, **{EVALUATION: judged.facts})
    return judged


def require_judges(corpus: Corpus) -> None:
    """Raise at once, not after the training, if the corpus holds nothing out.

    Raises:
        NothingHeldOutError: it does not.
    """
    if not corpus.held_out:
        raise NothingHeldOutError


def weights_of(run: Run) -> tuple[str, Path | None]:
    """Return the base of a finished writer's run and the adapter to lay over it, or its own weights and None.

    Raises:
        RunKindError: it is no writer's; BrokenRunError: it cannot be read.
    """
    recipe = run.recipe()
    return (str(run.model), None) if recipe.method == "full" else (recipe.base, run.model)


def _prepared_for(wanted: Judging) -> Preparation:
    """Return how the data of the run was prepared, or the usual way."""
    data = (runs.finished(wanted.run).receipt() or {}).get("data") if wanted.run else None
    told = data.get("preparation", {}) if isinstance(data, dict) else {}
    return Preparation(**{**told, "only": tuple(told.get("only", ()))})


def _chosen(wanted: Judging) -> tuple[str, Path | None]:
    if wanted.run is not None:
        return weights_of(runs.finished(wanted.run))
    return wanted.model or str(EMBEDDED), wanted.adapter


def _report(
    model: str,
    adapter: Path | None,
    works: Sequence[Example],
    learnt_from: Sequence[Example] | None,
    amount: Amount,
) -> Report:
    by_task: defaultdict[str, list[Example]] = defaultdict(list)
    for example in works:
        by_task[example.task].append(example)
    candidate = Candidate.load(model, adapter=adapter, threads=1)
    try:
        return evaluate(
            candidate,
            by_task,
            titles=TitleIndex.load(EMBEDDED / "titles.trie"),
            against=learnt(_once(learnt_from)) if learnt_from is not None else None,
            famous=famous,
            amount=amount,
        )
    finally:
        candidate.close()


def _once(examples: Sequence[Example]) -> Iterator[Example]:
    """Leave out scripts and stagings where there are dialogs: they have the same lines."""
    tasks = {example.task for example in examples}
    same = {"script", "staging"} if "dialog" in tasks else set()
    return (example for example in examples if example.task not in same)


def famous(text: str) -> bool:
    """Say whether a lead of Friends or a place that gives a show away is named."""
    return bool(_LEADS.search(text)) or gives_away(text)
