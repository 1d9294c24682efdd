"""Llama-like, GPT-2 and GPT-J models as plain functions over rows of tokens that need not belong to one text.

Each takes its weights from the model that ``from_pretrained`` built, and gives the scores that model gives (tested to
1e-3). How a row sees what stands before it is the business of ``attend``: it may be one token of many texts, or a piece
of one prompt.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Protocol

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from model.engines.linear import Linear, Precision, is_plain, pack
from model.engines.lora import Adapted, Site

Attend = Callable[[int, Tensor, Tensor], Tensor]
"""Layer, queries [n, heads, size], keys and values [n, 2 × kv heads, size] → what rows see [n, heads × size]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What is kept of a text: ``layers`` × ``heads`` × ``size`` keys and values a token, for ``context`` tokens."""

    layers: int
    heads: int
    size: int
    context: int
    vocabulary: int
    dtype: torch.dtype
    device: torch.device


class Network(Protocol):
    """A model: token ids [n] at positions [n] → hidden rows [n, width]; hidden rows → scores [n, vocabulary], fp32."""

    shape: Shape
    sites: dict[str, Site]
    """Where LoRA can be laid over it, by the name of the module in the checkpoint."""
    outputs: dict[str, int]
    """How many numbers each projection gives."""
    plain: bool
    """Whether all its projections are ordinary matrices."""

    def hidden(self, ids: Tensor, positions: Tensor, attend: Attend, adapted: Adapted | None) -> Tensor:
        """Return the last hidden rows."""
        ...

    def scores(self, hidden: Tensor) -> Tensor:
        """Return the scores of the next token."""
        ...


def network(model: PreTrainedModel, precision: Precision) -> Network | None:
    """Return ``model`` as a network, or None if its architecture (or a switch of it) is not known here.

    ``precision`` holds on a CPU; on a GPU the weights are used as they were loaded.
    """
    config: Any = model.config
    model = getattr(model, "get_base_model", lambda: model)()  # what peft laid over it stays in its layers
    kind = None if model.device.type != "cpu" else precision
    if getattr(config, "hidden_act", getattr(config, "activation_function", None)) not in _ACTIVATIONS:
        return None
    match config.model_type:
        case "llama" | "mistral" | "qwen2" if _is_plain_llama(config):
            return Llama(model, kind)
        case "gpt2" if not (config.scale_attn_by_inverse_layer_idx or config.add_cross_attention):
            return Gpt2(model, kind)
        case "gptj":
            return GptJ(model, kind)
    return None


def _is_plain_llama(config: Any) -> bool:  # noqa: ANN401 - every architecture has its own
    rope = getattr(config, "rope_parameters", None) or {}
    slides = getattr(config, "sliding_window", None) and getattr(config, "use_sliding_window", True)
    return rope.get("rope_type", "default") in {"default", "linear", "llama3"} and not slides


class _Base:
    """What all have in common: projections that LoRA can be laid over."""

    def __init__(self, model: PreTrainedModel, precision: Precision | None, heads: int, size: int) -> None:
        config: Any = model.config
        self._precision = precision
        self.sites: dict[str, Site] = {}
        self.outputs: dict[str, int] = {}
        self.plain = True
        dtype = torch.float32 if precision else model.dtype
        self.shape = Shape(
            layers=config.num_hidden_layers,
            heads=heads,
            size=size,
            context=config.max_position_embeddings,
            vocabulary=config.vocab_size,
            dtype=dtype,
            device=model.device,
        )

    def _pack(self, parts: dict[str, nn.Module], orders: Sequence[Tensor | None] = ()) -> "_Projection":
        orders = orders or [None] * len(parts)
        start, key = 0, next(iter(parts))
        for (name, part), order in zip(parts.items(), orders, strict=True):
            size = _outputs(part)
            self.sites[name] = Site(key=key, start=start, size=size, inside=_inputs(part), order=order)
            start += size
        self.outputs[key] = start
        self.plain = self.plain and all(is_plain(part) for part in parts.values())
        return _Projection(key, pack(list(parts.values()), self._precision, orders))

    def _own(self, weight: Tensor) -> Tensor:
        return weight.detach().to(self.shape.dtype)

    def _norm(self, norm: nn.Module) -> tuple[Tensor, Tensor, float]:
        assert isinstance(norm, nn.LayerNorm)  # noqa: S101 -- GPT-2 and GPT-J have no other
        return self._own(norm.weight), self._own(norm.bias), norm.eps


class _Projection:
    def __init__(self, key: str, linear: Linear) -> None:
        self.key, self.linear = key, linear

    def __call__(self, x: Tensor, adapted: Adapted | None) -> Tensor:
        y = self.linear(x)
        return y if adapted is None else adapted.add(self.key, x, y)


def _outputs(part: nn.Module) -> int:
    size: Any = getattr(part, "out_features", None) or part.nf
    return int(size)


def _inputs(part: nn.Module) -> int:
    size: Any = getattr(part, "in_features", None) or part.nx
    return int(size)


class _LlamaLayer:
    def __init__(self, base: _Base, name: str, layer: Any, turn: Sequence[Tensor]) -> None:  # noqa: ANN401
        attention, mlp = layer.self_attn, layer.mlp
        projections = {f"{name}.self_attn.{part}": getattr(attention, part) for part in ("q_proj", "k_proj", "v_proj")}
        self.qkv = base._pack(projections, [*turn, None])  # noqa: SLF001 - one family
        self.out = base._pack({f"{name}.self_attn.o_proj": attention.o_proj})  # noqa: SLF001
        gates = {f"{name}.mlp.{part}": getattr(mlp, part) for part in ("gate_proj", "up_proj")}
        self.gate_up = base._pack(gates)  # noqa: SLF001
        self.down = base._pack({f"{name}.mlp.down_proj": mlp.down_proj})  # noqa: SLF001
        self.norm = base._own(layer.input_layernorm.weight)  # noqa: SLF001
        self.norm_after = base._own(layer.post_attention_layernorm.weight)  # noqa: SLF001


class Llama(_Base):
    """Llama, Mistral and Qwen2: rotated queries and keys, gated MLP, RMS norms.

    Rotation by halves becomes one product of complex numbers when the outputs of the query and key matrices are
    rearranged so that the two numbers that turn together stand together.
    """

    def __init__(self, model: Any, precision: Precision | None) -> None:  # noqa: ANN401 - transformers' own class
        config, inner = model.config, model.model
        self._heads = config.num_attention_heads
        size = getattr(config, "head_dim", None) or config.hidden_size // self._heads
        super().__init__(model, precision, config.num_key_value_heads, size)
        self._eps = float(config.rms_norm_eps)
        self._act = _ACTIVATIONS[config.hidden_act]
        turns = [_interleaved(heads, size).to(model.device) for heads in (self._heads, self.shape.heads)]
        self._layers = [
            _LlamaLayer(self, f"model.layers.{number}", layer, turns) for number, layer in enumerate(inner.layers)
        ]
        self._words, self._norm_last = self._own(inner.embed_tokens.weight), self._own(inner.norm.weight)
        self._head = self._pack({"lm_head": model.lm_head})
        rotary = inner.rotary_emb
        self._turns = _turns(rotary.inv_freq, self.shape.context) * rotary.attention_scaling

    def hidden(self, ids: Tensor, positions: Tensor, attend: Attend, adapted: Adapted | None) -> Tensor:
        """See :class:`Network`."""
        h, turn = nn.functional.embedding(ids, self._words), self._turns[positions].unsqueeze(1)
        size, rotated = self.shape.size, self._heads + self.shape.heads
        for number, layer in enumerate(self._layers):
            qkv = layer.qkv(_rms_norm(h, layer.norm, self._eps), adapted).view(len(ids), -1, size)
            _rotate(qkv[:, :rotated], turn)
            h = h + layer.out(attend(number, qkv[:, : self._heads], qkv[:, self._heads :]), adapted)
            gate, up = layer.gate_up(_rms_norm(h, layer.norm_after, self._eps), adapted).chunk(2, -1)
            h = h + layer.down(self._act(gate).mul_(up), adapted)
        return _rms_norm(h, self._norm_last, self._eps)

    def scores(self, hidden: Tensor) -> Tensor:
        """See :class:`Network`."""
        return self._head(hidden, None).float()


class _Gpt2Layer:
    def __init__(self, base: _Base, name: str, layer: Any) -> None:  # noqa: ANN401
        self.qkv = base._pack({f"{name}.attn.c_attn": layer.attn.c_attn})  # noqa: SLF001
        self.out = base._pack({f"{name}.attn.c_proj": layer.attn.c_proj})  # noqa: SLF001
        self.up = base._pack({f"{name}.mlp.c_fc": layer.mlp.c_fc})  # noqa: SLF001
        self.down = base._pack({f"{name}.mlp.c_proj": layer.mlp.c_proj})  # noqa: SLF001
        self.norms = base._norm(layer.ln_1), base._norm(layer.ln_2)  # noqa: SLF001


class Gpt2(_Base):
    """GPT-2: learnt positions, norms before attention and MLP, biases everywhere."""

    def __init__(self, model: Any, precision: Precision | None) -> None:  # noqa: ANN401 - transformers' own class
        config, inner = model.config, model.transformer
        self._heads = config.num_attention_heads
        super().__init__(model, precision, self._heads, config.hidden_size // self._heads)
        self._act = _ACTIVATIONS[config.activation_function]
        self._layers = [_Gpt2Layer(self, f"transformer.h.{number}", layer) for number, layer in enumerate(inner.h)]
        self._words, self._places = self._own(inner.wte.weight), self._own(inner.wpe.weight)
        self._norm_last = self._norm(inner.ln_f)
        self._head = self._pack({"lm_head": model.lm_head})

    def hidden(self, ids: Tensor, positions: Tensor, attend: Attend, adapted: Adapted | None) -> Tensor:
        """See :class:`Network`."""
        h = nn.functional.embedding(ids, self._words) + nn.functional.embedding(positions, self._places)
        for number, layer in enumerate(self._layers):
            qkv = layer.qkv(_layer_norm(h, layer.norms[0]), adapted).view(len(ids), -1, self.shape.size)
            h = h + layer.out(attend(number, qkv[:, : self._heads], qkv[:, self._heads :]), adapted)
            h = h + layer.down(self._act(layer.up(_layer_norm(h, layer.norms[1]), adapted)), adapted)
        return _layer_norm(h, self._norm_last)

    def scores(self, hidden: Tensor) -> Tensor:
        """See :class:`Network`."""
        return self._head(hidden, None).float()


class _GptJLayer:
    def __init__(self, base: _Base, name: str, layer: Any) -> None:  # noqa: ANN401
        projections = {f"{name}.attn.{part}": getattr(layer.attn, part) for part in ("q_proj", "k_proj", "v_proj")}
        self.qkv = base._pack(projections)  # noqa: SLF001
        self.out = base._pack({f"{name}.attn.out_proj": layer.attn.out_proj})  # noqa: SLF001
        self.up = base._pack({f"{name}.mlp.fc_in": layer.mlp.fc_in})  # noqa: SLF001
        self.down = base._pack({f"{name}.mlp.fc_out": layer.mlp.fc_out})  # noqa: SLF001
        self.norm = base._norm(layer.ln_1)  # noqa: SLF001


class GptJ(_Base):
    """GPT-J: attention and MLP read the same normed row; the first numbers of queries and keys turn in pairs."""

    def __init__(self, model: Any, precision: Precision | None) -> None:  # noqa: ANN401 - transformers' own class
        config, inner = model.config, model.transformer
        self._heads = config.num_attention_heads
        super().__init__(model, precision, self._heads, config.hidden_size // self._heads)
        self._act = _ACTIVATIONS[config.activation_function]
        self._layers = [_GptJLayer(self, f"transformer.h.{number}", layer) for number, layer in enumerate(inner.h)]
        self._words, self._norm_last = self._own(inner.wte.weight), self._norm(inner.ln_f)
        self._head = self._pack({"lm_head": model.lm_head})
        self._turning = config.rotary_dim or config.hidden_size
        pairs = torch.arange(0, self._turning, 2, device=model.device, dtype=torch.float32)
        self._turns = _turns(1.0 / 10_000 ** (pairs / self._turning), self.shape.context)

    def hidden(self, ids: Tensor, positions: Tensor, attend: Attend, adapted: Adapted | None) -> Tensor:
        """See :class:`Network`."""
        h, turn = nn.functional.embedding(ids, self._words), self._turns[positions].unsqueeze(1)
        for number, layer in enumerate(self._layers):
            x = _layer_norm(h, layer.norm)
            qkv = layer.qkv(x, adapted).view(len(ids), -1, self.shape.size)
            _rotate(qkv[:, : 2 * self._heads, : self._turning], turn)
            seen = layer.out(attend(number, qkv[:, : self._heads], qkv[:, self._heads :]), adapted)
            h = h + seen + layer.down(self._act(layer.up(x, adapted)), adapted)
        return _layer_norm(h, self._norm_last)

    def scores(self, hidden: Tensor) -> Tensor:
        """See :class:`Network`."""
        return self._head(hidden, None).float()


def _interleaved(heads: int, size: int) -> Tensor:
    """Return the order in which number i of a head's first half is followed by number i of its second."""
    within = torch.arange(size).view(2, size // 2).t().reshape(-1)
    return (torch.arange(heads)[:, None] * size + within).reshape(-1)


def _turns(frequencies: Tensor, context: int) -> Tensor:
    angles = torch.outer(torch.arange(context, device=frequencies.device).float(), frequencies.float())
    return torch.polar(torch.ones_like(angles), angles)


def _rotate(x: Tensor, turn: Tensor) -> None:
    """Turn pairs of numbers [n, heads, 2 × pairs] in place, by complex numbers [n, 1, pairs]."""
    pairs = x.view(*x.shape[:-1], -1, 2)
    if x.dtype == torch.float32:
        torch.view_as_complex(pairs).mul_(turn)
    else:
        pairs.copy_(torch.view_as_real(torch.view_as_complex(pairs.float()) * turn))


def _rms_norm(x: Tensor, weight: Tensor, eps: float) -> Tensor:
    if x.is_cuda or x.dtype != torch.float32:
        return nn.functional.rms_norm(x, x.shape[-1:], weight, eps)
    size = torch.linalg.vector_norm(x, 2, -1, keepdim=True)  # torch's own is several calls on a CPU
    return (x * torch.addcmul(_number(eps), size, size, value=1 / x.shape[-1]).rsqrt_()).mul_(weight)


@lru_cache
def _number(value: float) -> Tensor:
    return torch.tensor(value)


def _layer_norm(x: Tensor, norm: tuple[Tensor, Tensor, float]) -> Tensor:
    weight, bias, eps = norm
    return nn.functional.layer_norm(x, x.shape[-1:], weight, bias, eps)


def _tanh_gelu(x: Tensor) -> Tensor:
    return nn.functional.gelu(x, approximate="tanh")


_ACTIVATIONS: Final[dict[str, Callable[[Tensor], Tensor]]] = {
    "gelu": nn.functional.gelu,
    "gelu_fast": _tanh_gelu,
    "gelu_new": _tanh_gelu,
    "gelu_pytorch_tanh": _tanh_gelu,
    "relu": nn.functional.relu,
    "silu": nn.functional.silu,
}
