"""An LSTM as it learns: streams of words, truncated back-propagation, checkpoints, and what it makes of other texts."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, isfinite, log, log2
from pathlib import Path
from random import Random
from time import monotonic
from typing import Final

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from model.engines.lstm_network import END_ID, UNKNOWN_ID, Network, State, Vocabulary, split
from training import checkpoints
from training.checkpoints import CheckpointLostError
from training.lstm_recipe import LstmRecipe
from training.space import LossNotFiniteError

_WEIGHTS, _REST = ".weights.safetensors", ".rest.pt"  # names with a dot are not in the manifest
_SEAL: Final = ".complete.json"
_IGNORED: Final = -1
_SPELLING: Final = log2(257)  # bits of a letter: one of 256 bytes, or the end of the word
_SCORED_AT_ONCE: Final = 32  # tokens of every text


class CorpusTooSmallError(ValueError):
    """The text has ``tokens`` tokens; one step reads ``wanted``."""

    def __init__(self, tokens: int, wanted: int) -> None:
        super().__init__(f"{tokens} < {wanted}")
        self.tokens, self.wanted = tokens, wanted


class Learner:
    """A run in memory: the network, what it reads, and how far it has come; step by step the same every time."""

    def __init__(self, recipe: LstmRecipe, texts: Sequence[str], *, device: str | None = None) -> None:
        """Learn the vocabulary and draw the weights.

        Raises:
            CorpusTooSmallError: the texts do not fill one step.
        """
        self.recipe = recipe
        self.vocabulary = Vocabulary.learn(texts, recipe.min_frequency)
        self._documents = [[*self.vocabulary.ids(split(text)), END_ID] for text in texts]
        self.available = sum(map(len, self._documents))
        if self.available < recipe.batch * recipe.length:
            raise CorpusTooSmallError(self.available, recipe.batch * recipe.length)
        self.steps_an_epoch = ceil(ceil(self.available / recipe.batch) / recipe.length)
        torch.manual_seed(recipe.seed)
        self.device = device or ("cuda" if torch.cuda.is_available() else "cpu")
        self.network = Network(
            words=len(self.vocabulary), embedding=recipe.embedding, hidden=recipe.hidden, layers=recipe.layers,
            dropout=recipe.dropout,
        ).to(self.device)  # fmt: skip
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=recipe.rate)
        self.plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(
            self.optimizer, factor=recipe.factor, patience=recipe.patience
        )
        self.losses: list[float] = []
        self.held_out: list[tuple[int, float]] = []
        self.tokens, self.seconds = 0, 0.0
        self.best = self.weights()
        self._state: State | None = None
        self._streams: tuple[int, Tensor, Tensor] | None = None

    def weights(self) -> dict[str, Tensor]:
        """Return a copy of the weights."""
        return {name: weight.detach().clone() for name, weight in self.network.state_dict().items()}

    def step(self) -> float:
        """Read the next cut, improve the weights and return the loss (nats a token).

        Raises:
            LossNotFiniteError: the loss is no number.
        """
        start = monotonic()
        epoch, cut = divmod(len(self.losses), self.steps_an_epoch)
        tokens, targets = (part[:, cut * self.recipe.length :][:, : self.recipe.length] for part in self._laid(epoch))
        torch.manual_seed(self.recipe.seed * 1_000_003 + len(self.losses))  # a resumed run drops the same channels
        hidden, state = self.network(tokens, self._state if cut else None)
        loss = nn.functional.cross_entropy(
            self.network.out(hidden).flatten(0, 1), targets.flatten(), ignore_index=_IGNORED
        )
        if not isfinite(loss.item()):
            raise LossNotFiniteError(len(self.losses))
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.network.parameters(), self.recipe.clip)
        self.optimizer.step()
        self._state = state[0].detach(), state[1].detach()
        self.losses.append(loss.item())
        self.tokens += int((targets != _IGNORED).sum())
        self.seconds += monotonic() - start
        return self.losses[-1]

    def judge(self, held_out: Sequence[str]) -> None:
        """End an epoch: score it, keep the weights if none were better, lower the rate on a plateau."""
        found = score(self.network, self.vocabulary, held_out).bits_per_byte
        if found < min((before for _, before in self.held_out), default=float("inf")):
            self.best = self.weights()
        self.held_out.append((len(self.losses), found))
        self.plateau.step(found)

    def _laid(self, epoch: int) -> tuple[Tensor, Tensor]:
        if self._streams is None or self._streams[0] != epoch:
            order = list(range(len(self._documents)))
            Random(f"{self.recipe.seed}:{epoch}").shuffle(order)  # noqa: S311 -- no secret
            self._streams = epoch, *self._lay([token for number in order for token in self._documents[number]])
        return self._streams[1:]

    def _lay(self, line: list[int]) -> tuple[Tensor, Tensor]:
        missing = -len(line) % self.recipe.batch
        tokens = np.array([END_ID, *line[:-1], *[END_ID] * missing]).reshape(self.recipe.batch, -1)
        targets = np.array([*line, *[_IGNORED] * missing]).reshape(self.recipe.batch, -1)
        return torch.from_numpy(tokens).to(self.device), torch.from_numpy(targets).to(self.device)

    def save(self, folder: Path) -> None:
        """Write a checkpoint below ``folder``, at once or not at all, if there is none of this step; older ones go."""
        done = folder / f"step-{len(self.losses):08}"
        if done.exists():
            return
        unfinished = folder / "unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        states = dict(zip(("state.hidden", "state.cell"), self._state or (), strict=False))
        tensors = {**_named("now", self.network.state_dict()), **_named("best", self.best), **states}
        save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, unfinished / _WEIGHTS)
        rest = {name: getattr(self, name) for name in ("losses", "held_out", "tokens", "seconds")}
        rest |= {"optimizer": self.optimizer.state_dict(), "plateau": self.plateau.state_dict()}
        torch.save(rest, unfinished / _REST)
        checkpoints.seal(unfinished, best=done.name, ended=False, name=_SEAL)
        unfinished.replace(done)
        for older in set(folder.glob("step-*")) - {done}:
            shutil.rmtree(older)

    def resume(self, folder: Path) -> None:
        """Go on from the checkpoint.

        Raises:
            CheckpointLostError: it is damaged.
        """
        if checkpoints.read(folder, _SEAL) is None:
            raise CheckpointLostError(folder)
        tensors = load_file(folder / _WEIGHTS, self.device)
        rest = torch.load(folder / _REST, weights_only=True, map_location=self.device)
        self.network.load_state_dict(_part("now", tensors))
        self.best = _part("best", tensors)
        if "state.hidden" in tensors:
            self._state = tensors["state.hidden"], tensors["state.cell"]
        self.optimizer.load_state_dict(rest["optimizer"])
        self.plateau.load_state_dict(rest["plateau"])
        self.losses, self.held_out = rest["losses"], rest["held_out"]
        self.tokens, self.seconds = rest["tokens"], rest["seconds"]


def _named(prefix: str, weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {f"{prefix}.{name}": weight for name, weight in weights.items()}


def _part(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix + "."): found for name, found in tensors.items() if name.startswith(prefix + ".")}


@dataclass(frozen=True, slots=True, kw_only=True)
class LstmScore:
    """How well texts are foretold: bits per UTF-8 byte, end markers included.

    An unknown word costs the unknown token and its spelling at log2 257 bits a byte and one for its end, so that the
    figure is that of a code for the text as it is. ``unknown`` is their share of the tokens, ``spelling`` what the
    spelling takes of the bits.
    """

    bits_per_byte: float
    unknown: float
    spelling: float


@torch.inference_mode()
def score(network: Network, vocabulary: Vocabulary, texts: Sequence[str], *, batch: int = 32) -> LstmScore:
    """Return how well ``texts`` are foretold, each from an empty state; they must not be empty."""
    was_training = network.training
    network.eval()
    split_texts = sorted(map(split, texts), key=len)
    foretold = 0.0
    for rows in (split_texts[at : at + batch] for at in range(0, len(split_texts), batch)):
        foretold += _bits(network, [[*vocabulary.ids(row), END_ID] for row in rows])
    network.train(was_training)
    strange = [token for row in split_texts for token in row if vocabulary.ids([token]) == [UNKNOWN_ID]]
    spelt = _SPELLING * sum(len(token.encode()) + 1 for token in strange)
    return LstmScore(
        bits_per_byte=(foretold + spelt) / sum(len(text.encode()) for text in texts),
        unknown=len(strange) / sum(len(row) + 1 for row in split_texts),
        spelling=spelt / (foretold + spelt),
    )


def _bits(network: Network, rows: Sequence[list[int]]) -> float:
    longest = max(map(len, rows))
    padded = [[*row, *[_IGNORED] * (longest - len(row))] for row in rows]
    targets = torch.tensor(padded, device=network.out.weight.device)
    tokens = nn.functional.pad(targets[:, :-1], (1, 0), value=END_ID)
    tokens = tokens.masked_fill(tokens == _IGNORED, END_ID)
    nats, state = 0.0, None
    for cut in (slice(at, at + _SCORED_AT_ONCE) for at in range(0, longest, _SCORED_AT_ONCE)):
        hidden, state = network(tokens[:, cut], state)
        wanted = targets[:, cut]
        scores = network.out(hidden[wanted != _IGNORED])
        nats += nn.functional.cross_entropy(scores, wanted[wanted != _IGNORED], reduction="sum").item()
    return nats / log(2)
