"""From a folder or a name to weights in memory: safetensors only, and no code of the checkpoint runs."""

from pathlib import Path
from typing import Any, Literal, cast

import torch
from transformers import AutoModelForCausalLM, BitsAndBytesConfig, PreTrainedModel
from transformers.utils.import_utils import is_bitsandbytes_available

from model.engines import QuantizationUnavailableError

Quantize = Literal["none", "8bit", "4bit"]


def load_model(model: str | Path, *, adapter: Path | None, quantize: Quantize, device: str | None) -> PreTrainedModel:
    """Return the weights on ``device`` (CUDA if there is one), with ``adapter`` laid over them.

    bf16 on CUDA, fp32 on a CPU. An adapter is merged where the weights allow it: that costs nothing per token.

    Raises:
        QuantizationUnavailableError: there is no CUDA device or no bitsandbytes.
    """
    where = device or ("cuda" if torch.cuda.is_available() else "cpu")
    options: dict[str, Any] = {"dtype": torch.bfloat16 if where.startswith("cuda") else torch.float32}
    if quantize != "none":
        options |= {"quantization_config": _quantization(quantize), "device_map": {"": where}}
    weights = AutoModelForCausalLM.from_pretrained(model, use_safetensors=True, trust_remote_code=False, **options)
    if quantize == "none":
        weights = weights.to(torch.device(where))  # type: ignore[arg-type]
    return cast("PreTrainedModel", weights if adapter is None else _adapted(weights, adapter, merge=quantize == "none"))


def _adapted(weights: Any, adapter: Path, *, merge: bool) -> Any:  # noqa: ANN401 - peft is untyped
    from peft import PeftModel  # noqa: PLC0415 - seconds to import, and only adapters need it

    adapted = PeftModel.from_pretrained(weights, adapter, use_safetensors=True)
    return adapted.merge_and_unload(safe_merge=True) if merge else adapted


def _quantization(quantize: Quantize) -> BitsAndBytesConfig:
    if not torch.cuda.is_available() or not is_bitsandbytes_available():
        raise QuantizationUnavailableError(quantize)
    if quantize == "8bit":
        return BitsAndBytesConfig(load_in_8bit=True)  # type: ignore[no-untyped-call]
    return BitsAndBytesConfig(  # type: ignore[no-untyped-call]
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=torch.bfloat16
    )
