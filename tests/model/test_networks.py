"""Our forward passes against transformers' own, and every row against itself in other company."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from transformers import (
    GPT2Config,
    GPT2LMHeadModel,
    GPTJConfig,
    GPTJForCausalLM,
    LlamaConfig,
    LlamaForCausalLM,
    MistralConfig,
    MistralForCausalLM,
    PreTrainedModel,
    Qwen2Config,
    Qwen2ForCausalLM,
)

from model.engines.linear import Precision
from model.engines.lora import Wardrobe
from model.engines.networks import network
from model.engines.slots import PIECE, Seat, SlotRunner

WORDS, CONTEXT = 211, 192
LLAMA: dict[str, Any] = {
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "max_position_embeddings": CONTEXT,
    "vocab_size": WORDS,
}
SCALED = {"rope_type": "llama3", "factor": 4.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0}
GPT: dict[str, Any] = {"n_layer": 2, "n_head": 4, "n_embd": 64, "n_positions": CONTEXT, "vocab_size": WORDS}


TURNS = {**SCALED, "rope_theta": 10_000.0, "original_max_position_embeddings": 64}
MAKERS: dict[str, Callable[[], PreTrainedModel]] = {
    "llama": lambda: LlamaForCausalLM(LlamaConfig(**LLAMA)),
    "llama, grouped heads, scaled turns": lambda: LlamaForCausalLM(
        LlamaConfig(**LLAMA, num_key_value_heads=2, rope_parameters=TURNS)
    ),
    "llama, biases, own head size": lambda: LlamaForCausalLM(
        LlamaConfig(**LLAMA, attention_bias=True, mlp_bias=True, head_dim=32)
    ),
    "mistral": lambda: MistralForCausalLM(MistralConfig(**LLAMA, num_key_value_heads=2, sliding_window=None)),
    "qwen2": lambda: Qwen2ForCausalLM(Qwen2Config(**LLAMA, num_key_value_heads=2)),
    "gpt2": lambda: GPT2LMHeadModel(GPT2Config(**GPT)),
    "gptj": lambda: GPTJForCausalLM(GPTJConfig(**GPT, rotary_dim=8)),
    "gptj, all of a head turns": lambda: GPTJForCausalLM(GPTJConfig(**GPT, rotary_dim=16)),
}


@pytest.fixture(params=list(MAKERS))
def theirs(request: pytest.FixtureRequest) -> Iterator[PreTrainedModel]:
    torch.manual_seed(3)
    model = MAKERS[request.param]()
    with torch.inference_mode(), torch.no_grad():
        for name, weight in model.named_parameters():  # fresh biases are 0 and norms 1: that would hide a mistake
            if weight.dim() == 1:
                weight.add_(torch.randn(weight.shape, generator=torch.Generator().manual_seed(len(name))) * 0.1)
        yield model.eval()  # type: ignore[no-untyped-call]


def runner(model: PreTrainedModel, precision: Precision = "fp32", rows: int = 32) -> SlotRunner:
    made = network(model, precision)
    assert made is not None
    return SlotRunner(made, Wardrobe(), budget=1 << 28, rows=rows)


def text(seed: int, length: int = 120) -> list[int]:
    return torch.randint(WORDS, (length,), generator=torch.Generator().manual_seed(seed)).tolist()


def seated(made: SlotRunner, ids: list[int]) -> tuple[Seat, torch.Tensor]:
    reading = made.begin(ids, None)
    while reading.scores is None:
        made.read(reading)
    seat = made.seat(reading, CONTEXT)
    assert seat is not None
    return seat, reading.scores


def scored(made: SlotRunner, texts: list[list[int]], prompt: int) -> torch.Tensor:
    """Return the scores after every token from the prompt's last on, [text, token, word]."""
    seats, firsts = zip(*(seated(made, ids[:prompt]) for ids in texts), strict=True)
    steps = [made.step(seats, [ids[at] for ids in texts]) for at in range(prompt, len(texts[0]))]
    return torch.stack([torch.stack(firsts), *steps], 1)


@pytest.mark.parametrize("prompt", [1, PIECE, 75])
def test_scores_are_those_of_transformers(theirs: PreTrainedModel, prompt: int) -> None:
    texts = [text(seed) for seed in range(3)]
    expected = theirs(input_ids=torch.tensor(texts)).logits[:, prompt - 1 :]
    assert (scored(runner(theirs), texts, prompt) - expected).abs().max() < 1e-3 * expected.abs().max()


@pytest.mark.parametrize("precision", ["bf16", "int8"])
def test_fewer_bits_change_little(theirs: PreTrainedModel, precision: Precision) -> None:
    if precision == "bf16" and not torch.cpu._is_avx512_bf16_supported():
        pytest.skip("this processor multiplies no bf16")
    texts = [text(seed) for seed in range(3)]
    exact = theirs(input_ids=torch.tensor(texts)).logits[:, 39:].log_softmax(-1)
    rounded = scored(runner(theirs, precision), texts, 40).log_softmax(-1)
    divergence = (exact.exp() * (exact - rounded)).sum(-1)
    assert divergence.mean() < 1e-3


@pytest.mark.parametrize("precision", ["fp32", "bf16", "int8"])
def test_to_the_last_bit_a_row_is_what_it_is_alone(theirs: PreTrainedModel, precision: Precision) -> None:
    if precision == "bf16" and not torch.cpu._is_avx512_bf16_supported():
        pytest.skip("this processor multiplies no bf16")
    ids = text(1, 90)
    alone = scored(runner(theirs, precision), [ids], 37)[0]
    for company in (1, 2, 6, 22):
        made = runner(theirs, precision)
        others = [seated(made, text(10 + number, 5 + number))[0] for number in range(company)]
        seat, first = seated(made, ids[:37])
        seats = [*others, seat]
        steps = [first]
        for at in range(37, len(ids)):
            steps.append(made.step(seats, [(at + number) % WORDS for number in range(len(others))] + [ids[at]])[-1])
            if at % 11 == 0 and others:  # somebody leaves, somebody comes
                made.leave(seats.pop(0))
                others.pop(0)
            if at % 13 == 0:
                others.insert(0, seated(made, text(at, 9 + at))[0])
                seats.insert(0, others[0])
        assert torch.equal(torch.stack(steps), alone)


def test_a_switch_of_the_architecture_that_is_not_known_here_is_left_to_transformers() -> None:
    assert network(MistralForCausalLM(MistralConfig(**LLAMA, sliding_window=8)), "fp32") is None
    assert network(GPT2LMHeadModel(GPT2Config(**GPT, scale_attn_by_inverse_layer_idx=True)), "fp32") is None
    assert network(LlamaForCausalLM(LlamaConfig(**LLAMA, hidden_act="tanh")), "fp32") is None
