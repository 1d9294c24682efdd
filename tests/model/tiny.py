"""Checkpoints with random weights, small enough to be made in a test."""

from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import (
    GPT2Config,
    GPT2LMHeadModel,
    GPTJConfig,
    GPTJForCausalLM,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedModel,
    PreTrainedTokenizerFast,
)

END = "<|endoftext|>"
OTHER = "<|system|>"
CONTEXT = 96


def tokenizer(*, begins: bool = False) -> PreTrainedTokenizerFast:
    """Return a byte-level tokenizer with two control tokens; ``begins`` makes it put the first before any text."""
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=300, special_tokens=[END, OTHER], initial_alphabet=pre_tokenizers.ByteLevel.alphabet()
    )
    made.train_from_iterator(["TITLE: a story of the sea SUMMARY: she tells it"] * 4, trainer)
    if begins:
        made.post_processor = processors.TemplateProcessing(single=f"{END} $A", special_tokens=[(END, 0)])
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=made, bos_token=END, eos_token=END, additional_special_tokens=[OTHER]
    )


def model(kind: str, size: int, *, hidden: int = 32) -> PreTrainedModel:
    """Return a model of ``kind`` (llama, gpt2, gptj) with ``size`` tokens; always the same weights."""
    torch.manual_seed(5)
    ends: dict[str, Any] = {"bos_token_id": 0, "eos_token_id": 0, "vocab_size": size}
    if kind == "gpt2":
        return GPT2LMHeadModel(GPT2Config(n_layer=2, n_head=2, n_embd=32, n_positions=CONTEXT, **ends))
    if kind == "gptj":
        return GPTJForCausalLM(GPTJConfig(n_layer=2, n_head=2, n_embd=32, n_positions=CONTEXT, rotary_dim=8, **ends))
    return LlamaForCausalLM(
        LlamaConfig(
            hidden_size=hidden,
            intermediate_size=48,
            num_hidden_layers=2,
            num_attention_heads=2,
            max_position_embeddings=CONTEXT,
            **ends,
        )
    )


def write(folder: Path, kind: str) -> Path:
    """Write a checkpoint of ``kind`` to ``folder``, as any Hugging Face directory; return the folder."""
    words = tokenizer()
    words.save_pretrained(folder)
    model(kind, len(words) + 3).save_pretrained(folder)  # three rows of the matrix stand for no token
    return folder
