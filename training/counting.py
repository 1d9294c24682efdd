"""Every figure that can be counted on what a model wrote, under the key it has in a report."""

from collections.abc import Iterable, Iterator, Sequence
from random import Random
from statistics import mean
from typing import Final

from model import tasks
from model.briefs import Brief, StagingBrief
from model.drafts import DialogDraft, Draft, PitchDraft, ScriptDraft
from model.originality import TitleIndex, normalise
from model.screenplay import Direction, Turn
from training import judging
from training.examples import Example, Passage
from training.writing import Answer, Fate, read

Figures = dict[str, float]
COPY: Final = 8  # words in a row that make a copy


def own_words(brief: Brief, draft: Draft) -> str:
    """Return what the model itself had to invent: a summary, the speeches, of a staging only its directions."""
    match draft:
        case PitchDraft():
            return draft.summary
        case DialogDraft(turns):
            return " ".join(turn.speech for turn in turns)
        case ScriptDraft(script) if isinstance(brief, StagingBrief):
            return " ".join(element.text for element in script.elements if isinstance(element, Direction))
        case ScriptDraft(script):
            return " ".join(turn.speech for turn in script.turns)


def learnt(examples: Iterable[Example]) -> Iterator[str]:
    """Yield the own words of what was trained on, to look for copies in (see :class:`training.judging.Runs`)."""
    for example in examples:
        yield example.text if isinstance(example, Passage) else own_words(example.brief, example.draft)


def turns(draft: Draft) -> tuple[Turn, ...]:
    """Return the spoken lines, none of a pitch."""
    match draft:
        case ScriptDraft(script):
            return script.turns
        case DialogDraft(spoken):
            return spoken
        case PitchDraft():
            return ()


def row_figures(fates: Sequence[Fate]) -> Figures:
    """Return what would become of raw rows of pitches: the shares that parse, are taken, repeated, kept."""
    return {
        "raw_rows": len(fates),
        "raw_parsed": judging.share(fate != "unreadable" for fate in fates),
        "titles_taken": judging.share(fate == "taken" for fate in fates),
        "titles_repeated": judging.share(fate == "repeated" for fate in fates),
        "titles_kept": judging.share(fate == "kept" for fate in fates),
    }


def attempt_figures(answers: Sequence[Answer]) -> Figures:
    """Return how the first attempts at a page went: parsed, stopped at the length limit, only the cast speaking."""
    first = [(answer.brief, answer.rows[0]) for answer in answers if answer.rows]
    figures: Figures = {
        "raw_rows": len(first),
        "raw_parsed": judging.share(read(brief, row) is not None for brief, row in first),
        "at_length_limit": judging.share(not row.finished for _, row in first),
    }
    scripts = [row.text if row.finished else row.text.rpartition("\n")[0] for brief, row in first if _has_cast(brief)]
    if scripts:
        figures["only_cast_speaks"] = judging.share(map(judging.stays_in_cast, scripts))
    return figures


def _has_cast(brief: Brief) -> bool:
    return tasks.text(tasks.prompt(brief)).endswith("SCRIPT:\n")


def answer_figures(answers: Sequence[Answer]) -> Figures:
    """Return what is the same for all tasks: how many briefs, and the share of the drafts asked for that came."""
    wanted, drafts = sum(answer.wanted for answer in answers), sum(len(answer.drafts) for answer in answers)
    figures: Figures = {
        "briefs": len(answers),
        "briefs_too_long": judging.share(answer.too_long for answer in answers),
        "drafts": drafts,
        "parsed": round(drafts / max(1, wanted), 3),
    }
    if kept := sum(answer.kept for answer in answers):
        figures["tokens_computed_per_kept"] = round(sum(answer.computed for answer in answers) / kept, 2)
    return figures


def pitch_figures(pitches: Sequence[PitchDraft], titles: TitleIndex) -> Figures:
    """Return how original the titles of finished slates are, and how their summaries end; nothing without any."""
    if not pitches:
        return {}
    keys = [normalise(pitch.title) for pitch in pitches]
    new = [key not in keys[:at] and not titles.taken(pitches[at].title) for at, key in enumerate(keys)]
    return {
        "titles_original": judging.share(new),
        "titles_distinct": judging.distinct([pitch.title for pitch in pitches]),
        "summaries_distinct": judging.distinct([pitch.summary for pitch in pitches]),
        "ended": judging.share(judging.finished(pitch.summary) for pitch in pitches),
        "words": round(mean(len(pitch.summary.split()) for pitch in pitches), 1),
    }


def page_figures(pages: Sequence[tuple[Brief, Draft]]) -> Figures:
    """Return length, ends and speakers of dialogs or scripts, of stagings also the lines kept; nothing without any."""
    if not pages:
        return {}
    spoken = [turns(draft) for _, draft in pages]
    figures: Figures = {
        "turns": round(mean(map(len, spoken)), 1),
        "ended": judging.share(judging.finished(page[-1].speech) for page in spoken),
        "speakers_consistent": judging.share(map(judging.keeps_its_cast, spoken)),
    }
    kept = [kept_lines(brief, draft) for brief, draft in pages if isinstance(brief, StagingBrief)]
    return figures | ({"lines_kept": round(mean(kept), 3)} if kept else {})


def kept_lines(brief: StagingBrief, draft: Draft | None) -> float:
    """Return the share of the member's lines that stand in the staging, 0 without one."""
    spoken = {(turn.cue, turn.speech) for turn in turns(draft)} if draft else set()
    return judging.share((turn.cue, turn.speech) in spoken for turn in brief.dialog)


def carried_figures(pairs: Sequence[tuple[str, str]]) -> Figures:
    """Return the share of the briefs' telling words in their texts, and the same with the briefs shuffled (a floor)."""
    if not pairs:
        return {}
    asked = [brief for brief, _ in pairs]
    Random(0).shuffle(asked)  # noqa: S311 -- no secret
    floor = zip(asked, (text for _, text in pairs), strict=True)
    return {
        "brief_carried": round(mean(judging.carried(brief, text) for brief, text in pairs), 3),
        "brief_carried_floor": round(mean(judging.carried(*pair) for pair in floor), 3),
    }


def text_figures(texts: Sequence[str]) -> Figures:
    """Return how much the texts repeat one another (distinct-n) and themselves; nothing without any."""
    if not any(texts):
        return {}
    figures = {f"distinct_{length}": judging.distinct_grams(texts, length) for length in (1, 2, 3)}
    return figures | {"repeated_4grams": round(mean(judging.repeated_grams(text) for text in texts), 3)}


def copy_figures(texts: Sequence[str], runs: judging.Runs) -> Figures:
    """Return the share of texts that have a run of words from the training text, and the longest; nothing without."""
    if not texts:
        return {}
    return {
        f"copied_{COPY}_words": judging.share(map(runs.copied, texts)),
        "longest_copy": max(map(runs.longest, texts)),
    }
