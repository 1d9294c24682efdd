"""The trained network as the checkpoint that ships: stock files in a folder, swapped in at once."""

import json
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer
from torch import Tensor
from transformers import GenerationConfig, LlamaConfig

from model import checkpoint
from training.embedded.network import Network, stock_config, stock_weights
from training.embedded.tokenizer import end_id, save

SHARD: Final = 15_000_000  # bytes


def embed(
    network: Network,
    tokenizer: Tokenizer,
    folder: Path,
    *,
    name: str,
    beside: Iterable[Path] = (),
    card: str,
    **facts: object,
) -> None:
    """Write the checkpoint ``name`` to ``folder``: bf16 weights, tokenizer, card, the files ``beside`` them, manifest.

    What stood there is replaced only after the new folder is complete.
    """
    unfinished = folder.with_name(folder.name + ".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    end = end_id(tokenizer)
    config = LlamaConfig(**stock_config(network.shape, end), architectures=["LlamaForCausalLM"], dtype="bfloat16")
    config.save_pretrained(unfinished)
    generation = GenerationConfig(  # type: ignore[no-untyped-call]
        eos_token_id=end, pad_token_id=end, do_sample=True, temperature=0.9, top_p=0.95
    )
    generation.save_pretrained(unfinished)
    save_shards({key: weight.to(torch.bfloat16) for key, weight in stock_weights(network).items()}, unfinished)
    save(tokenizer, unfinished, network.shape.context)
    for path in beside:
        shutil.copyfile(path, unfinished / path.name)
    (unfinished / "README.md").write_text(card, "utf-8")
    checkpoint.write(unfinished, name, **facts)
    _swap(unfinished, folder)


def save_shards(weights: Mapping[str, Tensor], folder: Path, limit: int = SHARD) -> None:
    """Write the weights as safetensors of at most ``limit`` bytes each, with an index when there are several."""
    shards: list[dict[str, Tensor]] = [{}]
    room = limit
    for name, weight in weights.items():
        if weight.nbytes > room and shards[-1]:
            shards.append({})
            room = limit
        shards[-1][name] = weight.contiguous().clone()
        room -= weight.nbytes
    names = [_shard_name(number, len(shards)) for number in range(1, len(shards) + 1)]
    for name, shard in zip(names, shards, strict=True):
        save_file(shard, folder / name, metadata={"format": "pt"})
        (folder / name).chmod(0o644)  # the library makes it readable for its maker alone
    if len(shards) > 1:
        where = {key: name for name, shard in zip(names, shards, strict=True) for key in shard}
        index = {"metadata": {"total_size": sum(weight.nbytes for weight in weights.values())}, "weight_map": where}
        (folder / "model.safetensors.index.json").write_text(json.dumps(index, indent=2) + "\n", "utf-8")


def _shard_name(number: int, count: int) -> str:
    return "model.safetensors" if count == 1 else f"model-{number:05d}-of-{count:05d}.safetensors"


def _swap(new: Path, folder: Path) -> None:
    old = folder.with_name(folder.name + ".old")
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.rename(old)
    new.rename(folder)
    shutil.rmtree(old, ignore_errors=True)
