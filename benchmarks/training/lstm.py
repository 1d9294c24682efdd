"""An LSTM against transformers, at equal data and at equal time: `python -m benchmarks.training.lstm --data DIR`.

Synopses of anime (where ``DIR/anime`` has at least ``--least`` that the original's rules leave) and of the streaming
catalogues (``DIR/streaming``), split by work. Three learn them on one thread, a few seconds in turn: the LSTM of the
original, a transformer with as many weights from random ones, and the embedded writer fine-tuned whole. First each
for ``--seconds``; then those that read more than the slowest anew, for as many bytes as that one has read. Bits per
byte are of works held out, end markers included, the first token too. Words the LSTM does not know are spelt for it
at a uniform cost; how much that makes of its bits stands in the table. Then each writes from the first words of those
works, top-k by probability; the LSTM uniformly from its top-k, too, as the original did.

The embedded writer has read summaries of these catalogues before, none of the held-out works.
"""

import argparse
import asyncio
import json
import platform
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import aclosing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from random import Random
from statistics import mean
from tempfile import TemporaryDirectory
from typing import Any, Final

import torch
from torch import Tensor, nn
from transformers.utils import logging as hf_logging

from benchmarks.training.lstm_rivals import Corpus, Lstm, Rival, embedded, fresh, race
from model.decoder import Decoder, Halt, Sampling
from model.engines.lstm_engine import LstmDecoder
from model.engines.lstm_network import split
from model.engines.transformers_engine import TransformersDecoder
from model.tasks import Span
from training import judging
from training.cleaning import show_of
from training.examples import held_out
from training.records import Synopsis
from training.sources import anime, streaming

RESULT: Final = Path(__file__).parents[1] / "results" / "training-lstm.json"
SCORED, PROMPTS, ROWS, WORDS = 120, 8, 8, 1000
SAMPLING: Final = Sampling(temperature=1.0, top_p=1.0, top_k=30, max_tokens=90)


