"""Any causal language model of Hugging Face as a decoder: rows of one prompt, side by side, in a thread of its own."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Self

import torch
from torch import Tensor
from transformers import AutoTokenizer, DynamicCache, PreTrainedModel, PreTrainedTokenizerBase

from model import checkpoint
from model.decoder import Chunk, Halt, Sampling
from model.engines import NotFiniteError, PromptTooLongError
from model.engines.constraint import Held, Vocabulary
from model.engines.drawing import Dice, draw
from model.engines.loading import Quantize, load_model, require_there, unusable
from model.engines.repetition import Runs, ban, beginnings
from model.engines.spelling import Spelling, control_ids, encode
from model.tasks import Prompt, Span

_UNKNOWN_CONTEXT: Final = 1024
_BROKEN_PIECES: Final = 64  # looked at besides, where pieces of a character are among the likeliest


class TransformersDecoder:
    """A decoder over one loaded model; make it with :meth:`load`, end it with :meth:`close`."""

    def __init__(
        self,
        model: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        *,
        name: str,
        threads: int | None = None,
    ) -> None:
        self._model = model.eval()  # type: ignore[no-untyped-call]
        self._tokenizer = tokenizer
        self._name = name
        self._ends = _end_ids(model, tokenizer)
        self._banned = _banned(model, tokenizer, self._ends)
        self._window = _Window(self.context, encode(tokenizer, ()))
        self._vocabulary = Vocabulary.of(tokenizer, self._ends, len(self._banned))
        self._begins = beginnings(tokenizer, len(self._banned))
        self._threads = threads
        self._thread = ThreadPoolExecutor(1, "decoder", initializer=self._set_threads)

    @classmethod
    def load(
        cls,
        model: str | Path,
        *,
        adapter: Path | None = None,
        quantize: Quantize = "none",
        device: str | None = None,
        threads: int | None = None,
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
        return cls(weights, tokenizer, name=name, threads=threads)

    @property
    def name(self) -> str:
        """The checkpoint, and the adapter after a ``+``."""
        return self._name

    @property
    def weights(self) -> PreTrainedModel:
        """The loaded model, in evaluation mode."""
        model: PreTrainedModel = self._model
        return model

    @property
    def tokenizer(self) -> PreTrainedTokenizerBase:
        """Its tokenizer."""
        return self._tokenizer

    @property
    def context(self) -> int:
        """How many tokens the model sees at once."""
        return int(getattr(self._model.config, "max_position_embeddings", _UNKNOWN_CONTEXT))

    async def decode(
        self, prompt: Prompt, seeds: Sequence[int], sampling: Sampling, halt: Halt, /
    ) -> AsyncGenerator[Chunk]:
        """Write one row a seed; see :class:`model.decoder.Decoder`. The event loop stays free.

        Raises:
            PromptTooLongError: the prompt leaves no room to write, and the window does not slide.
            NotFiniteError: the model's scores are not numbers.
        """
        loop = asyncio.get_running_loop()
        ids = self._read(prompt, whole=not sampling.slide)
        room = sampling.max_tokens if sampling.slide else min(sampling.max_tokens, self.context - len(ids))
        if not seeds:
            return
        rows = await loop.run_in_executor(self._thread, self._begin, ids, seeds, sampling, room)
        while True:
            chunks = await loop.run_in_executor(self._thread, rows.step)
            for chunk in chunks:
                yield chunk
            rows.leave({chunk.row for chunk in chunks if chunk.end} | halt.rows)
            if not rows.left:
                return

    async def likely_next(self, text: str, count: int) -> list[tuple[str, float]]:
        """Return the ``count`` likeliest next tokens after ``text``, with their probabilities, best first.

        The end of the text is the empty string; pieces of a character are left out.

        Raises:
            NotFiniteError: the model's scores are not numbers.
        """
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._likely_next, text, count)

    @torch.inference_mode()
    def _likely_next(self, text: str, count: int) -> list[tuple[str, float]]:
        ids = self._read((Span(text, foreign=True),), whole=False)
        output = self._model(input_ids=torch.tensor([ids], device=self._model.device), logits_to_keep=1)
        likely = torch.softmax(output.logits[0, -1].float() + self._banned, dim=-1)
        if bool(likely.isnan().any()):
            raise NotFiniteError
        best = likely.topk(min(count + _BROKEN_PIECES, len(likely)))
        found = [
            ("" if token in self._ends else Spelling(self._tokenizer, ids).add(token), chance, token)
            for token, chance in zip(best.indices.tolist(), best.values.tolist(), strict=True)
        ]
        return [(piece, chance) for piece, chance, token in found if piece or token in self._ends][:count]

    def _read(self, prompt: Prompt, *, whole: bool) -> list[int]:
        """Return the ids of ``prompt`` or, if that need not be ``whole``, of so much of its end that there is room."""
        ids = encode(self._tokenizer, prompt) or [min(self._ends, default=0)]  # in training a text follows an end
        if whole and len(ids) >= self.context:
            raise PromptTooLongError(len(ids), self.context - 1)
        return ids if len(ids) < self.context else self._window.recent(ids)

    def close(self) -> None:
        """End the thread; what it is doing is finished first."""
        self._thread.shutdown()

    def _set_threads(self) -> None:
        if self._threads is not None:
            torch.set_num_threads(self._threads)  # counts for the thread that says it

    def _begin(self, ids: list[int], seeds: Sequence[int], sampling: Sampling, room: int) -> "_Rows":
        return _Rows(
            self._model,
            self._tokenizer,
            ids,
            seeds,
            _Rules(sampling, room, self._window, self._ends, self._banned, self._vocabulary, self._begins),
        )


@dataclass(frozen=True, slots=True)
class _Window:
    context: int  # tokens the model sees at once
    beginning: list[int]  # what every text begins with

    def recent(self, ids: list[int]) -> list[int]:
        """Return what is read of a text that fills the context: its last half."""
        return [*self.beginning, *ids[-max(1, self.context // 2) :]]


@dataclass(frozen=True, slots=True)
class _Rules:
    sampling: Sampling
    room: int  # tokens a row may have
    window: _Window
    ends: frozenset[int]
    banned: Tensor  # what is added to the scores: 0, or minus infinity
    vocabulary: Vocabulary | None  # for grammars
    begins: frozenset[int]  # tokens that begin a plain word

    def held(self) -> Held | None:
        """Return what holds a row to the grammar."""
        grammar = self.sampling.grammar
        return Held(self.vocabulary, grammar) if self.vocabulary and grammar else None


class _Rows:
    """Everything one call of ``decode`` holds; used by the decoder's thread only, but for :meth:`leave`."""

    def __init__(
        self,
        model: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        ids: list[int],
        seeds: Sequence[int],
        rules: _Rules,
    ) -> None:
        self._model = model
        self._rules = rules
        self._dice = Dice(seeds, rules.room)
        self._spellings = [Spelling(tokenizer, ids) for _ in seeds]
        self._step = 0
        self.left = list(range(len(seeds)))
        self._inside = list(self.left)  # the rows that stand in the cache, in its order
        self._cache = DynamicCache(config=model.config)
        self._last: Tensor | None = None
        self._ids = ids
        self._written: list[list[int]] = [[] for _ in seeds]
        self._held = [rules.held() for _ in seeds]
        self._runs = [Runs(rules.sampling.no_repeat, rules.begins) for _ in seeds]

    def leave(self, rows: set[int]) -> None:
        """Stop writing ``rows``; the next step computes without them."""
        self.left = [row for row in self.left if row not in rows]

    @torch.inference_mode()
    def step(self) -> list[Chunk]:
        """Compute one token for every row that is left, and return its text."""
        scores = self._scores()
        chance = self._dice.throw(self.left, self._step)
        tokens = draw(self._ruled(scores + self._rules.banned), chance, self._rules.sampling)
        likely = scores.float().log_softmax(dim=-1).gather(-1, tokens[:, None]).squeeze(-1).tolist()
        self._last, self._step = tokens.unsqueeze(-1), self._step + 1
        drawn = zip(self.left, tokens.tolist(), likely, strict=True)
        return [replace(self._chunk(row, token), likely=chance) for row, token, chance in drawn]

    def _ruled(self, scores: Tensor) -> Tensor:
        held = [one for row in self.left if (one := self._held[row])]
        if self._rules.vocabulary and held:
            scores = scores.masked_fill(~self._rules.vocabulary.mask(held).to(scores.device), -torch.inf)
        if self._rules.sampling.no_repeat:
            scores = ban(scores, [self._runs[row] for row in self.left])
        return scores

    def _scores(self) -> Tensor:
        if self._cache.get_seq_length() == self._rules.window.context:  # all rows are equally long
            return self._slide()
        if self._last is None:
            scores = self._forward(torch.tensor([self._ids], device=self._model.device))
            self._cache.batch_repeat_interleave(len(self.left))
            return scores.expand(len(self.left), -1)
        if self._inside != self.left:
            keep = torch.tensor([self._inside.index(row) for row in self.left], device=self._model.device)
            self._cache.batch_select_indices(keep)
            self._last, self._inside = self._last[keep], list(self.left)
        return self._forward(self._last)

    def _slide(self) -> Tensor:
        """Read the last half of every row anew, as the beginning of what the model sees."""
        rows = [self._rules.window.recent(self._ids + self._written[row]) for row in self.left]
        self._cache, self._inside = DynamicCache(config=self._model.config), list(self.left)
        return self._forward(torch.tensor(rows, device=self._model.device))

    def _forward(self, ids: Tensor) -> Tensor:
        output = self._model(input_ids=ids, past_key_values=self._cache, use_cache=True, logits_to_keep=1)
        scores: Tensor = output.logits[:, -1]
        return scores

    def _chunk(self, row: int, token: int) -> Chunk:
        spelling = self._spellings[row]
        self._written[row].append(token)
        if token in self._rules.ends:
            return Chunk(row, spelling.rest(), 1, "stop")
        text = spelling.add(token)
        if self._rules.sampling.no_repeat:
            self._runs[row].add(token, text)
        if (held := self._held[row]) is not None:
            held.add(token, text)
        if self._step == self._rules.room:
            return Chunk(row, text or spelling.rest(), 1, "length")
        return Chunk(row, text, 1)


def _is_folder(model: str | Path) -> bool:
    return Path(model).is_dir() or Path(model).is_absolute() or str(model).startswith((".", "~"))


def _end_ids(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> frozenset[int]:
    settings = (getattr(model, "generation_config", None), model.config)
    for end in (*(getattr(setting, "eos_token_id", None) for setting in settings), tokenizer.eos_token_id):
        if end is not None:
            return frozenset([end] if isinstance(end, int) else end)
    return frozenset()


def _banned(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, ends: frozenset[int]) -> Tensor:
    size: int = model.config.get_text_config().vocab_size
    never = [number for number in control_ids(tokenizer) - ends if number < size]
    scores = torch.zeros(size, device=model.device)
    scores[never] = -torch.inf
    scores[len(tokenizer) :] = -torch.inf  # rows that only fill the matrix up
    return scores
