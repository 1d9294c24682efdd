"""The base model made ready to learn: all of its weights, or LoRA over full, 8-bit or 4-bit ones."""

import warnings
from pathlib import Path
from typing import Any, Final

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, BitsAndBytesConfig, PreTrainedTokenizerBase
from transformers.utils import logging as hf_logging
from transformers.utils.import_utils import is_bitsandbytes_available

from model import checkpoint
from model.checkpoint import BrokenCheckpointError
from model.engines import QuantizationUnavailableError
from model.engines.loading import require_there, unusable
from training.recipe import BadRecipeError, Recipe

MOST: Final = 1024  # positions of a row unless a recipe says otherwise
_CONV_1D: Final = frozenset({"gpt2"})  # architectures that keep their matrices the other way round
Model = Any  # a PreTrainedModel, or PEFT's wrapper around one, which has no types


def device() -> str:
    """Return where training computes: the accelerator, if there is one."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def half(recipe: Recipe) -> bool:
    """Say whether the recipe computes in bf16 here."""
    return recipe.precision == "bf16" or (recipe.precision == "auto" and device() == "cuda")


def load_tokenizer(base: str) -> PreTrainedTokenizerBase:
    """Return the tokenizer of ``base``.

    Raises:
        BrokenCheckpointError: there is none, or it cannot be read.
    """
    require_there(base)
    with unusable(Path(base)):
        tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(base, trust_remote_code=False)
    return tokenizer


def load_base(recipe: Recipe) -> Model:
    """Return the base of ``recipe`` ready to learn.

    Frozen weights are kept as small as the method says; what learns is kept in fp32.

    Raises:
        BrokenCheckpointError: the base cannot be loaded.
        FormatMismatchError: the base is a checkpoint of ours for other prompts.
        QuantizationUnavailableError: 8 or 4 bits without bitsandbytes.
        BadRecipeError: a target names no layer of this model.
    """
    if Path(recipe.base).is_dir():
        checkpoint.verify(Path(recipe.base))
    if recipe.adapter:
        _require_fitting(Path(recipe.adapter), recipe.base)
    hf_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    with unusable(Path(recipe.base)):
        loaded: Any = AutoModelForCausalLM.from_pretrained(
            recipe.base, use_safetensors=True, trust_remote_code=False, output_loading_info=True, **_options(recipe)
        )
    model, found = loaded
    if found["missing_keys"]:  # transformers would invent them
        raise BrokenCheckpointError(Path(recipe.base), f"lacks {len(found['missing_keys'])} of its weights")
    model.config.use_cache = False
    return model if recipe.method == "full" else _with_lora(model, recipe)


def _require_fitting(adapter: Path, base: str) -> None:
    manifest = checkpoint.verify(adapter)
    if Path(base).is_dir():
        checkpoint.require_base(manifest, Path(base))


def row_length(recipe: Recipe, model: Model) -> int:
    """Return the positions of a training row.

    Raises:
        BadRecipeError: the model sees fewer.
    """
    own = int(getattr(model.config, "max_position_embeddings", MOST))
    if recipe.context > own:
        raise BadRecipeError("context", recipe.context, f"at most {own}, what this model sees at once")
    return recipe.context or min(own, MOST)


def _options(recipe: Recipe) -> dict[str, Any]:
    if recipe.method in {"full", "lora"}:
        frozen_half = recipe.method == "lora" and half(recipe) and device() == "cuda"
        return {"dtype": torch.bfloat16 if frozen_half else torch.float32}
    if not is_bitsandbytes_available():
        raise QuantizationUnavailableError({"lora8": "8bit", "qlora": "4bit"}[recipe.method])
    compute = torch.bfloat16 if half(recipe) else torch.float32
    if recipe.method == "lora8":
        quantized = BitsAndBytesConfig(load_in_8bit=True)  # type: ignore[no-untyped-call]
    else:
        quantized = BitsAndBytesConfig(  # type: ignore[no-untyped-call]
            load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True, bnb_4bit_compute_dtype=compute
        )
    where: str | int = torch.cuda.current_device() if device() == "cuda" else "cpu"
    return {"quantization_config": quantized, "device_map": {"": where}, "dtype": compute}


def _with_lora(model: Model, recipe: Recipe) -> Model:
    from peft import LoraConfig, get_peft_model, prepare_model_for_kbit_training  # noqa: PLC0415 -- seconds to import

    if recipe.method != "lora":
        model = prepare_model_for_kbit_training(  # type: ignore[no-untyped-call]
            model,
            use_gradient_checkpointing=recipe.checkpointing,
            gradient_checkpointing_kwargs={"use_reentrant": False},
        )
        _keep_trainable(model)
    if recipe.adapter:
        return _going_on(model, recipe)
    config = LoraConfig(
        task_type="CAUSAL_LM",
        r=recipe.rank,
        lora_alpha=recipe.alpha,
        lora_dropout=recipe.dropout,
        target_modules=list(recipe.targets) or "all-linear",
        fan_in_fan_out=model.config.model_type in _CONV_1D,
    )
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "`is_gradient_checkpointing`")  # peft asks transformers by the old name
            return get_peft_model(model, config)
    except ValueError as error:
        if not recipe.targets:
            raise
        raise BadRecipeError("targets", ",".join(recipe.targets), f"some of {_linear(model)}") from error


def _going_on(model: Model, recipe: Recipe) -> Model:
    from peft import LoraConfig, PeftModel  # noqa: PLC0415 -- seconds to import

    config = LoraConfig.from_pretrained(recipe.adapter)
    config.inference_mode, config.lora_dropout = False, recipe.dropout
    with unusable(Path(recipe.adapter)), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "`is_gradient_checkpointing`")  # as below
        return PeftModel.from_pretrained(model, recipe.adapter, is_trainable=True, config=config)


def _keep_trainable(model: Model) -> None:
    """Keep bitsandbytes from repacking 4-bit weights for inference when held-out text is scored on a CPU.

    Weights packed in that way (its fast path in eval mode) have no gradient any more.
    """
    for module in model.modules():
        if hasattr(module, "support_avx512bf16_for_cpu"):
            module.support_avx512bf16_for_cpu = False


def _linear(model: Model) -> str:
    names = {name.rpartition(".")[2] for name, module in model.named_modules() if "Linear" in type(module).__name__}
    return ", ".join(sorted(names - {"lm_head"}))
