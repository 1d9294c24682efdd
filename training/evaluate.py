"""One table for any model on any works: how well it foresees them, and what it writes to their briefs."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from random import Random
from typing import Final, Self, TypeVar

from tqdm import tqdm
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from model import tasks
from model.briefs import MAX_SEED, Brief, PitchBrief, StagingBrief
from model.drafts import Draft, PitchDraft
from model.engines.loading import Quantize
from model.engines.transformers_engine import TransformersDecoder
from model.originality import TitleIndex
from training import counting, judging, writing
from training.completion import SAMPLING, complete, completion_figures, held
from training.counting import Figures
from training.examples import TASKS, Entry, Example
from training.report import Report
from training.scoring import NothingToScoreError, score
from training.writing import Answer, to_end

T = TypeVar("T")
Famous = Callable[[str], bool]  # whether a text holds a name that gives its source away


class BadAmountError(ValueError):
    """The amount ``field`` is ``value``, less than ``low``."""

    def __init__(self, field: str, value: int, low: int) -> None:
        super().__init__(f"{field}={value} < {low}")
        self.field, self.value, self.low = field, value, low


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """How much of each task is looked at, drawn by ``seed``; 0 briefs or completions leaves that part out."""

    entries: int = 200  # scored
    briefs: int = 50  # written to
    completions: int = 50  # texts whose end is written
    words: int = 20  # cut off those texts
    seed: int = 0

    def __post_init__(self) -> None:
        for field, low in (("entries", 1), ("briefs", 0), ("completions", 0), ("words", 1), ("seed", 0)):
            if getattr(self, field) < low:
                raise BadAmountError(field, getattr(self, field), low)


DEFAULT: Final = Amount()


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A model to be judged; make it with :meth:`load`, end it with :meth:`close`."""

    decoder: TransformersDecoder
    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase

    @classmethod
    def load(
        cls,
        model: str | Path,
        *,
        adapter: Path | None = None,
        quantize: Quantize = "none",
        device: str | None = None,
        threads: int | None = None,
    ) -> Self:
        """Load a folder or a model of the Hub, with ``adapter`` over it; blocks.

        Raises:
            BrokenCheckpointError, FormatMismatchError, QuantizationUnavailableError: as
                :meth:`model.engines.transformers_engine.TransformersDecoder.load` does.
        """
        return cls._over(
            TransformersDecoder.load(model, adapter=adapter, quantize=quantize, device=device, threads=threads)
        )

    @classmethod
    def of(
        cls, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, *, name: str, threads: int | None = None
    ) -> Self:
        """Return the candidate over a model in memory; the model is set to evaluation mode, without dropout."""
        return cls._over(TransformersDecoder(model, tokenizer, name=name, threads=threads))

    @classmethod
    def _over(cls, decoder: TransformersDecoder) -> Self:
        return cls(decoder=decoder, model=decoder.weights, tokenizer=decoder.tokenizer)

    def close(self) -> None:
        """End the decoder's thread."""
        self.decoder.close()

    def fit(self, text: str) -> str:
        """Return the end of ``text`` that leaves room to write a completion."""
        room = max(1, self.decoder.context - SAMPLING.max_tokens, self.decoder.context // 2)
        words = text.split(" ")
        while len(words) > 1 and (length := len(self.tokenizer.encode(" ".join(words), verbose=False))) > room:
            words = words[max(1, len(words) * (length - room) // length) :]
        return " ".join(words)


def evaluate(
    candidate: Candidate,
    entries: Mapping[str, Sequence[Example]],
    *,
    titles: TitleIndex,
    against: Iterable[str] | None = None,
    famous: Famous | None = None,
    amount: Amount = DEFAULT,
) -> Report:
    """Return every figure of ``candidate`` on ``entries`` (held-out ones, by task); the same seed gives the same.

    ``titles`` exist already; ``against`` is the training text copies are looked for in, as
    :func:`training.counting.learnt` yields it; ``famous`` knows the names that must not appear. Tasks without entries
    are left out. Shows progress on a terminal.

    Raises:
        NothingToScoreError: there are no entries at all, or those of a task hold no text.
        NotFiniteError: the model's scores are not numbers.
    """
    tasks_there = [task for task in TASKS if entries.get(task)]
    if not tasks_there:
        raise NothingToScoreError("any")
    figures: dict[str, Figures] = {task: _scored(candidate, task, entries[task], amount) for task in tasks_there}
    runs = judging.Runs(against, counting.COPY) if against is not None else None
    for task in tasks_there:
        if task == "prose":
            figures[task] |= to_end(_completed(candidate, entries[task], amount, runs, famous))
        elif amount.briefs:
            figures[task] |= to_end(_written(candidate, entries[task], titles, amount, runs, famous))
    return Report(model=candidate.decoder.name, amount=asdict(amount), tasks=figures)


def _some(examples: Sequence[T], count: int, seed: int) -> list[T]:
    return Random(seed).sample(examples, min(count, len(examples)))  # noqa: S311 -- no secret


def _scored(candidate: Candidate, task: str, examples: Sequence[Example], amount: Amount) -> Figures:
    some = _some(examples, amount.entries, amount.seed)
    context = candidate.decoder.context
    found = score(candidate.model, candidate.tokenizer, some, context=context, task=task, seed=amount.seed)
    figures = asdict(found)
    low, high = figures.pop("low"), figures.pop("high")
    figures |= {"bits_per_byte_low": low, "bits_per_byte_high": high}
    return {name: round(figure, 4) for name, figure in figures.items() if figure is not None}


async def _written(
    candidate: Candidate,
    examples: Sequence[Example],
    titles: TitleIndex,
    amount: Amount,
    runs: judging.Runs | None,
    famous: Famous | None,
) -> Figures:
    decoder, seen = candidate.decoder, set[str]()
    answers: list[Answer] = []
    fates: list[writing.Fate] = []
    for brief in tqdm(_briefs(examples, amount), desc="writing", unit="brief", disable=None, leave=False):
        answers.append(await writing.answer(decoder, titles, brief))
        if isinstance(brief, PitchBrief):
            fates += [writing.fate(brief, row, titles, seen) for row in await writing.raw(decoder, brief)]
    drafts = [(answer.brief, draft) for answer in answers for draft in answer.drafts]
    pitches = [draft for _, draft in drafts if isinstance(draft, PitchDraft)]
    raw = counting.row_figures(fates) if fates else counting.attempt_figures(answers)
    found = counting.pitch_figures(pitches, titles) if pitches else counting.page_figures(drafts)
    carried = counting.carried_figures([pair for brief, draft in drafts if (pair := _asked(brief, draft))])
    own = [counting.own_words(brief, draft) for brief, draft in drafts]
    texts = _text_figures(own, [tasks.completion(draft) for _, draft in drafts], runs, famous)
    return {**counting.answer_figures(answers), **raw, **found, **carried, **texts}


def _briefs(examples: Sequence[Example], amount: Amount) -> list[Brief]:
    different = list(dict.fromkeys(example.brief for example in examples if isinstance(example, Entry)))
    chosen = _some(different, amount.briefs, amount.seed)
    return [replace(brief, seed=(amount.seed + number) % (MAX_SEED + 1)) for number, brief in enumerate(chosen)]


def _asked(brief: Brief, draft: Draft) -> tuple[str, str] | None:
    """Return what the brief asks for beside what came, None for a staging: its lines are counted."""
    if isinstance(brief, StagingBrief):
        return None
    if isinstance(draft, PitchDraft) and isinstance(brief, PitchBrief):
        return brief.theme, f"{draft.title} {draft.summary}"
    return tasks.text(tasks.prompt(brief)), counting.own_words(brief, draft)


async def _completed(
    candidate: Candidate,
    examples: Sequence[Example],
    amount: Amount,
    runs: judging.Runs | None,
    famous: Famous | None,
) -> Figures:
    texts = _some(held(examples, amount.words), amount.completions, amount.seed)
    written = await complete(candidate.decoder, texts, fit=candidate.fit, words=amount.words, seed=amount.seed)
    figures = completion_figures(written, texts, words=amount.words, seed=amount.seed)
    return figures | _text_figures(written, written, runs, famous)


def _text_figures(
    own: Sequence[str], whole: Sequence[str], runs: judging.Runs | None, famous: Famous | None
) -> Figures:
    figures = counting.text_figures(own)
    if runs is not None:
        figures |= counting.copy_figures(own, runs)
    if famous is not None and whole:
        figures["famous_names"] = judging.share(map(famous, whole))
    return figures
