"""The vocabulary: byte-level BPE learnt from the training texts, saved so that ``AutoTokenizer`` loads it.

A colon with its space and a line break are tokens of their own, so that a prompt encoded span by span is the
prompt encoded whole. Nothing is added on encoding: the end marker is written by whoever trains.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from training.examples import Example
from training.packing import Document

END: Final = "<|end|>"
_PIECES: Final = r"'(?:s|t|re|ve|m|ll|d)\b|: |:|\n| ?\p{L}+| ?\p{N}| ?[^\s\p{L}\p{N}:]+|\s"


def learn(texts: Iterable[str], vocabulary: int) -> Tokenizer:
    """Return a tokenizer of ``vocabulary`` tokens learnt from ``texts``."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_PIECES), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=[END],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def save(tokenizer: Tokenizer, folder: Path, context: int) -> None:
    """Write the files ``AutoTokenizer.from_pretrained(folder)`` reads."""
    stock = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer,
        eos_token=END,
        pad_token=END,
        padding_side="left",
        model_max_length=context,
        clean_up_tokenization_spaces=False,
    )
    stock.save_pretrained(folder)


def load(folder: Path) -> Tokenizer:
    """Return the tokenizer saved in ``folder``."""
    return Tokenizer.from_file(str(folder / "tokenizer.json"))


def end_id(tokenizer: Tokenizer) -> int:
    """Return the id of the end marker."""
    number = tokenizer.token_to_id(END)
    if number is None:
        raise ValueError(END)
    return int(number)


def encode(tokenizer: Tokenizer, examples: Sequence[Example]) -> list[Document]:
    """Return the examples as tokens; prompt and completion are encoded apart, as they are when writing."""
    end = end_id(tokenizer)
    prompts = tokenizer.encode_batch_fast([example.prompt for example in examples])
    completions = tokenizer.encode_batch_fast([example.completion for example in examples])
    return [
        Document(np.array([*prompt.ids, *completion.ids, end], np.int32), max(1, len(prompt.ids)))
        for prompt, completion in zip(prompts, completions, strict=True)
    ]
