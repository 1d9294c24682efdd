"""The two checkpoints that every engine writes with: the embedded shape and GPT-2 small, with random weights.

    python -m benchmarks.worker.shapes --into FOLDER

``FOLDER/shapes/llama24/checkpoint`` and ``FOLDER/shapes/gpt2/checkpoint`` are ordinary Hugging Face folders.
Neither has an end of text, so nothing stops early. The embedding is wide enough for scores that spread as a trained
model's do (a standard deviation of about 3), so that an engine that sorts the vocabulary for top-p is not given a flat
one; the signs of the last norm keep a token from being its own likeliest successor.
"""

import argparse
import itertools
import string
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from torch import Tensor
from transformers import (
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedModel,
    PreTrainedTokenizerFast,
)

from benchmarks.worker import folders
from benchmarks.worker.folders import CHECKPOINT, SHAPES, VOCABULARY

CONTEXT: Final = 1024
SPREAD: Final = 3.0  # standard deviation of the scores
_NO_END: Final[dict[str, Any]] = {"bos_token_id": None, "eos_token_id": None, "pad_token_id": None}
_SIGNS: Final = string.ascii_letters + string.digits + string.punctuation


def tokenizer(size: int) -> PreTrainedTokenizerFast:
    """Return a byte-level tokenizer of exactly ``size`` tokens: the bytes, then runs of two and three signs."""
    tokens = sorted(pre_tokenizers.ByteLevel.alphabet())
    merges = list(itertools.islice(_merges(), size - len(tokens)))
    tokens += [left + right for left, right in merges]
    made = Tokenizer(models.BPE(vocab={token: number for number, token in enumerate(tokens)}, merges=merges))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    return PreTrainedTokenizerFast(tokenizer_object=made)  # type: ignore[no-untyped-call]


def _merges() -> Iterator[tuple[str, str]]:
    yield from itertools.product(_SIGNS, _SIGNS)
    for first, second, third in itertools.product(_SIGNS, repeat=3):
        yield first + second, third


def llama24() -> PreTrainedModel:
    """Return the shape of the embedded writer: 24 million weights."""
    torch.manual_seed(1)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=VOCABULARY["llama24"],
            hidden_size=384,
            intermediate_size=1024,
            num_hidden_layers=12,
            num_attention_heads=6,
            max_position_embeddings=CONTEXT,
            tie_word_embeddings=True,
            **_NO_END,
        )
    )
    return _spread(model, model.model.embed_tokens.weight, model.model.norm.weight)


def gpt2() -> PreTrainedModel:
    """Return GPT-2 small: 124 million weights."""
    torch.manual_seed(1)
    model = GPT2LMHeadModel(GPT2Config(n_positions=CONTEXT, **_NO_END))
    return _spread(model, model.transformer.wte.weight, model.transformer.ln_f.weight)


@torch.no_grad()
def _spread(model: PreTrainedModel, embedding: Tensor, norm: Tensor) -> PreTrainedModel:
    embedding.normal_(std=SPREAD / embedding.shape[1] ** 0.5)
    norm.copy_(torch.randint(2, norm.shape) * 2 - 1)
    return model


def make(shape: str, into: Path) -> Path:
    """Write the checkpoint of ``shape`` unless it is there; return its folder."""
    folder = folders.shape(into, shape) / CHECKPOINT
    if not (folder / "model.safetensors").exists():
        model = {"llama24": llama24, "gpt2": gpt2}[shape]()
        for name in ("bos_token_id", "eos_token_id", "pad_token_id"):
            setattr(model.generation_config, name, None)
        tokenizer(model.config.vocab_size).save_pretrained(folder)
        model.save_pretrained(folder)
    return folder


def main() -> None:
    """Write both."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--into", type=Path, required=True)
    options = parser.parse_args()
    for shape in SHAPES:
        print(make(shape, options.into))


if __name__ == "__main__":
    main()
