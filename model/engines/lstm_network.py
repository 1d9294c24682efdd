"""The LSTM yardstick: its words, its network and the two files they are kept in."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Final, Self, cast

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from model.checkpoint import BrokenCheckpointError

WEIGHTS: Final = "lstm.safetensors"
VOCABULARY: Final = "vocabulary.json"
UNKNOWN_ID: Final = 0
END_ID: Final = 1
_CONTROL: Final = ("<unk>", "<end>")  # no text is ever split into these
_TOKEN: Final = re.compile(r"['’](?:s|t|re|ve|m|ll|d)\b| ?\w+| ?[^\w\s]|\s")
State = tuple[Tensor, Tensor]


def split(text: str) -> list[str]:
    """Return the tokens of ``text``; joined without anything between them they are ``text`` again.

    A token is a word or a punctuation mark, each with the space before it; what an apostrophe shortens ("'s", "'t");
    or a white-space character of its own (a newline, a second space).
    """
    return _TOKEN.findall(text)


class Vocabulary:
    """Tokens by number: the unknown one, the end of a text, then words, the most frequent first."""

    def __init__(self, words: Sequence[str]) -> None:
        self.words = (*_CONTROL, *words)
        self._ids = {word: number for number, word in enumerate(self.words)}

    @classmethod
    def learn(cls, texts: Iterable[str], min_frequency: int) -> Self:
        """Return the vocabulary of every token that stands at least ``min_frequency`` times in ``texts``."""
        counts = Counter(chain.from_iterable(map(split, texts)))
        kept = [word for word, count in counts.items() if count >= min_frequency]
        return cls(sorted(kept, key=lambda word: (-counts[word], word)))

    def __len__(self) -> int:
        return len(self.words)

    def ids(self, tokens: Iterable[str]) -> list[int]:
        """Return the numbers of ``tokens``."""
        return [self._ids.get(token, UNKNOWN_ID) for token in tokens]


class Network(nn.Module):
    """Embedding, LSTM layers, dropout, and a row of scores over the vocabulary."""

    def __init__(self, *, words: int, embedding: int, hidden: int, layers: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.embedding = nn.Embedding(words, embedding)
        self.lstm = nn.LSTM(embedding, hidden, layers, batch_first=True)
        self.dropout = nn.Dropout(dropout)
        self.out = nn.Linear(hidden, words)

    @classmethod
    def of(cls, weights: Mapping[str, Tensor]) -> Self:
        """Return the network that has these ``weights``, its shape read off them.

        Raises:
            KeyError, RuntimeError: they are not the weights of such a network.
        """
        words, embedding = weights["embedding.weight"].shape
        layers = sum(name.startswith("lstm.weight_hh") for name in weights)
        hidden = weights["out.weight"].shape[1]
        network = cls(words=words, embedding=embedding, hidden=hidden, layers=layers)
        network.load_state_dict(weights)
        return network

    def forward(self, tokens: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Return hidden states (rows, length, hidden) for ``tokens`` (rows, length), and the state they leave.

        ``out`` turns hidden states into scores. Without a state the rows begin at zero.
        """
        hidden, after = self.lstm(self.embedding(tokens), state)
        return self.dropout(hidden), after


def save(folder: Path, weights: Mapping[str, Tensor], vocabulary: Vocabulary) -> None:
    """Write the two files into ``folder``."""
    save_file({name: weight.detach().cpu().contiguous() for name, weight in weights.items()}, folder / WEIGHTS)
    words = json.dumps(vocabulary.words[len(_CONTROL) :], ensure_ascii=False, indent=0)
    (folder / VOCABULARY).write_text(words + "\n", "utf-8")


def load(folder: Path, device: str | None = None) -> tuple[Network, Vocabulary]:
    """Return what :func:`save` wrote, on ``device`` (CUDA if there is one), ready to write.

    Raises:
        BrokenCheckpointError: a file is missing or unreadable, or the two do not belong together.
    """
    vocabulary = Vocabulary(_words(folder / VOCABULARY))
    try:
        network = Network.of(load_file(folder / WEIGHTS))
    except (OSError, SafetensorError) as error:
        raise BrokenCheckpointError(folder / WEIGHTS, "unreadable") from error
    except (LookupError, ValueError, RuntimeError) as error:
        raise BrokenCheckpointError(folder / WEIGHTS, "no LSTM of this program") from error
    if network.embedding.num_embeddings != len(vocabulary):
        raise BrokenCheckpointError(folder / VOCABULARY, "made for other weights")
    return network.to(device or ("cuda" if torch.cuda.is_available() else "cpu")).eval(), vocabulary


def _words(path: Path) -> list[str]:
    try:
        words = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise BrokenCheckpointError(path, "unreadable") from error
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise BrokenCheckpointError(path, "no list of words")
    return cast("list[str]", words)