def corpora(folder: Path, least: int) -> Iterator[Corpus]:
    """Yield the corpora that are large enough."""
    for name, read in {"anime": _anime, "streaming": _streaming}.items():
        works = {text: work for work, text in read(folder / name)} if (folder / name).is_dir() else {}
        if len(works) >= least:
            judged = [text for text, work in works.items() if held_out(work)]
            Random(1).shuffle(judged)  # noqa: S311 -- no secret
            half = min(SCORED, (len(judged) + 1) // 2)
            learnt = [text for text, work in works.items() if not held_out(work)]
            yield Corpus(name=name, texts=learnt, steering=judged[half:][:SCORED], scored=judged[:half])
        else:
            print(f"{name}: {len(works)} usable, left out")


def _anime(folder: Path) -> Iterator[tuple[str, str]]:
    kept = map(anime.original, anime.read(folder))
    yield from ((synopsis.work, synopsis.text) for synopsis in kept if isinstance(synopsis, Synopsis))


def _streaming(folder: Path) -> Iterator[tuple[str, str]]:
    shows = map(show_of, streaming.read(folder))
    yield from ((show.title, show.summary) for show in shows if show)


class Uniform(nn.Module):
    """Scores by which each of the best ``top_k`` is as likely as the other: the original's mistake."""

    def __init__(self, out: nn.Linear, top_k: int) -> None:
        super().__init__()
        self.inner, self.top_k, self.weight = out, top_k, out.weight

    def forward(self, hidden: Tensor) -> Tensor:
        """Return 0 for the best, minus infinity for the others."""
        scores: Tensor = self.inner(hidden)
        return torch.full_like(scores, -torch.inf).scatter(-1, scores.topk(self.top_k).indices, 0.0)


async def written(decoder: Decoder, prompts: Iterable[str]) -> list[str]:
    """Return a few texts for each of ``prompts``, which they begin with."""
    texts = []
    for number, prompt in enumerate(prompts):
        rows = [prompt] * ROWS
        seeds = [number * ROWS + row for row in range(ROWS)]
        async with aclosing(decoder.decode((Span(prompt),), seeds, SAMPLING, Halt())) as chunks:
            async for chunk in chunks:
                rows[chunk.row] += chunk.text
        texts += rows
    return texts


def writing(decoder: LstmDecoder | TransformersDecoder, corpus: Corpus, runs: judging.Runs) -> dict[str, float]:
    """Return what can be counted on what ``decoder`` writes."""
    prompts = ["".join(split(text)[:3]) for text in corpus.scored[:PROMPTS]]
    texts = asyncio.run(written(decoder, prompts))
    decoder.close()
    return {
        "words": sum(len(text.split()) for text in texts),
        "distinct-2": judging.distinct_grams(equally_long(texts), 2),
        "repeated 4-grams": round(mean(judging.repeated_grams(text, 4) for text in texts), 4),
        "copied ≥ 8 words": judging.share(map(runs.copied, texts)),
        "ends": judging.share(map(judging.finished, texts)),
    }


def equally_long(texts: Iterable[str]) -> Iterator[str]:
    """Yield as many of the texts as have ``WORDS`` words together, the last one cut: distinct-2 falls with length."""
    room = WORDS
    for text in texts:
        words = text.split()[:room]
        room -= len(words)
        yield " ".join(words)


def compare(corpus: Corpus, seconds: float, folder: Path) -> list[dict[str, Any]]:
    """Return a row of the table for each that learnt ``corpus``."""
    lstm = Lstm(corpus)
    makers: list[Callable[[], Rival]] = [partial(fresh, corpus, lstm.weights, folder), partial(embedded, corpus)]
    rivals: list[Rival] = [lstm, *(make() for make in makers)]
    untouched = rivals[-1].bits_per_byte(corpus.scored)
    race(rivals, lambda rival: rival.seconds / seconds)
    least = min(rival.read for rival in rivals)
    makers.insert(0, partial(Lstm, corpus))
    again = [rival if rival.read == least else make() for rival, make in zip(rivals, makers, strict=True)]
    race(again, lambda rival: rival.read / least)
    runs = judging.Runs(corpus.texts)
    rows = [
        _row(rival, other, corpus) | writing(rival.decoder(), corpus, runs)
        for rival, other in zip(rivals, again, strict=True)
    ]
    rows.append(
        {"model": "embedded writer, as it is", "weights": rivals[-1].weights, "at equal time": round(untouched, 3)}
    )
    spelling = lstm.spelling(corpus.scored)
    lstm.learner.network.register_module("out", Uniform(lstm.learner.network.out, SAMPLING.top_k))
    rows[0]["of it spelling"] = round(spelling, 3)
    return [*rows, {"model": f"{lstm.name}, uniform top-k"} | writing(lstm.decoder(), corpus, runs)]


def _row(rival: Rival, equal_data: Rival, corpus: Corpus) -> dict[str, Any]:
    return {
        "model": rival.name,
        "weights": rival.weights,
        "tokens/s": round(rival.tokens / rival.seconds),
        "bytes/s": round(rival.read / rival.seconds),
        "at equal time": round(rival.bits_per_byte(corpus.scored), 3),
        "epochs": round(rival.read / corpus.bytes, 2),
        "at equal data": round(equal_data.bits_per_byte(corpus.scored), 3),
        "seconds for it": round(equal_data.seconds),
    }


def table(rows: Sequence[dict[str, Any]]) -> str:
    """Return the rows as Markdown."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    lines = [names, ["---"] * len(names), *([str(row.get(name, "")) for name in names] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main() -> None:
    """Print the tables, write the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--seconds", type=float, default=150, help="for each model, on all corpora together")
    parser.add_argument("--least", type=int, default=500, help="texts a corpus must have")
    parser.add_argument("--to", type=Path, default=RESULT, help="where the figures go, as JSON")
    options = parser.parse_args()
    torch.set_num_threads(1)
    hf_logging.disable_progress_bar()  # type: ignore[no-untyped-call]  # a log has no use for it
    found = list(corpora(options.data, options.least))
    result: dict[str, Any] = {"date": datetime.now(UTC).date().isoformat(), "machine": platform.machine()}
    result |= {"threads": 1, "seconds": options.seconds / max(1, len(found))}
    for corpus in found:
        with TemporaryDirectory() as folder:
            rows = compare(corpus, result["seconds"], Path(folder))
        facts = {"texts": len(corpus.texts), "bytes": corpus.bytes, "held out and scored": len(corpus.scored)}
        result[corpus.name] = facts | {"models": rows}
        print(f"\n{corpus.name}: {facts}, {result['seconds']:g} s a model\n\n{table(rows)}")
    options.to.parent.mkdir(exist_ok=True)
    options.to.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
