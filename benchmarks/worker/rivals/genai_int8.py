"""onnxruntime-genai with weights in int8: static batches. Its engine with continuous batching needs a GPU."""

import json
from collections.abc import Sequence
from typing import Final

import numpy as np
import onnxruntime_genai

from benchmarks.worker.folders import GENAI
from benchmarks.worker.rivals.batches import Batches, Told
from benchmarks.worker.rivals.serving import Place, Request, serve

MOST: Final = 32  # rows of a batch: it takes no more


class Generate:
    """One loaded model."""

    def __init__(self, where: Place) -> None:
        config = onnxruntime_genai.Config(str(where.folder / GENAI))
        threads = {"intra_op_num_threads": where.threads, "inter_op_num_threads": 1}
        config.overlay(json.dumps({"model": {"decoder": {"session_options": threads}}}))
        self._model = onnxruntime_genai.Model(config)

    def write(self, batch: Sequence[Request], told: Told) -> None:
        """Write all of them; they are equally long."""
        asked = batch[0]
        length = len(asked.ids) + asked.max_tokens
        search = onnxruntime_genai.GeneratorParams(self._model)
        search.set_search_options(
            do_sample=True,
            temperature=asked.temperature,
            top_p=asked.top_p,
            top_k=0,
            random_seed=asked.seed,
            min_length=length,
            max_length=length,
            batch_size=len(batch),
        )
        writing = onnxruntime_genai.Generator(self._model, search)
        writing.append_tokens(np.array([request.ids for request in batch], dtype=np.int32))
        while not writing.is_done():
            writing.generate_next_token()
            for row, token in enumerate(writing.get_next_tokens()):
                told(row, int(token))


def load(where: Place) -> Batches:
    """Return the engine."""
    return Batches(Generate(where).write, most=MOST)


if __name__ == "__main__":
    serve(__doc__, load)
