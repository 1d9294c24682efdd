"""CTranslate2 with weights in int8: static batches, tokens streamed by its callback."""

import json
from collections.abc import Sequence
from typing import Any

import ctranslate2

from benchmarks.worker.folders import CTRANSLATE2
from benchmarks.worker.rivals.batches import Batches, Told
from benchmarks.worker.rivals.serving import Place, Request, serve


class Generate:
    """One loaded model, and the names of its tokens."""

    def __init__(self, where: Place) -> None:
        folder = where.folder / CTRANSLATE2
        self._generator = ctranslate2.Generator(str(folder), compute_type="int8", intra_threads=where.threads)
        self._names: list[str] = json.loads((folder / "vocabulary.json").read_text("utf-8"))

    def write(self, batch: Sequence[Request], told: Told) -> None:
        """Write all of them; they are equally long."""
        asked = batch[0]

        def step(one: Any) -> bool:  # noqa: ANN401 - untyped
            told(one.batch_id, one.token_id)
            return False

        self._generator.generate_batch(
            [[self._names[token] for token in request.ids] for request in batch],
            include_prompt_in_result=False,
            min_length=asked.max_tokens,
            max_length=asked.max_tokens,
            sampling_topk=0,
            sampling_topp=asked.top_p,
            sampling_temperature=asked.temperature,
            callback=step,
        )


def load(where: Place) -> Batches:
    """Return the engine."""
    return Batches(Generate(where).write)


if __name__ == "__main__":
    serve(__doc__, load)
