"""What the double of vLLM writes with: a tiny Llama, and adapters for it, drawn from token by token."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any, Final

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM

from model import checkpoint
from model.decoder import Sampling
from model.engines.constraint import Held, Vocabulary
from model.engines.drawing import Dice, draw
from model.engines.spelling import Spelling
from tests.model import tiny
from tests.model.completions_double import Step, UnusableError

CONTEXT: Final = 384
LOUD: Final = 1  # a control token that the model would write first of all, were it let
_FILLING: Final = 3  # rows of the matrix that stand for no token


def write_llama(folder: Path) -> Path:
    """Write a checkpoint that vLLM can load on a CPU, whose likeliest token is one that must never be drawn."""
    words = tiny.tokenizer()
    words.save_pretrained(folder)
    torch.manual_seed(7)
    config = LlamaConfig(
        vocab_size=len(words) + _FILLING,
        hidden_size=64,  # two heads of 32: vLLM knows none that are smaller
        intermediate_size=96,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=CONTEXT,
        initializer_range=0.3,  # far from equal scores: no rounding turns the order round
        bos_token_id=0,
        eos_token_id=0,
    )
    made = LlamaForCausalLM(config)
    with torch.no_grad():
        weights = made.lm_head.weight
        weights[LOUD] = 3 * weights[20]
        weights[-_FILLING:] = 3 * weights[30:33]
    made.save_pretrained(folder)
    return folder


def write_adapter(base: Path, folder: Path, seed: int, targets: tuple[str, ...] = ("q_proj", "v_proj")) -> Path:
    """Write LoRA weights for ``base`` that change what it writes, under the name of their folder."""
    torch.manual_seed(seed)
    lora = LoraConfig(r=4, lora_alpha=16, target_modules=list(targets), init_lora_weights=False, task_type="CAUSAL_LM")
    adapted = get_peft_model(AutoModelForCausalLM.from_pretrained(base), lora)
    adapted.save_pretrained(str(folder))
    checkpoint.write(folder, folder.name)
    return folder


class TinyModel:
    """Draws as vLLM does what a request asks for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._tokenizer = tiny.tokenizer()
        self._models: dict[str, Any] = {"": AutoModelForCausalLM.from_pretrained(folder)}
        self._size: int = self._models[""].config.vocab_size
        self._vocabulary = Vocabulary(self._tokenizer, frozenset([0]), self._size)

    def load(self, name: str, path: str) -> None:
        """Lay the adapter at ``path`` over the model."""
        try:
            base: Any = AutoModelForCausalLM.from_pretrained(self._folder)
            self._models[name] = PeftModel.from_pretrained(base, path).merge_and_unload()
        except (ValueError, RuntimeError) as error:
            raise UnusableError(f"Loading lora {name} failed: {error}") from error

    async def write(self, body: dict[str, Any]) -> AsyncGenerator[Step]:
        """Yield the tokens of a completion."""
        sampling = Sampling(
            temperature=body["temperature"],
            top_p=body["top_p"],
            top_k=body.get("top_k", 0),
            min_p=body.get("min_p", 0.0),
        )
        ids, held = list(body["prompt"]), self._held(body)
        model = self._models.get(body["model"], self._models[""])
        bias = torch.zeros(self._size)
        for token, value in body["logit_bias"].items():
            bias[int(token)] = value
        dice, spelling = Dice([body["seed"]], body["max_tokens"]), Spelling(self._tokenizer, ids)
        for step in range(body["max_tokens"]):
            await asyncio.sleep(0)
            scores = _scores(model, ids)
            if held:
                scores = scores.masked_fill(~self._vocabulary.mask([held]), -torch.inf)
            token = int(draw(scores + bias, dice.throw([0], step), sampling)[0])
            likely = max(float(scores.log_softmax(-1)[0, token]), -9999.0)  # vLLM too tells it under the grammar
            ids.append(token)
            last = step == body["max_tokens"] - 1
            text = "" if token == 0 else spelling.add(token)
            if held and token != 0:
                held.add(token, text)
            yield Step(text=text, ids=(token,), likely=likely, end="stop" if token == 0 else "length" if last else None)
            if token == 0:
                return

    def _held(self, body: dict[str, Any]) -> Held | None:
        if "structured_outputs" not in body:
            return None
        rules = body["structured_outputs"]["grammar"]
        if "::=" in rules:  # vLLM would take it for another notation
            raise UnusableError("Failed to convert the grammar from GBNF to Lark")
        try:
            self._vocabulary.matcher(rules)
        except ValueError as error:
            raise UnusableError(f"Grammar error: {error}") from error
        return Held(self._vocabulary, lambda written: None if written else rules)


@torch.inference_mode()
def _scores(model: Any, ids: list[int]) -> torch.Tensor:  # noqa: ANN401 - any causal language model
    scores: torch.Tensor = model(input_ids=torch.tensor([ids]), logits_to_keep=1).logits[:, -1]
    return scores
