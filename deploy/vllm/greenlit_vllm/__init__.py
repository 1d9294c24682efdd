"""A plug-in that has vLLM lay LoRA weights over GPT-J and GPT-2, which it serves without."""


def register() -> None:
    """Put our classes in the place of vLLM's own; called by vLLM in each of its processes, more than once."""
    from vllm import ModelRegistry

    ModelRegistry.register_model("GPTJForCausalLM", "greenlit_vllm.models:GPTJForCausalLM")
    ModelRegistry.register_model("GPT2LMHeadModel", "greenlit_vllm.models:GPT2LMHeadModel")
