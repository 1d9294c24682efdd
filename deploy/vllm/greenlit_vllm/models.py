"""vLLM's GPT-J and GPT-2, and what its LoRA must know of them: which of an adapter's layers vLLM keeps as one."""

from typing import ClassVar

from vllm.model_executor.models import gpt2, gpt_j
from vllm.model_executor.models.interfaces import SupportsLoRA


class GPTJForCausalLM(gpt_j.GPTJForCausalLM, SupportsLoRA):
    """GPT-J; queries, keys and values are three layers of the checkpoint and one here."""

    packed_modules_mapping: ClassVar[dict[str, list[str]]] = {"qkv_proj": ["q_proj", "k_proj", "v_proj"]}


class GPT2LMHeadModel(gpt2.GPT2LMHeadModel, SupportsLoRA):
    """GPT-2; queries, keys and values are one layer here as in the checkpoint."""

    packed_modules_mapping: ClassVar[dict[str, list[str]]] = {"c_attn": ["c_attn"]}
