"""Themes against KeyBERT: `OMP_NUM_THREADS=1 python benchmarks/training/themes.py --data FOLDER [--documents N]`.

``FOLDER`` has the streaming catalogues as published. The baseline is KeyBERT called one summary at a time in fp32; its
phrases are what every other way must find. In each round every way goes through all summaries from nothing, one after
the other, so that whatever else the machine does hits all of them; the seconds are medians of the rounds. Last, our
default goes through many more summaries, as in a real preparation, where most phrases were met before.
"""

import argparse
import json
import platform
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from random import Random
from statistics import median
from time import perf_counter
from typing import Any, Final

import torch
from keybert import KeyBERT
from sentence_transformers import SentenceTransformer
from sklearn.feature_extraction.text import CountVectorizer

from training.cleaning import show_of
from training.embedding import MiniLM
from training.keyphrases import Extractor, Ranking
from training.sources import streaming
from training.themes import PHRASES, candidates, weights

RESULT: Final = Path(__file__).parents[1] / "results" / "training-themes.json"
BASELINE: Final = "KeyBERT, one call a summary"
Phrases = list[list[str]]
Way = Callable[[Sequence[str]], Phrases]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What is looked for: phrases of ``words`` words, by maximal marginal relevance where there is a diversity."""

    rule: str
    words: tuple[int, int]
    diversity: float | None

    def __str__(self) -> str:
        chosen = f"MMR {self.diversity}" if self.diversity is not None else "the nearest"
        return f"{self.rule}, {self.words[0]}-{self.words[1]} words, {chosen}"

    def vectorizer(self) -> Any:  # noqa: ANN401 -- sklearn has no types
        """Return a fresh vectorizer, for KeyBERT and for us the same."""
        if self.rule == _THEIRS:
            return CountVectorizer(ngram_range=self.words, stop_words="english")
        return CountVectorizer(analyzer=partial(candidates, words=self.words))


_THEIRS: Final = "KeyBERT's candidates"
_OURS: Final = "words in lower case"
CASES: Final = (
    Case(rule=_OURS, words=(1, 2), diversity=None),  # what `greenlit train prepare` looks for
    Case(rule=_OURS, words=(1, 1), diversity=None),
    Case(rule=_OURS, words=(1, 2), diversity=0.5),
    Case(rule=_THEIRS, words=(1, 1), diversity=None),
    Case(rule=_THEIRS, words=(1, 2), diversity=0.5),
)


def keybert(model: KeyBERT, case: Case, texts: Sequence[str]) -> Phrases:
    """Return KeyBERT's phrases for all ``texts`` by a single call."""
    found = model.extract_keywords(
        list(texts),
        vectorizer=case.vectorizer(),
        top_n=PHRASES,
        use_mmr=case.diversity is not None,
        diversity=case.diversity or 0.0,
    )
    rows = [found] if len(texts) == 1 else found  # KeyBERT flattens a list of one
    return [[phrase for phrase, _ in row] for row in rows]


def one_by_one(model: KeyBERT, case: Case, texts: Sequence[str]) -> Phrases:
    """Return KeyBERT's phrases by a call a text; none for one without candidates, which scikit-learn refuses."""
    found = []
    for text in texts:
        try:
            found += keybert(model, case, [text])
        except ValueError:
            found.append([])
    return found


def ways(model: KeyBERT, mini: MiniLM, case: Case) -> dict[str, Callable[[], Way]]:
    """Return how to make every way from nothing."""
    ours = partial(
        Extractor,
        analyse=case.vectorizer().build_analyzer(),
        ranking=Ranking(phrases=PHRASES, diversity=case.diversity),
    )
    return {
        BASELINE: lambda: partial(one_by_one, model, case),
        "KeyBERT, one call for all": lambda: partial(keybert, model, case),
        "ours, fp32": lambda: ours(embed=mini.exact),
        "ours, bf16": lambda: ours(embed=mini.rough),
        "ours, bf16 settled in fp32 (auto)": lambda: ours(embed=mini.rough, settle=mini.exact),
    }


def measure(made: dict[str, Callable[[], Way]], texts: Sequence[str], rounds: int) -> Iterator[dict[str, object]]:
    """Yield a row a way: summaries a second, ratio to the baseline, share of summaries with its very phrases."""
    seconds: dict[str, list[float]] = {name: [] for name in made}
    found: dict[str, Phrases] = {}
    for _ in range(rounds):
        for name, make in made.items():
            way, start = make(), perf_counter()
            found[name] = way(texts)
            seconds[name].append(perf_counter() - start)
    for name, taken in seconds.items():
        same = sum(mine == theirs for mine, theirs in zip(found[name], found[BASELINE], strict=True))
        yield {
            "way": name,
            "summaries a second": round(len(texts) / median(taken), 1),
            "times the baseline": round(median(seconds[BASELINE]) / median(taken), 2),
            "same phrases": round(same / len(texts), 4),
            "seconds": [round(second, 2) for second in taken],
        }


def at_length(way: Way, texts: Sequence[str], baseline: float) -> dict[str, object]:
    """Return the same figures for ``texts`` in chunks, against the ``baseline``'s summaries a second."""
    start = perf_counter()
    for begin in range(0, len(texts), 1024):
        way(texts[begin : begin + 1024])
    rate = len(texts) / (perf_counter() - start)
    return {
        "summaries": len(texts),
        "summaries a second": round(rate, 1),
        "times the baseline": round(rate / baseline, 2),
    }


def main() -> None:
    """Print the table, write the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--documents", type=int, default=500)
    parser.add_argument("--many", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    torch.set_num_threads(1)
    texts = sorted({show.summary for show in map(show_of, streaming.read(options.data)) if show})
    Random(0).shuffle(texts)  # noqa: S311 -- no secret
    model = KeyBERT(SentenceTransformer(str(weights()), device="cpu"))
    mini = MiniLM(weights(), device="cpu")
    result = about(mini) | {"summaries": len(texts[: options.documents])}
    for case in CASES:
        result[str(case)] = judged(ways(model, mini, case), texts, options)
        RESULT.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", "utf-8")
        print(case, *map(line, result[str(case)]), sep="\n")


def judged(made: dict[str, Callable[[], Way]], texts: Sequence[str], options: argparse.Namespace) -> list[Any]:
    """Return the rows of one case, the long runs of ours last."""
    first = texts[: options.documents]
    for make in made.values():
        make()(first[:8])  # what is slow only once
    rows = list(measure(made, first, options.rounds))
    for name in list(made)[3:] if options.many else ():
        long = at_length(made[name](), texts[: options.many], float(str(rows[0]["summaries a second"])))
        rows.append({"way": f"{name}, many", **long})
    return rows


def line(row: dict[str, Any]) -> str:
    """Return a row of the table as printed."""
    same = f"{row['same phrases']:8.2%}" if "same phrases" in row else ""
    return f"  {row['way']:42}{row['summaries a second']:8.1f}/s{row['times the baseline']:8.2f}x{same}"


def about(mini: MiniLM) -> dict[str, Any]:
    """Return what the figures depend on."""
    packages = ("keybert", "sentence-transformers", "transformers", "torch", "scikit-learn")
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": f"{platform.machine()}, Python {platform.python_version()}",
        "processor": f"{torch.cpu.get_capabilities().get('cpu_name')}, bf16: {mini.fast_bf16}",
        "cores used": 1,
        "versions": {name: version(name) for name in packages},
    }


if __name__ == "__main__":
    main()
