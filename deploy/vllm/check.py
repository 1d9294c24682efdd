"""Compare adapters in vLLM with PEFT, greedily, on tiny random models: one adapter, two in a batch, none beside them.

Run it with the Python that has vLLM, PEFT and this plug-in::

    python deploy/vllm/check.py
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

os.environ.setdefault("VLLM_CPU_KVCACHE_SPACE", "1")
os.environ.setdefault("VLLM_NO_USAGE_STATS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM, GPT2Config, GPT2LMHeadModel, GPTJConfig, GPTJForCausalLM

VOCABULARY: Final = 512
CONTEXT: Final = 128
NEW: Final = 48  # tokens
PROMPTS: Final = ([5, 6, 7, 8], [100, 3, 77, 200, 9, 44], [300] * 12, [1, 2])
SHAPE: Final = {"n_layer": 2, "n_embd": 64, "n_head": 2, "n_positions": CONTEXT, "vocab_size": VOCABULARY}
ENDS: Final = {"bos_token_id": 0, "eos_token_id": 0, "initializer_range": 0.3}
LAYERS: Final = {
    "gptj": (["q_proj", "v_proj"], ["q_proj", "k_proj", "v_proj", "out_proj", "fc_in", "fc_out"]),
    "gpt2": (["c_attn"], ["c_attn", "c_proj", "c_fc"]),
}
ADAPTERS: Final = ("attention", "everything")


def build(kind: str, folder: Path) -> Path:
    """Write a base and an adapter for each set of layers; return the folder of the base."""
    torch.manual_seed(3)
    made: Any = (
        GPTJForCausalLM(GPTJConfig(rotary_dim=16, **SHAPE, **ENDS))
        if kind == "gptj"
        else GPT2LMHeadModel(GPT2Config(**SHAPE, **ENDS))
    )
    made.save_pretrained(folder / "base")
    for seed, (name, targets) in enumerate(zip(ADAPTERS, LAYERS[kind], strict=True)):
        torch.manual_seed(seed)
        base = AutoModelForCausalLM.from_pretrained(folder / "base")
        lora = LoraConfig(
            r=4,
            lora_alpha=16,
            target_modules=targets,
            init_lora_weights=False,
            fan_in_fan_out=kind == "gpt2",
            task_type="CAUSAL_LM",
        )
        get_peft_model(base, lora).save_pretrained(folder / name)
    return folder / "base"


def expected(folder: Path, adapter: str | None, prompt: list[int]) -> list[int]:
    """Return what PEFT writes."""
    model: Any = AutoModelForCausalLM.from_pretrained(folder / "base")
    if adapter is not None:
        model = PeftModel.from_pretrained(model, folder / adapter)
    ids = torch.tensor([prompt])
    written = model.generate(
        input_ids=ids, attention_mask=torch.ones_like(ids), max_new_tokens=NEW, do_sample=False, pad_token_id=0
    )
    return [int(token) for token in written[0, len(prompt) :]]


def compare(kind: str, folder: Path) -> int:
    """Print how many texts are the same, and return how many are not."""
    from vllm import LLM, SamplingParams, TokensPrompt
    from vllm.lora.request import LoRARequest

    base = build(kind, folder)
    engine = LLM(
        model=str(base),
        skip_tokenizer_init=True,
        dtype="float32",
        enforce_eager=True,
        enable_lora=True,
        max_lora_rank=8,
        max_loras=3,  # one more than there are: on a CPU a row without one is given the last
        max_num_seqs=16,
        seed=0,
    )
    requests = {name: LoRARequest(name, number, str(folder / name)) for number, name in enumerate(ADAPTERS, 1)}
    greedy = SamplingParams(temperature=0.0, max_tokens=NEW, detokenize=False, stop_token_ids=[0])
    wrong = 0
    for title, names in (
        ("none", [None]),
        *((name, [name]) for name in ADAPTERS),
        ("both in a batch", list(ADAPTERS)),
        ("both and none in a batch", [None, *ADAPTERS]),
    ):
        asked = [(name, prompt) for prompt in PROMPTS for name in names]
        answers = engine.generate(
            [TokensPrompt(prompt_token_ids=prompt) for _, prompt in asked],
            greedy,
            lora_request=[requests.get(name or "") for name, _ in asked],
            use_tqdm=False,
        )
        written = [list(answer.outputs[0].token_ids) for answer in answers]
        wanted = [expected(folder, name, prompt) for name, prompt in asked]
        same = sum(one == other for one, other in zip(written, wanted, strict=True))
        print(f"{kind}, {title}: {same} of {len(asked)} texts of {NEW} tokens are PEFT's")
        wrong += len(asked) - same
    changed = {tuple(expected(folder, name, PROMPTS[0])) for name in (None, *ADAPTERS)}
    if len(changed) != 1 + len(ADAPTERS):
        print(f"{kind}: the adapters change nothing, so this proves nothing")
        wrong += 1
    return wrong


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=sorted(LAYERS), nargs="?", default="gptj")
    with tempfile.TemporaryDirectory() as place:
        sys.exit(compare(parser.parse_args().kind, Path(place)) > 0)
