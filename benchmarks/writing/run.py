"""What the embedded writer writes, counted: `python benchmarks/writing/run.py [--cache FOLDER] [--shows N]`.

Fixed seeds, a fixed list of briefs. First rows straight from the model, to see what the filters would drop; then
slates, dialogs, scripts and stagings through the writer as a member gets them. With the folder of prepared
training documents (``--cache``) copies of the training text are counted too.
"""

import argparse
import asyncio
import json
import platform
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from statistics import mean
from time import monotonic
from typing import Any, Final

import torch

from model import checkpoint, screenplay, tasks
from model.briefs import Brief, DialogBrief, PitchBrief, ScriptBrief, StagingBrief, genre, theme
from model.decoder import Halt
from model.drafts import DialogDraft, Draft, PitchDraft, ScriptDraft
from model.engine import Drafted, Finished, NothingOriginalError
from model.engines.transformers_engine import TransformersDecoder
from model.originality import TitleIndex, normalise
from model.writer import SAMPLING, Writer
from training import judging
from training.embedded.prepare import documents
from training.embedded.tokenizer import load

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
    """What was written so far."""

    rows: list[str | None] = field(default_factory=list)  # the reason a raw row would be dropped, or None
    pitches: list[tuple[PitchBrief, PitchDraft]] = field(default_factory=list)
    pages: dict[str, list[tuple[Brief, Draft | None]]] = field(default_factory=dict)
    computed: int = 0
    kept: int = 0
    seconds: float = 0.0


async def raw(decoder: TransformersDecoder, brief: PitchBrief, titles: TitleIndex, count: Count) -> None:
    """Write one row a pitch and note why the writer would drop it."""
    texts = ["" for _ in range(brief.count)]
    ended = ["length" for _ in texts]
    seeds = [brief.seed * 100 + number for number in range(brief.count)]
    async for chunk in decoder.decode(tasks.prompt(brief), seeds, SAMPLING[PitchBrief], Halt()):
        texts[chunk.row] += chunk.text
        ended[chunk.row] = chunk.end or ended[chunk.row]
    seen: set[str] = set()
    for text, end in zip(texts, ended, strict=True):
        count.rows.append(_fate(brief, text, finished=end == "stop", titles=titles, seen=seen))


def _fate(brief: PitchBrief, text: str, *, finished: bool, titles: TitleIndex, seen: set[str]) -> str | None:
    try:
        draft = tasks.parse(brief, text, finished=finished)
    except tasks.UnreadableError:
        return "unreadable"
    assert isinstance(draft, PitchDraft)  # noqa: S101 -- what a pitch brief brings
    key = normalise(draft.title)
    if titles.taken(draft.title):
        return "taken"
    if key in seen:
        return "repeated"
    seen.add(key)
    return None


async def written(writer: Writer, brief: Brief, count: Count) -> list[Draft]:
    """Return the drafts the writer brings for ``brief``, none when it gives up."""
    drafts: dict[int, Draft] = {}
    start = monotonic()
    try:
        async for event in writer.stream(brief):
            if isinstance(event, Drafted):
                drafts[event.slot] = event.draft
            elif isinstance(event, Finished):
                count.computed += event.computed
                count.kept += event.kept
    except NothingOriginalError:
        drafts.clear()
    count.seconds += monotonic() - start
    return [drafts[slot] for slot in sorted(drafts)]


async def write_all(shows: int) -> Count:
    """Write a slate for each of the first ``shows`` briefs, and the pages of its first pitch."""
    decoder = await asyncio.to_thread(TransformersDecoder.load, checkpoint.EMBEDDED, threads=1)
    titles = TitleIndex.load(checkpoint.EMBEDDED / "titles.trie")
    writer, count = Writer(decoder, titles), Count(pages={"dialog": [], "script": [], "staging": []})
    try:
        for number, (its_genre, its_theme) in enumerate(BRIEFS[:shows]):
            brief = PitchBrief(genre=genre(its_genre), theme=theme(its_theme), seed=number)
            await raw(decoder, brief, titles, count)
            slate = [draft for draft in await written(writer, brief, count) if isinstance(draft, PitchDraft)]
            count.pitches += [(brief, draft) for draft in slate]
            if slate:
                await _pages(writer, slate[0], number, count)
    finally:
        decoder.close()
    return count


