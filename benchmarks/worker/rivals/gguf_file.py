"""A checkpoint of Llama or GPT-2 as a file of llama.cpp, matrices in Q8_0."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from gguf import GGMLQuantizationType, GGUFWriter, TokenType, quants
from numpy.typing import NDArray
from safetensors import safe_open

Matrix = NDArray[np.float32]


def write(checkpoint: Path, path: Path) -> None:
    """Write the file of the model in ``checkpoint``."""
    settings: dict[str, Any] = json.loads((checkpoint / "config.json").read_text("utf-8"))
    llama = settings["model_type"] == "llama"
    writer = GGUFWriter(str(path), settings["model_type"])
    (_llama_settings if llama else _gpt2_settings)(writer, settings)
    _add_tokens(writer, checkpoint)
    with safe_open(checkpoint / "model.safetensors", "np") as weights:
        for name, weight in (_llama if llama else _gpt2)(weights, settings):
            _add(writer, name, weight)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _add(writer: Any, name: str, weight: Matrix) -> None:  # noqa: ANN401 - untyped
    if weight.ndim == 1 or name.startswith("position"):
        writer.add_tensor(name, weight.astype(np.float32))
    else:
        kind = GGMLQuantizationType.Q8_0
        writer.add_tensor(name, quants.quantize(weight.astype(np.float32), kind), raw_dtype=kind)


def _llama_settings(writer: Any, settings: dict[str, Any]) -> None:  # noqa: ANN401 - untyped
    writer.add_context_length(settings["max_position_embeddings"])
    writer.add_embedding_length(settings["hidden_size"])
    writer.add_block_count(settings["num_hidden_layers"])
    writer.add_feed_forward_length(settings["intermediate_size"])
    writer.add_head_count(settings["num_attention_heads"])
    writer.add_head_count_kv(settings["num_key_value_heads"])
    writer.add_rope_dimension_count(settings["head_dim"])
    writer.add_rope_freq_base(settings["rope_parameters"]["rope_theta"])
    writer.add_layer_norm_rms_eps(settings["rms_norm_eps"])
    writer.add_vocab_size(settings["vocab_size"])


def _gpt2_settings(writer: Any, settings: dict[str, Any]) -> None:  # noqa: ANN401 - untyped
    writer.add_context_length(settings["n_positions"])
    writer.add_embedding_length(settings["n_embd"])
    writer.add_block_count(settings["n_layer"])
    writer.add_feed_forward_length(4 * settings["n_embd"])
    writer.add_head_count(settings["n_head"])
    writer.add_layer_norm_eps(settings["layer_norm_epsilon"])


def _add_tokens(writer: Any, checkpoint: Path) -> None:  # noqa: ANN401 - untyped
    model: dict[str, Any] = json.loads((checkpoint / "tokenizer.json").read_text("utf-8"))["model"]
    tokens = sorted(model["vocab"], key=model["vocab"].__getitem__)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokens)
    writer.add_token_types([TokenType.NORMAL] * len(tokens))
    writer.add_token_merges([" ".join(merge) for merge in model["merges"]])


def _llama(weights: Any, settings: dict[str, Any]) -> Iterator[tuple[str, Matrix]]:  # noqa: ANN401 - untyped
    heads = settings["num_attention_heads"]
    yield "token_embd.weight", weights.get_tensor("model.embed_tokens.weight")
    yield "output_norm.weight", weights.get_tensor("model.norm.weight")
    names = {
        "attn_norm": "input_layernorm",
        "attn_q": "self_attn.q_proj",
        "attn_k": "self_attn.k_proj",
        "attn_v": "self_attn.v_proj",
        "attn_output": "self_attn.o_proj",
        "ffn_norm": "post_attention_layernorm",
        "ffn_gate": "mlp.gate_proj",
        "ffn_up": "mlp.up_proj",
        "ffn_down": "mlp.down_proj",
    }
    for layer in range(settings["num_hidden_layers"]):
        for theirs, name in names.items():
            weight: Matrix = weights.get_tensor(f"model.layers.{layer}.{name}.weight")
            yield f"blk.{layer}.{theirs}.weight", _paired(weight, heads) if theirs in {"attn_q", "attn_k"} else weight


def _paired(weight: Matrix, heads: int) -> Matrix:
    """Return the rows in the order of llama.cpp, which turns neighbours where transformers turns halves."""
    rows, columns = weight.shape
    return weight.reshape(heads, 2, rows // heads // 2, columns).swapaxes(1, 2).reshape(rows, columns)


def _gpt2(weights: Any, settings: dict[str, Any]) -> Iterator[tuple[str, Matrix]]:  # noqa: ANN401 - untyped
    yield "token_embd.weight", weights.get_tensor("transformer.wte.weight")
    yield "position_embd.weight", weights.get_tensor("transformer.wpe.weight")
    for kind in ("weight", "bias"):
        yield f"output_norm.{kind}", weights.get_tensor(f"transformer.ln_f.{kind}")
    names = {
        "attn_norm": "ln_1",
        "attn_qkv": "attn.c_attn",
        "attn_output": "attn.c_proj",
        "ffn_norm": "ln_2",
        "ffn_up": "mlp.c_fc",
        "ffn_down": "mlp.c_proj",
    }
    for layer in range(settings["n_layer"]):
        for theirs, name in names.items():
            for kind in ("weight", "bias"):
                weight: Matrix = weights.get_tensor(f"transformer.h.{layer}.{name}.{kind}")
                yield f"blk.{layer}.{theirs}.{kind}", weight.T.copy() if weight.ndim == 2 else weight
