"""What a brief costs: tokens computed and kept, and steps, by the embedded writer.

    python -m benchmarks.worker.appetite [--slates 30]

A *step* is one pass of the model over all rows of a brief: a slate's rows are written side by side, so that its steps
say how long it takes and its tokens how much is computed. The prompt is not counted. No clock is read: the same
briefs give the same figures on every machine, give or take how it rounds. One brief is asked after the other.
"""

import argparse
import asyncio
import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from statistics import mean
from typing import Any, Final

from model.briefs import Brief, PitchBrief, ScriptBrief, genre, theme
from model.checkpoint import EMBEDDED
from model.decoder import Chunk, Decoder, Halt, Sampling
from model.drafts import PitchDraft
from model.engine import Drafted, Finished, NothingOriginalError
from model.engines.transformers_engine import TransformersDecoder
from model.genres import GenreWords
from model.originality import TitleIndex
from model.tasks import Prompt
from model.writer import Writer

RESULT: Final = Path(__file__).parents[1] / "results" / "appetite.json"
GENRES: Final = ("comedy", "drama", "horror", "science fiction", "crime")
THEMES: Final = ("time travel", "a lighthouse", "two sisters", "a stolen painting", "the last night shift")


@dataclass(slots=True)
class Stepping:
    """A decoder that counts the tokens of another one, and its steps: those of the longest row of every call."""

    decoder: Decoder
    steps: int = 0
    tokens: int = 0

    @property
    def name(self) -> str:
        """The other one's name."""
        return self.decoder.name

    async def decode(
        self, prompt: Prompt, seeds: Sequence[int], sampling: Sampling, halt: Halt, /
    ) -> AsyncGenerator[Chunk]:
        """Write as the other one does."""
        tokens = [0 for _ in seeds]
        try:
            async with aclosing(self.decoder.decode(prompt, seeds, sampling, halt)) as chunks:
                async for chunk in chunks:
                    tokens[chunk.row] += chunk.tokens
                    yield chunk
        finally:
            self.steps += max(tokens, default=0)
            self.tokens += sum(tokens)


@dataclass(slots=True)
class Bill:
    """What the briefs of one kind have cost so far."""

    computed: list[int] = field(default_factory=list)
    kept: list[int] = field(default_factory=list)
    steps: list[int] = field(default_factory=list)
    fruitless: int = 0

    def told(self) -> dict[str, Any]:
        """Return the figures of the report, a brief."""
        return {
            "briefs": len(self.computed),
            "nothing original": self.fruitless,
            "tokens computed": round(mean(self.computed), 1),
            "most tokens computed": max(self.computed),
            "tokens kept": round(mean(self.kept), 1),
            "steps": round(mean(self.steps), 1),
            "rows a step": round(sum(self.computed) / sum(self.steps), 2),
            "each: steps, tokens": [list(pair) for pair in zip(self.steps, self.computed, strict=True)],
        }


async def ask(decoder: Stepping, writer: Writer, brief: Brief, bill: Bill) -> PitchDraft | None:
    """Put what ``brief`` costs on the bill, and return its first pitch, if it brought any."""
    steps, tokens, first = decoder.steps, decoder.tokens, None
    try:
        async for event in writer.stream(brief):
            if isinstance(event, Drafted) and isinstance(event.draft, PitchDraft):
                first = first or event.draft
            if isinstance(event, Finished):
                bill.kept.append(event.kept)
    except NothingOriginalError:
        bill.kept.append(0)
        bill.fruitless += 1
    bill.computed.append(decoder.tokens - tokens)
    bill.steps.append(decoder.steps - steps)
    return first


async def measure(slates: int, seed: int) -> dict[str, Bill]:
    """Ask for ``slates`` slates of five, and for the first page of the first show of each."""
    decoder = TransformersDecoder.load(EMBEDDED, threads=1)
    stepping = Stepping(decoder)
    titles, genres = TitleIndex.load(EMBEDDED / "titles.trie"), GenreWords.load(EMBEDDED / "genres.json")
    writer, dice = Writer(stepping, titles, genres), Random(seed)  # noqa: S311 - which briefs are asked
    bills = {"pitch": Bill(), "script": Bill()}
    for number in range(slates):
        slate = PitchBrief(genre=genre(dice.choice(GENRES)), theme=theme(dice.choice(THEMES)), seed=number)
        if pitch := await ask(stepping, writer, slate, bills["pitch"]):
            page = ScriptBrief(title=pitch.title, summary=pitch.summary, seed=number)
            await ask(stepping, writer, page, bills["script"])
    decoder.close()
    return bills


def main() -> None:
    """Print the figures and keep them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--slates", type=int, default=30, help="each brings a script, too")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    bills = asyncio.run(measure(options.slates, options.seed))
    told = {
        "date": datetime.now(UTC).date().isoformat(),
        "checkpoint": EMBEDDED.name,
        "tasks": {task: bill.told() for task, bill in bills.items()},
    }
    RESULT.write_text(json.dumps(told, ensure_ascii=False) + "\n", "utf-8")
    for task, bill in bills.items():
        print(task, {name: figure for name, figure in bill.told().items() if name != "each: steps, tokens"})


if __name__ == "__main__":
    main()
