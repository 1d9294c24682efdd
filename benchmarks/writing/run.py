"""What the embedded writer writes, counted: `python benchmarks/writing/run.py [--cache FOLDER] [--shows N]`.

Fixed seeds, a fixed list of briefs. First rows straight from the model, to see what the filters would drop; then
slates, dialogs, scripts and stagings through the writer as a member gets them. With the folder of prepared
training documents (``--cache``) copies of the training text are counted too.
"""

import argparse
import asyncio
import json
import platform
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Any, Final

import torch

from model import checkpoint
from model.briefs import Brief, DialogBrief, PitchBrief, ScriptBrief, StagingBrief, genre, theme
from model.drafts import DialogDraft, Draft, PitchDraft
from model.engines.transformers_engine import TransformersDecoder
from model.originality import TitleIndex
from training import counting, judging
from training.embedded.prepare import documents
from training.embedded.tokenizer import load
from training.writing import Answer, Fate, answer, fate, raw

RESULT: Final = Path(__file__).parents[1] / "results" / "writing-v0.json"
BRIEFS: Final = tuple(
    line.split(": ")
    for line in """
comedy: time travel|comedy: small town|comedy: wedding|drama: family secret|drama: prison|drama: old letters
crime: bank robbery|crime: missing girl|crime: corrupt police|thriller: hostage|thriller: double life|thriller: storm
horror: haunted house|horror: cursed doll|horror: forest|romance: summer|romance: neighbours|romance: second chance
science fiction: space station|science fiction: robots|science fiction: last city|fantasy: dragon|fantasy: witch
fantasy: lost kingdom|action: revenge|action: stolen diamonds|action: soldier|adventure: treasure|adventure: island
adventure: mountain|animation: talking dog|animation: school|animation: toys|anime: demons|anime: sword|family: puppy
family: christmas|family: grandfather|documentary: ocean|documentary: chess|documentary: food|history: empire
history: queen|music: band|music: piano|mystery: locked room|mystery: lighthouse|mystery: detective|reality: bakers
reality: survival|sport: boxing|sport: football|war: deserters|war: nurses|western: sheriff|western: gold
comedy: robot butler|drama: inheritance|crime: art forger|romance: lighthouse keeper
""".replace("\n", "|").split("|")
    if line.strip()
)


@dataclass(slots=True)
class Count:
    """What was written so far: what became of the raw rows, and what the writer answered, task by task."""

    fates: list[Fate] = field(default_factory=list)
    answers: dict[str, list[Answer]] = field(
        default_factory=lambda: {"pitch": [], "dialog": [], "script": [], "staging": []}
    )
    seconds: float = 0.0

    def drafts(self, task: str) -> list[tuple[Brief, Draft]]:
        """Return what came of the task's briefs."""
        return [(answer.brief, draft) for answer in self.answers[task] for draft in answer.drafts]


@dataclass(frozen=True, slots=True)
class Room:
    """A decoder with the titles that exist."""

    decoder: TransformersDecoder
    titles: TitleIndex

    async def ask(self, task: str, brief: Brief, count: Count) -> Draft | None:
        """Note what the writer answers, and return the first draft, if any."""
        start = monotonic()
        count.answers[task].append(await answer(self.decoder, self.titles, brief))
        count.seconds += monotonic() - start
        return next(iter(count.answers[task][-1].drafts), None)


async def write_all(room: Room, shows: int) -> Count:
    """Write a slate for each of the first ``shows`` briefs, and the pages of its first pitch."""
    count = Count()
    for number, (its_genre, its_theme) in enumerate(BRIEFS[:shows]):
        brief = PitchBrief(genre=genre(its_genre), theme=theme(its_theme), seed=number)
        seen: set[str] = set()
        count.fates += [fate(brief, row, room.titles, seen) for row in await raw(room.decoder, brief)]
        pitch = await room.ask("pitch", brief, count)
        if isinstance(pitch, PitchDraft):
            await _pages(room, pitch, number, count)
    return count


async def _pages(room: Room, pitch: PitchDraft, seed: int, count: Count) -> None:
    dialog = await room.ask("dialog", DialogBrief(title=pitch.title, summary=pitch.summary, seed=seed), count)
    await room.ask("script", ScriptBrief(title=pitch.title, summary=pitch.summary, seed=seed), count)
    if isinstance(dialog, DialogDraft):
        await room.ask("staging", StagingBrief(dialog=dialog.turns[:12], seed=seed), count)


