"""Those that learn in the comparison of an LSTM with transformers, each a batch at a time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from time import monotonic
from typing import Final, Protocol

import numpy as np
import torch
from torch import Tensor, nn
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, LlamaForCausalLM, PreTrainedModel

from model.checkpoint import EMBEDDED
from model.engines.lstm_engine import LstmDecoder
from model.engines.transformers_engine import TransformersDecoder
from training.embedded import tokenizer as bpe
from training.embedded.network import Shape, stock_config
from training.embedded.score import bits_per_byte
from training.lstm_learner import Learner, score
from training.lstm_recipe import LstmRecipe
from training.packing import Document

TURN: Final = 10  # one learns for so many seconds, then the next
BATCH, LENGTH, VOCABULARY, LAYERS = 8, 128, 6144, 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Corpus:
    """Texts to learn; texts of other works that steer the LSTM's rate; and some more, to score."""

    name: str
    texts: list[str]
    steering: list[str]
    scored: list[str]

    @property
    def bytes(self) -> int:
        """Size of what is to be learnt."""
        return sum(len(text.encode()) for text in self.texts)


class Rival(Protocol):
    """Whatever learns a corpus; ``read`` are bytes, ``progress`` is the share of its time or data that is over."""

    name: str
    weights: int
    tokens: int
    read: float
    seconds: float

    def step(self, progress: float) -> None:
        """Learn a batch."""

    def bits_per_byte(self, texts: Sequence[str]) -> float:
        """Score what was learnt."""
        ...

    def decoder(self) -> LstmDecoder | TransformersDecoder:
        """Return what writes with what was learnt."""
        ...


class Lstm:
    """The LSTM as in the original."""

    name = "LSTM 3×512"

    def __init__(self, corpus: Corpus) -> None:
        self._corpus = corpus
        self.learner = Learner(LstmRecipe(), corpus.texts, device="cpu")
        self.weights = sum(weight.numel() for weight in self.learner.network.parameters())
        self.tokens, self.read, self.seconds = 0, 0.0, 0.0

    def step(self, _progress: float) -> None:
        """Read a cut; at the end of an epoch, see whether the rate is to fall."""
        self.learner.step()
        self.tokens, self.seconds = self.learner.tokens, self.learner.seconds
        self.read = self.tokens / self.learner.available * self._corpus.bytes
        if len(self.learner.losses) % self.learner.steps_an_epoch == 0:
            self.learner.judge(self._corpus.steering)

    def bits_per_byte(self, texts: Sequence[str]) -> float:
        """Score the last weights."""
        return score(self.learner.network, self.learner.vocabulary, texts).bits_per_byte

    def spelling(self, texts: Sequence[str]) -> float:
        """Return how many of the bits per byte go into the spelling of unknown words."""
        found = score(self.learner.network, self.learner.vocabulary, texts)
        return found.bits_per_byte * found.spelling

    def decoder(self) -> LstmDecoder:
        """Return a decoder over the last weights."""
        return LstmDecoder(self.learner.network, self.learner.vocabulary, name=self.name, threads=1)


class Transformer:
    """A transformer and its plain loop: AdamW, rate up and down again, rows cut from one line of all texts."""

    def __init__(self, name: str, folder: Path, model: PreTrainedModel, corpus: Corpus, *, rate: float) -> None:
        self.name = name
        self._corpus, self._model, self._rate = corpus, model, rate
        self._words, self._stock = bpe.load(folder), AutoTokenizer.from_pretrained(folder)
        self._documents = [document.tokens[1:] for document in self._encode(corpus.texts)]
        self._line, self._at = np.empty(0, np.int64), 0
        self._optimizer = torch.optim.AdamW(model.parameters(), betas=(0.9, 0.95), weight_decay=0.1)
        self._random = Random(7)  # noqa: S311 -- no secret
        self.weights = sum(weight.numel() for weight in model.parameters())
        self.tokens, self.read, self.seconds = 0, 0.0, 0.0

    def _encode(self, texts: Sequence[str]) -> list[Document]:
        end = bpe.end_id(self._words)
        return [Document(np.array([end, *found.ids, end], np.int32), 1) for found in self._words.encode_batch(texts)]

    def step(self, progress: float) -> None:
        """Read the next rows and improve the weights."""
        start = monotonic()
        self._model.train()
        for group in self._optimizer.param_groups:
            group["lr"] = self._rate * max(0.02, min(1.0, progress / 0.05 + 0.02, (1 - progress) / 0.5))
        tokens = self._rows()
        loss = self._model(input_ids=tokens[:, :-1]).logits.flatten(0, 1)
        nn.functional.cross_entropy(loss, tokens[:, 1:].flatten()).backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self._model.parameters(), 1.0)
        self._optimizer.step()
        self._optimizer.zero_grad()
        self.tokens += BATCH * LENGTH
        self.read = self.tokens / sum(map(len, self._documents)) * self._corpus.bytes
        self.seconds += monotonic() - start

    def _rows(self) -> Tensor:
        wanted = BATCH * LENGTH + 1
        while len(self._line) < self._at + wanted:
            self._random.shuffle(self._documents)
            self._line, self._at = np.concatenate([self._line[self._at :], *self._documents]), 0
        flat = self._line[self._at : self._at + wanted]
        self._at += BATCH * LENGTH
        starts = np.arange(BATCH)[:, None] * LENGTH
        return torch.from_numpy(flat[starts + np.arange(LENGTH + 1)].astype(np.int64))

    def bits_per_byte(self, texts: Sequence[str]) -> float:
        """Score the last weights."""
        return bits_per_byte(self._model.eval(), self._stock, self._encode(texts))  # type: ignore[no-untyped-call]

    def decoder(self) -> TransformersDecoder:
        """Return a decoder over the last weights."""
        return TransformersDecoder(self._model, self._stock, name=self.name, threads=1)


def fresh(corpus: Corpus, weights: int, folder: Path) -> Transformer:
    """Return a transformer with about ``weights`` random weights and a vocabulary of its own."""
    words = bpe.learn(corpus.texts, VOCABULARY)
    size = words.get_vocab_size()
    width = min(range(64, 1024, 64), key=lambda wide: abs(size * wide + 12 * LAYERS * wide**2 - weights))
    shape = Shape(vocabulary=size, width=width, layers=LAYERS, heads=width // 64, hidden=width * 8 // 3, context=512)
    bpe.save(words, folder, shape.context)
    torch.manual_seed(7)
    model = LlamaForCausalLM(LlamaConfig(**stock_config(shape, bpe.end_id(words))))
    return Transformer("transformer, random weights", folder, model, corpus, rate=1e-3)


def embedded(corpus: Corpus) -> Transformer:
    """Return the embedded writer, to be fine-tuned whole."""
    model = AutoModelForCausalLM.from_pretrained(EMBEDDED, dtype=torch.float32)
    return Transformer("embedded writer, fine-tuned", EMBEDDED, model, corpus, rate=3e-4)


def race(rivals: Sequence[Rival], done: Callable[[Rival], float]) -> None:
    """Let all learn in turn until ``done`` is 1 for each."""
    while running := [rival for rival in rivals if done(rival) < 1]:
        for rival in running:
            pause = rival.seconds + TURN
            while done(rival) < 1 and rival.seconds < pause:
                rival.step(done(rival))
