"""The Llama shape in plain torch, fused for one thread; it exports the state dict of the stock architecture."""

from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 -- torch's own name for it
from torch import Tensor, nn


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """The size of a model."""

    vocabulary: int
    width: int = 256
    layers: int = 6
    heads: int = 4
    hidden: int = 768
    context: int = 1024
    theta: float = 10_000.0
    epsilon: float = 1e-5

    @property
    def head_width(self) -> int:
        """Channels of one head."""
        return self.width // self.heads


class Norm(nn.Module):
    """Root-mean-square norm, computed in the precision of its input."""

    def __init__(self, width: int, epsilon: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.epsilon = epsilon

    def forward(self, x: Tensor) -> Tensor:
        """Return ``x`` with unit mean square in its last dimension, scaled by channel."""
        return F.rms_norm(x, (x.shape[-1],), self.weight.to(x.dtype), self.epsilon)


class Block(nn.Module):
    """One layer: attention and feed-forward.

    Query, key and value (gate and up, too) are multiplied as one matrix, for speed, but kept apart: orthogonalised
    together, the large slopes of the values would drown those of query and key, and no head learns to copy.
    """

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.before_attention = Norm(shape.width, shape.epsilon)
        self.before_feed = Norm(shape.width, shape.epsilon)
        self.query, self.key, self.value = (_matrix(shape.width, shape.width) for _ in range(3))
        self.out = nn.Linear(shape.width, shape.width, bias=False)
        self.gate, self.up = (_matrix(shape.hidden, shape.width) for _ in range(2))
        self.down = nn.Linear(shape.hidden, shape.width, bias=False)

    def forward(self, x: Tensor, turn: tuple[Tensor, Tensor], mask: Tensor) -> Tensor:
        """Return hidden states after this layer; ``turn`` are the cosines and sines of the places."""
        x = x + self._attend(self.before_attention(x), turn, mask)
        gate, up = F.linear(self.before_feed(x), torch.cat((self.gate, self.up))).chunk(2, dim=-1)
        fed: Tensor = self.down(F.silu(gate) * up)
        return x + fed

    def _attend(self, x: Tensor, turn: tuple[Tensor, Tensor], mask: Tensor) -> Tensor:
        rows, length, width = x.shape
        heads = F.linear(x, torch.cat((self.query, self.key, self.value))).view(
            rows, length, 3, self.shape.heads, self.shape.head_width
        )
        q, k, v = heads.permute(2, 0, 3, 1, 4)
        q, k = _rotate(q, turn), _rotate(k, turn)
        scores = torch.matmul(q * self.shape.head_width**-0.5, k.transpose(-1, -2)) + mask
        mixed = torch.matmul(scores.softmax(-1), v)
        written: Tensor = self.out(mixed.transpose(1, 2).reshape(rows, length, width))
        return written


def _matrix(rows: int, columns: int) -> nn.Parameter:
    return nn.Parameter(torch.empty(rows, columns))


def _rotate(x: Tensor, turn: tuple[Tensor, Tensor]) -> Tensor:
    cos, sin = turn
    left, right = x.chunk(2, dim=-1)
    return torch.cat((left * cos - right * sin, right * cos + left * sin), dim=-1)


class Network(nn.Module):
    """Tokens in, the last hidden state out; the output matrix is the embedding."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.embedding = nn.Embedding(shape.vocabulary, shape.width)
        self.blocks = nn.ModuleList(Block(shape) for _ in range(shape.layers))
        self.last = Norm(shape.width, shape.epsilon)

    def forward(self, tokens: Tensor, places: Tensor, mask: Tensor) -> Tensor:
        """Return hidden states (rows, length, width) for ``tokens`` and their ``places`` (rows, length)."""
        x = self.embedding(tokens)
        turn = self._turn(places, x.dtype)
        for block in self.blocks:
            x = block(x, turn, mask)
        normed: Tensor = self.last(x)
        return normed

    def _turn(self, places: Tensor, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        half = self.shape.head_width // 2
        speeds = self.shape.theta ** -(torch.arange(half, dtype=torch.float32) / half)
        angles = places[:, None, :, None].float() * speeds
        return angles.cos().to(dtype), angles.sin().to(dtype)


def fresh(shape: Shape, seed: int) -> Network:
    """Return a network with random weights; matrices that write to the residual start smaller."""
    torch.manual_seed(seed)
    network = Network(shape)
    for name, weight in network.named_parameters():
        if weight.ndim == 2:
            smaller = (2 * shape.layers) ** -0.5 if name.endswith(("out.weight", "down.weight")) else 1.0
            nn.init.normal_(weight, std=0.02 * smaller)
    return network


def mask(documents: Tensor, dtype: torch.dtype) -> Tensor:
    """Return what is added to the scores, (rows, 1, length, length): no look ahead, none into another document."""
    length = documents.shape[-1]
    same = documents[:, :, None] == documents[:, None, :]
    seen = same & torch.ones(length, length, dtype=torch.bool).tril()
    return torch.zeros(seen.shape, dtype=dtype).masked_fill_(~seen, float("-inf"))[:, None]


def stock_config(shape: Shape, end: int) -> dict[str, Any]:
    """Return the arguments of ``LlamaConfig`` for this shape."""
    return {
        "vocab_size": shape.vocabulary,
        "hidden_size": shape.width,
        "intermediate_size": shape.hidden,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "num_key_value_heads": shape.heads,
        "head_dim": shape.head_width,
        "max_position_embeddings": shape.context,
        "rope_parameters": {"rope_type": "default", "rope_theta": shape.theta},
        "rms_norm_eps": shape.epsilon,
        "tie_word_embeddings": True,
        "attention_bias": False,
        "mlp_bias": False,
        "bos_token_id": None,
        "eos_token_id": end,
        "pad_token_id": end,
    }


def stock_weights(network: Network) -> dict[str, Tensor]:
    """Return the weights under the names ``LlamaForCausalLM`` gives them."""
    weights = {"model.embed_tokens.weight": network.embedding.weight, "model.norm.weight": network.last.weight}
    for number, block in enumerate(network.blocks):
        assert isinstance(block, Block)  # noqa: S101 -- a ModuleList does not say what it holds
        at = f"model.layers.{number}."
        weights |= {
            at + "input_layernorm.weight": block.before_attention.weight,
            at + "post_attention_layernorm.weight": block.before_feed.weight,
            at + "self_attn.q_proj.weight": block.query,
            at + "self_attn.k_proj.weight": block.key,
            at + "self_attn.v_proj.weight": block.value,
            at + "self_attn.o_proj.weight": block.out.weight,
            at + "mlp.gate_proj.weight": block.gate,
            at + "mlp.up_proj.weight": block.up,
            at + "mlp.down_proj.weight": block.down.weight,
        }
    return {name: weight.detach() for name, weight in weights.items()}