def scores(count: Count, titles: TitleIndex, copies: judging.Runs | None) -> dict[str, Any]:
    """Return every figure of the table."""
    slates = [(brief, draft) for brief, draft in count.drafts("pitch") if isinstance(draft, PitchDraft)]
    rows, pitches = counting.row_figures(count.fates), counting.pitch_figures([draft for _, draft in slates], titles)
    carried = counting.carried_figures(
        [(brief.theme, f"{draft.title} {draft.summary}") for brief, draft in slates if isinstance(brief, PitchBrief)]
    )
    answers = [answer for its_answers in count.answers.values() for answer in its_answers]
    computed, kept = sum(answer.computed for answer in answers), sum(answer.kept for answer in answers)
    result: dict[str, Any] = {
        "raw rows": rows["raw_rows"],
        "raw rows that parse": rows["raw_parsed"],
        "raw rows kept": rows["titles_kept"],
        "raw rows taken": rows["titles_taken"],
        "pitches": len(slates),
        "distinct titles": pitches["titles_distinct"],
        "distinct summaries": pitches["summaries_distinct"],
        "summaries that end": pitches["ended"],
        "words a summary": pitches["words"],
        "theme words carried": carried["brief_carried"],
        "theme words carried, shuffled": carried["brief_carried_floor"],
        "tokens computed ÷ kept": round(computed / max(1, kept), 2),
        "tokens a second": round(computed / count.seconds, 1),
    }
    for task in ("dialog", "script", "staging"):
        result |= _page_scores(task, count)
    return result | (_copy_scores(count, copies) if copies else {})


def _page_scores(task: str, count: Count) -> dict[str, float]:
    answers, pages = count.answers[task], count.drafts(task)
    figures = counting.page_figures(pages)
    result = {
        f"{task}: pages": len(answers),
        f"{task}: that parse": judging.share(bool(answer.drafts) for answer in answers),
        f"{task}: turns a page": figures.get("turns", 0.0),
        f"{task}: end on a finished line": figures.get("ended", 0.0),
        f"{task}: two speakers with two turns": figures.get("speakers_consistent", 0.0),
    }
    if task == "staging":
        kept = figures.get("lines_kept", 0.0) * len(pages)
        result["staging: lines kept"] = round(kept / max(1, len(answers)), 3)
    return result


def _copy_scores(count: Count, copies: judging.Runs) -> dict[str, float]:
    summaries = [counting.own_words(brief, draft) for brief, draft in count.drafts("pitch")]
    pages = [counting.own_words(brief, draft) for task in ("dialog", "script") for brief, draft in count.drafts(task)]
    return {
        "summaries sharing 8 words with training": judging.share(map(copies.copied, summaries)),
        "longest run shared, summaries (words)": max(map(copies.longest, summaries)),
        "pages sharing 8 words with training": judging.share(map(copies.copied, pages)),
        "longest run shared, pages (words)": max(map(copies.longest, pages)),
    }


def training_texts(cache: Path) -> list[str]:
    """Return what the writer was to write in training: summaries and spoken lines."""
    tokenizer, shelves = load(cache), documents(cache, "train")
    texts = []
    for task in ("pitch", "dialog"):
        every = tokenizer.decode_batch([document.tokens[document.scored_from :].tolist() for document in shelves[task]])
        cut = [text.partition("SUMMARY: ")[2] for text in set(every)] if task == "pitch" else every
        texts += [" ".join(line.partition(": ")[2] or line for line in text.split("\n")) for text in cut]
    return texts


def main() -> None:
    """Print the table, write the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--shows", type=int, default=len(BRIEFS))
    options = parser.parse_args()
    torch.set_num_threads(1)
    titles = TitleIndex.load(checkpoint.EMBEDDED / "titles.trie")
    copies = judging.Runs(training_texts(options.cache)) if options.cache else None
    with closing(TransformersDecoder.load(checkpoint.EMBEDDED, threads=1)) as decoder:
        count = asyncio.run(write_all(Room(decoder, titles), options.shows))
    result = scores(count, titles, copies)
    for name, value in result.items():
        print(f"{name:45} {value}")
    about = {"machine": platform.machine(), "cores used": 1, "date": datetime.now(UTC).date().isoformat()}
    about["checkpoint"] = checkpoint.verify(checkpoint.EMBEDDED).name
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps({**about, **result}, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
