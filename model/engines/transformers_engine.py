"""Causal language models of Hugging Face as a decoder: everybody's rows side by side in one loop."""

import asyncio
import copy
import sys
import traceback
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any, Final, Self, TypeVar

import torch
from torch import Tensor
from transformers import AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase

from model import checkpoint
from model.decoder import Chunk, Halt, Sampling
from model.engines import AdapterMissingError, NotFiniteError, PromptTooLongError
from model.engines.loading import Quantize, load_model, require_there, unusable
from model.engines.loop import Loop
from model.engines.precision import Fit, fitting, threads_for
from model.engines.rows import Call, Language
from model.engines.runner import Runner
from model.engines.spelling import Spelling
from model.tasks import Prompt, Span

ROWS: Final = 128  # written side by side at most
_BROKEN_PIECES: Final = 64  # looked at besides, where pieces of a character are among the likeliest
_WARM: Final = (Span("a", foreign=True),)
R = TypeVar("R")
S = TypeVar("S")


class TransformersDecoder:
    """A decoder over one loaded model; make it with :meth:`load`, end it with :meth:`close`."""

    def __init__(
        self,
        model: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        *,
        name: str,
        threads: int | None = None,
        fit: Fit | None = None,
        folder: Path | None = None,
    ) -> None:
        """Write with ``model``, in fp32 on a CPU if ``fit`` (precision and memory) does not say otherwise.

        ``folder`` is where it lies, if that is known: adapters are compared with it. Without ``threads`` there are as
        many as are fast here.
        """
        self._weights: PreTrainedModel | None = model.eval()  # type: ignore[no-untyped-call]
        self._name = name
        self._folder = folder
        self._adapter: str | None = None
        self._worn: set[str] = set()  # adapters that are loaded
        ends, size = _end_ids(model, tokenizer), model.config.get_text_config().vocab_size
        self._language = Language.of(tokenizer, ends, size, model.device)
        self._runner = fitting(model, fit or Fit())
        self._loop: Loop[Any, Any] = Loop(
            self._runner, self._language, threads=threads_for(model) if threads is None else threads
        )

    @classmethod
    def load(
        cls,
        model: str | Path,
        *,
        adapter: Path | None = None,
        quantize: Quantize = "none",
        device: str | None = None,
        threads: int | None = None,
        fit: Fit | None = None,
    ) -> Self:
        """Load a folder, or a model of the Hub by its name, and lay ``adapter`` (LoRA) over it; blocks.

        bf16 on CUDA, fp32 on a CPU; see :mod:`model.engines.loading`.

        Raises:
            BrokenCheckpointError: a folder is not whole, no model, or an adapter of others; a name leads nowhere.
            FormatMismatchError: the checkpoint is not for this program.
            QuantizationUnavailableError: there is no CUDA device or no bitsandbytes.
        """
        name = checkpoint.verify(Path(model)).name if _is_folder(model) else str(model)
        if adapter is not None:
            manifest = checkpoint.verify(adapter)
            if _is_folder(model):
                checkpoint.require_base(manifest, Path(model))
            name = f"{name}+{manifest.name}"
        require_there(model)
        with unusable(Path(model)):
            tokenizer = AutoTokenizer.from_pretrained(model, trust_remote_code=False)
        weights = load_model(model, adapter=adapter, quantize=quantize, device=device)
        folder = Path(model) if _is_folder(model) else None
        return cls(weights, tokenizer, name=name, threads=threads, fit=fit, folder=folder)

    @property
    def name(self) -> str:
        """The checkpoint, and the adapter after a ``+``."""
        return self._name if self._adapter is None else f"{self._name}+{self._adapter}"

    @property
    def weights(self) -> PreTrainedModel:
        """The model as it was loaded, in evaluation mode; not after :meth:`lighten`."""
        assert self._weights is not None  # noqa: S101 -- nobody who lightens it asks
        return self._weights

    @property
    def tokenizer(self) -> PreTrainedTokenizerBase:
        """Its tokenizer."""
        return self._language.tokenizer

    @property
    def runner(self) -> Runner[Any, Any]:
        """What computes; only the loop's thread may use it."""
        return self._runner

    @property
    def context(self) -> int:
        """How many tokens the model sees at once."""
        return self._runner.context

    @property
    def busy(self) -> bool:
        """Whether anything is being written."""
        return self._loop.busy

    @property
    def last_step(self) -> float:
        """When the loop last came round (``time.monotonic``)."""
        return self._loop.last_step

    @property
    def rows(self) -> int:
        """How many rows are being written."""
        return self._loop.rows

    @property
    def computed(self) -> int:
        """Tokens written since the start."""
        return self._loop.computed

    def stack(self) -> str:
        """Return where the thread that computes stands."""
        frame = sys._current_frames().get(self._loop.thread.ident or 0)  # noqa: SLF001 - documented, not public
        return "".join(traceback.format_stack(frame)) if frame else "the thread has ended"

    async def decode(
        self, prompt: Prompt, seeds: Sequence[int], sampling: Sampling, halt: Halt, /
    ) -> AsyncGenerator[Chunk]:
        """Write one row a seed; see :class:`model.decoder.Decoder`. The event loop stays free.

        Raises:
            PromptTooLongError: the prompt leaves no room to write, and the window does not slide.
            NotFiniteError: the model's scores are not numbers.
            NoRoomError: the memory does not suffice.
            EngineUnavailableError: the decoder was closed.
        """
        ids = self._read(prompt, whole=not sampling.slide)
        async with aclosing(self.write(ids, seeds, sampling, halt)) as chunks:
            async for chunk in chunks:
                yield chunk

    async def write(
        self, ids: Sequence[int], seeds: Sequence[int], sampling: Sampling, halt: Halt
    ) -> AsyncGenerator[Chunk]:
        """Write one row a seed behind the tokens ``ids``, of which there must be fewer than ``context``.

        Raises:
            EngineError: see :meth:`decode`.
        """
        room = sampling.max_tokens if sampling.slide else min(sampling.max_tokens, self.context - len(ids))
        call = Call(ids=ids, seeds=seeds, sampling=sampling, room=room, halt=halt, adapter=self._adapter)
        async with aclosing(self._loop.write(call)) as chunks:
            async for chunk in chunks:
                yield chunk

    def wearing(self, adapter: str | None) -> "TransformersDecoder":
        """Return this decoder as it writes with a loaded adapter, or with none.

        Raises:
            AdapterMissingError: there is none of that name.
        """
        if adapter is not None and adapter not in self._worn:
            raise AdapterMissingError(adapter)
        worn = copy.copy(self)
        worn._adapter = adapter  # noqa: SLF001 - our own
        return worn

    async def load_adapter(self, folder: Path) -> str:
        """Load the LoRA in ``folder`` beside the others and return its name; what is being written goes on.

        Raises:
            BrokenCheckpointError: it is not whole, or made for another model.
            FormatMismatchError: it is not for this program.
        """
        manifest = await asyncio.to_thread(checkpoint.verify, folder)
        if self._folder is not None:
            await asyncio.to_thread(checkpoint.require_base, manifest, self._folder)
        prepared = await asyncio.to_thread(self._runner.prepare, folder)
        await self._loop.ask(lambda: self._runner.hang(manifest.name, prepared))
        self._worn.add(manifest.name)
        return manifest.name

    async def drop_adapter(self, name: str) -> None:
        """Forget an adapter; call it when nobody writes with it any more."""
        self._worn.discard(name)
        await self._loop.ask(lambda: self._runner.drop(name))

    def lighten(self) -> None:
        """Let go of the weights as they were loaded, where others are written with."""
        self._weights = None

    async def warm(self) -> None:
        """Write two tokens, so that the first who asks does not wait for what is made at first use."""
        async for _ in self.decode(_WARM, (0,), Sampling(max_tokens=2), Halt()):
            pass

    async def likely_next(self, text: str, count: int) -> list[tuple[str, float]]:
        """Return the ``count`` likeliest next tokens after ``text``, with their probabilities, best first.

        The end of the text is the empty string; pieces of a character are left out.

        Raises:
            NotFiniteError: the model's scores are not numbers.
        """
        ids = self._read((Span(text, foreign=True),), whole=False)
        scores = await self._loop.ask(lambda: self._scores(ids))
        likely = torch.softmax(scores + self._language.banned, dim=-1)
        if bool(likely.isnan().any()):
            raise NotFiniteError
        best = likely.topk(min(count + _BROKEN_PIECES, len(likely)))
        ends = self._language.ends
        found = [
            ("" if token in ends else Spelling(self.tokenizer, ids).add(token), chance, token)
            for token, chance in zip(best.indices.tolist(), best.values.tolist(), strict=True)
        ]
        return [(piece, chance) for piece, chance, token in found if piece or token in ends][:count]

    def _scores(self, ids: Sequence[int]) -> Tensor:
        reading = self._runner.begin(ids, self._adapter)
        while reading.scores is None:
            self._runner.read(reading)
        scores: Tensor = reading.scores.clone()
        return scores

    def _read(self, prompt: Prompt, *, whole: bool) -> list[int]:
        """Return the ids of ``prompt`` or, if that need not be ``whole``, of so much of its end that there is room."""
        ids = self._language.encode(prompt)
        if whole and len(ids) >= self.context:
            raise PromptTooLongError(len(ids), self.context - 1)
        return ids if len(ids) < self.context else self._language.recent(ids, self.context)

    def close(self) -> None:
        """End the thread; whoever is still written for is told."""
        self._loop.close()


def _is_folder(model: str | Path) -> bool:
    return Path(model).is_dir() or Path(model).is_absolute() or str(model).startswith((".", "~"))


def _end_ids(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> frozenset[int]:
    settings = (getattr(model, "generation_config", None), model.config)
    for end in (*(getattr(setting, "eos_token_id", None) for setting in settings), tokenizer.eos_token_id):
        if end is not None:
            return frozenset([end] if isinstance(end, int) else end)
    return frozenset()