async def _pages(writer: Writer, pitch: PitchDraft, seed: int, count: Count) -> None:
    dialog_brief = DialogBrief(title=pitch.title, summary=pitch.summary, seed=seed)
    script_brief = ScriptBrief(title=pitch.title, summary=pitch.summary, seed=seed)
    dialog = await _page(writer, dialog_brief, count)
    script = await _page(writer, script_brief, count)
    count.pages["dialog"].append((dialog_brief, dialog))
    count.pages["script"].append((script_brief, script))
    if isinstance(dialog, DialogDraft):
        staging_brief = StagingBrief(dialog=dialog.turns[:12], seed=seed)
        staged = await _page(writer, staging_brief, count)
        count.pages["staging"].append((staging_brief, staged))


async def _page(writer: Writer, brief: Brief, count: Count) -> Draft | None:
    return next(iter(await written(writer, brief, count)), None)


def scores(count: Count, copies: judging.Runs | None) -> dict[str, Any]:
    """Return every figure of the table."""
    drafts = [draft for _, draft in count.pitches]
    summaries = [draft.summary for draft in drafts]
    result: dict[str, Any] = {
        "raw rows": len(count.rows),
        "raw rows that parse": judging.share(fate != "unreadable" for fate in count.rows),
        "raw rows kept": judging.share(fate is None for fate in count.rows),
        "raw rows taken": judging.share(fate == "taken" for fate in count.rows),
        "pitches": len(drafts),
        "distinct titles": judging.distinct([draft.title for draft in drafts]),
        "distinct summaries": judging.distinct(summaries),
        "summaries that end": judging.share(judging.finished(text) for text in summaries),
        "words a summary": round(mean(len(text.split()) for text in summaries), 1),
        "theme words carried": _carried([(brief.theme, draft) for brief, draft in count.pitches]),
        "theme words carried, shuffled": _carried(_shuffled(count)),
        "tokens computed ÷ kept": round(count.computed / max(1, count.kept), 2),
        "tokens a second": round(count.computed / count.seconds, 1),
    }
    for task, pages in count.pages.items():
        result |= _page_scores(task, pages)
    if copies:
        result |= _copy_scores(summaries, count, copies)
    return result


def _carried(pairs: Sequence[tuple[str, PitchDraft]]) -> float:
    return round(mean(judging.carried(asked, f"{draft.title} {draft.summary}") for asked, draft in pairs), 3)


def _shuffled(count: Count) -> list[tuple[str, PitchDraft]]:
    themes: list[str] = [brief.theme for brief, _ in count.pitches]
    Random(0).shuffle(themes)  # noqa: S311 -- no secret
    return list(zip(themes, (draft for _, draft in count.pitches), strict=True))


def _page_scores(task: str, pages: Sequence[tuple[Brief, Draft | None]]) -> dict[str, float]:
    turns = [_turns(draft) for _, draft in pages if draft]
    result = {
        f"{task}: pages": len(pages),
        f"{task}: that parse": judging.share(draft is not None for _, draft in pages),
        f"{task}: turns a page": round(mean(len(spoken) for spoken in turns), 1) if turns else 0.0,
        f"{task}: end on a finished line": judging.share(judging.finished(spoken[-1].speech) for spoken in turns),
        f"{task}: two speakers with two turns": judging.share(judging.keeps_its_cast(spoken) for spoken in turns),
    }
    if task == "staging":
        result["staging: lines kept"] = round(mean(_kept_lines(brief, draft) for brief, draft in pages), 3)
    return result


def _turns(draft: Draft) -> tuple[screenplay.Turn, ...]:
    match draft:
        case ScriptDraft(script):
            return script.turns
        case DialogDraft(turns):
            return turns
        case PitchDraft():
            return ()


def _kept_lines(brief: Brief, draft: Draft | None) -> float:
    assert isinstance(brief, StagingBrief)  # noqa: S101 -- the caller's task
    spoken = {(turn.cue, turn.speech) for turn in _turns(draft)} if draft else set()
    return judging.share((turn.cue, turn.speech) in spoken for turn in brief.dialog)


def _copy_scores(summaries: Sequence[str], count: Count, copies: judging.Runs) -> dict[str, float]:
    pages = [
        " ".join(turn.speech for turn in _turns(draft))
        for task in ("dialog", "script")
        for _, draft in count.pages[task]
        if draft
    ]
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
    count = asyncio.run(write_all(options.shows))
    copies = judging.Runs(training_texts(options.cache)) if options.cache else None
    result = scores(count, copies)
    for name, value in result.items():
        print(f"{name:45} {value}")
    about = {"machine": platform.machine(), "cores used": 1, "date": datetime.now(UTC).date().isoformat()}
    about["checkpoint"] = checkpoint.verify(checkpoint.EMBEDDED).name
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps({**about, **result}, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
