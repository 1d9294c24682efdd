"""The LSTM yardstick as a decoder, so that whatever writes with a transformer writes with it, too."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Self

import torch
from torch import Tensor

from model import checkpoint
from model.decoder import Chunk, Halt, Sampling
from model.engines import NotFiniteError
from model.engines.drawing import Dice, draw
from model.engines.lstm_network import END_ID, UNKNOWN_ID, Network, State, Vocabulary, load, split
from model.tasks import Prompt, text


class LstmDecoder:
    """A decoder over one loaded LSTM; make it with :meth:`load`, end it with :meth:`close`.

    It reads prompts of any length, words it does not know as the unknown one, and never writes that.
    """

    def __init__(self, network: Network, vocabulary: Vocabulary, *, name: str, threads: int | None = None) -> None:
        self._network = network.eval()
        self._vocabulary = vocabulary
        self._name = name
        self._threads = threads
        self._thread = ThreadPoolExecutor(1, "decoder", initializer=self._set_threads)

    @classmethod
    def load(cls, folder: Path, *, device: str | None = None, threads: int | None = None) -> Self:
        """Load the folder that :func:`training.lstm.train` wrote; blocks. On CUDA if there is one.

        Raises:
            BrokenCheckpointError: a file is missing, altered or not what it should be.
            FormatMismatchError: the checkpoint is not for this program.
        """
        name = checkpoint.verify(folder).name
        return cls(*load(folder, device), name=name, threads=threads)

    @property
    def name(self) -> str:
        """The checkpoint."""
        return self._name

    async def decode(
        self, prompt: Prompt, seeds: Sequence[int], sampling: Sampling, halt: Halt, /
    ) -> AsyncGenerator[Chunk]:
        """Write one row a seed; see :class:`model.decoder.Decoder`. The event loop stays free.

        Raises:
            NotFiniteError: the model's scores are not numbers.
        """
        if not seeds:
            return
        loop = asyncio.get_running_loop()
        rows = await loop.run_in_executor(
            self._thread, _Rows, self._network, self._vocabulary, text(prompt), seeds, sampling
        )
        while True:
            chunks = await loop.run_in_executor(self._thread, rows.step)
            for chunk in chunks:
                yield chunk
            rows.leave({chunk.row for chunk in chunks if chunk.end} | halt.rows)
            if not rows.left:
                return

    async def likely_next(self, text: str, count: int) -> list[tuple[str, float]]:
        """Return the ``count`` likeliest next words after ``text`` with their probabilities, best first.

        The end of the text is the empty string.

        Raises:
            NotFiniteError: the model's scores are not numbers.
        """
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._likely_next, text, count)

    @torch.inference_mode()
    def _likely_next(self, beginning: str, count: int) -> list[tuple[str, float]]:
        ids = [END_ID, *self._vocabulary.ids(split(beginning))]
        hidden, _ = self._network(torch.tensor([ids], device=self._network.out.weight.device), None)
        scores = self._network.out(hidden[0, -1]).float()
        scores[UNKNOWN_ID] = -torch.inf
        likely = torch.softmax(scores, dim=-1)
        if bool(likely.isnan().any()):
            raise NotFiniteError
        best = likely.topk(min(count, len(likely) - 1))  # the unknown word is never written
        pairs = zip(best.indices.tolist(), best.values.tolist(), strict=True)
        return [("" if token == END_ID else self._vocabulary.words[token], chance) for token, chance in pairs]

    def close(self) -> None:
        """End the thread; what it is doing is finished first."""
        self._thread.shutdown()

    def _set_threads(self) -> None:
        if self._threads is not None:
            torch.set_num_threads(self._threads)  # counts for the thread that says it


class _Rows:
    """Everything one call of ``decode`` holds; used by the decoder's thread only, but for :meth:`leave`."""

    def __init__(
        self, network: Network, vocabulary: Vocabulary, prompt: str, seeds: Sequence[int], sampling: Sampling
    ) -> None:
        self._network = network
        self._vocabulary = vocabulary
        self._sampling = sampling
        self._dice = Dice(seeds, sampling.max_tokens)
        self._step = 0
        self._ids = [END_ID, *vocabulary.ids(split(prompt))]  # every text of the training follows an end
        self._last: Tensor | None = None
        self._state: State | None = None
        self.left = list(range(len(seeds)))
        self._inside = list(self.left)  # the rows that stand in the state, in its order

    def leave(self, rows: set[int]) -> None:
        """Stop writing ``rows``; the next step computes without them."""
        self.left = [row for row in self.left if row not in rows]

    @torch.inference_mode()
    def step(self) -> list[Chunk]:
        """Compute one token for every row that is left, and return its text."""
        scores = self._scores()
        scores[:, UNKNOWN_ID] = -torch.inf
        tokens = draw(scores, self._dice.throw(self.left, self._step), self._sampling)
        self._last, self._step = tokens.unsqueeze(-1), self._step + 1
        return [self._chunk(row, token) for row, token in zip(self.left, tokens.tolist(), strict=True)]

    def _scores(self) -> Tensor:
        if self._last is None:
            scores = self._forward(torch.tensor([self._ids], device=self._network.out.weight.device))
            assert self._state is not None  # noqa: S101 -- the prompt has left one
            hidden, cell = self._state
            self._state = hidden.repeat(1, len(self.left), 1), cell.repeat(1, len(self.left), 1)
            return scores.repeat(len(self.left), 1)
        if self._inside != self.left:
            self._drop_rows(self._last)
        return self._forward(self._last)

    def _drop_rows(self, last: Tensor) -> None:
        assert self._state is not None  # noqa: S101 -- a step has left one
        keep = torch.tensor([self._inside.index(row) for row in self.left], device=last.device)
        hidden, cell = self._state
        self._state = hidden[:, keep].contiguous(), cell[:, keep].contiguous()
        self._last, self._inside = last[keep], list(self.left)

    def _forward(self, ids: Tensor) -> Tensor:
        hidden, self._state = self._network(ids, self._state)
        scores: Tensor = self._network.out(hidden[:, -1])
        return scores

    def _chunk(self, row: int, token: int) -> Chunk:
        if token == END_ID:
            return Chunk(row, "", 1, "stop")
        word = self._vocabulary.words[token]
        return Chunk(row, word, 1, "length" if self._step == self._sampling.max_tokens else None)
