"""Sentence vectors of all-MiniLM-L6-v2, the same as sentence-transformers' own, in batches with hardly any padding."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch.nn.functional import normalize
from transformers import BertModel

Vectors = NDArray[np.float32]
WIDTH: Final = 384
_FULL: Final = 0.9  # of a batch at least is text, the rest padding
_LONGEST: Final = 256  # tokens; sentence-transformers cuts this model's input there
_BUDGET: Final = {"cpu": 2048, "cuda": 65_536}  # tokens a batch


class MiniLM:
    """The model in ``folder`` (``model.safetensors``, ``tokenizer.json``), on CUDA where there is one.

    It works in one thread unless told otherwise: on a busy machine a second one waits more than it works.
    """

    def __init__(self, folder: Path, *, device: str | None = None, threads: int = 1) -> None:
        self._device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        # Phrases of three tokens are what there is most of, and plain matrix products are the fastest attention there.
        model = BertModel.from_pretrained(
            folder, dtype=torch.float32, local_files_only=True, attn_implementation="eager"
        )
        self._model: Any = model.eval().to(self._device)  # type: ignore[no-untyped-call]
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(_LONGEST)
        self._threads = threads

    @property
    def fast_bf16(self) -> bool:
        """Whether :meth:`rough` is worth its rounding: a processor with instructions for bf16 (a GPU needs no help)."""
        able = torch.cpu.get_capabilities()
        return self._device.type == "cpu" and bool(able.get("avx512_bf16") or able.get("amx_bf16"))

    def exact(self, texts: Sequence[str]) -> Vectors:
        """Return a unit vector a text in fp32, as rows (n, 384) in the order of ``texts``."""
        return self._embed(texts)

    def rough(self, texts: Sequence[str]) -> Vectors:
        """Return the same with matrices multiplied in bf16: cosines are off by 0.0005 in the mean, by 0.005 at most."""
        with torch.autocast(self._device.type, torch.bfloat16):
            return self._embed(texts)

    def _embed(self, texts: Sequence[str]) -> Vectors:
        readable = [text.encode("utf-8", "replace").decode() for text in texts]  # lone surrogates are no text
        rows = [encoding.ids for encoding in self._tokenizer.encode_batch(readable)]
        vectors = np.empty((len(rows), WIDTH), np.float32)
        with _threads(self._threads), torch.inference_mode():
            for places in batches([len(row) for row in rows], _BUDGET[self._device.type]):
                vectors[places] = self._pooled([rows[place] for place in places])
        return vectors

    def _pooled(self, rows: list[list[int]]) -> Vectors:
        longest = len(rows[-1])
        ids = torch.tensor([row + [0] * (longest - len(row)) for row in rows], device=self._device)
        here = None
        if len(rows[0]) < longest:
            lengths = torch.tensor([len(row) for row in rows], device=self._device)
            here = (torch.arange(longest, device=self._device) < lengths[:, None]).float()
        hidden = self._model(input_ids=ids, attention_mask=here).last_hidden_state.float()
        mean = hidden.mean(dim=1) if here is None else (hidden * here[..., None]).sum(dim=1) / here.sum(dim=1)[:, None]
        pooled: Vectors = normalize(mean, dim=1).cpu().numpy()
        return pooled


def batches(lengths: Sequence[int], budget: int) -> Iterator[list[int]]:
    """Yield the places of rows of about one length, the shortest first, at most ``budget`` tokens or a row at a time.

    The shortest row of a batch lacks at most a tenth of the longest: short phrases are not padded at all.
    """
    batch: list[int] = []
    for place in sorted(range(len(lengths)), key=lengths.__getitem__):
        length = lengths[place]
        if batch and ((len(batch) + 1) * length > budget or length * _FULL > lengths[batch[0]]):
            yield batch
            batch = []
        batch.append(place)
    if batch:
        yield batch


@contextmanager
def _threads(count: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
