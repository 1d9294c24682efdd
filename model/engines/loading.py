"""From a folder or a name to weights in memory: safetensors only, and no code of the checkpoint runs."""

import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Literal, cast

import httpx2
import torch
from huggingface_hub import HfApi, try_to_load_from_cache
from huggingface_hub.errors import (
    HfHubHTTPError,
    HFValidationError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    StrictDataclassError,
)
from safetensors import SafetensorError, safe_open
from transformers import AutoModelForCausalLM, BitsAndBytesConfig, PreTrainedModel
from transformers.utils import logging as hf_logging
from transformers.utils.import_utils import is_bitsandbytes_available

from model.checkpoint import BrokenCheckpointError
from model.engines import QuantizationUnavailableError

Quantize = Literal["none", "8bit", "4bit"]
_PATIENCE: Final = 10  # seconds for the Hub to answer
_ADAPTER: Final = "adapter_model.safetensors"
_UNREADABLE: Final = (OSError, ValueError, TypeError, LookupError, RuntimeError, SafetensorError, StrictDataclassError)


def load_model(model: str | Path, *, adapter: Path | None, quantize: Quantize, device: str | None) -> PreTrainedModel:
    """Return the weights on ``device`` (CUDA if there is one), with ``adapter`` laid over them.

    bf16 on CUDA, fp32 on a CPU. An adapter is merged where the weights allow it: that costs nothing per token.

    Raises:
        BrokenCheckpointError: weights are missing, or do not fit what the folder says; the adapter is another model's.
        QuantizationUnavailableError: there is no CUDA device or no bitsandbytes.
    """
    hf_logging.disable_progress_bar()  # type: ignore[no-untyped-call]  # a log and a terminal have no use for it
    where = device or ("cuda" if torch.cuda.is_available() else "cpu")
    options: dict[str, Any] = {"dtype": torch.bfloat16 if where.startswith("cuda") else torch.float32}
    if quantize != "none":
        options |= {"quantization_config": _quantization(quantize), "device_map": {"": where}}
    with unusable(Path(model)):
        loaded: Any = AutoModelForCausalLM.from_pretrained(
            model, use_safetensors=True, trust_remote_code=False, output_loading_info=True, **options
        )
        weights, found = loaded
        if found["missing_keys"]:  # transformers would invent them
            raise BrokenCheckpointError(Path(model), f"lacks {len(found['missing_keys'])} of its weights")
        if quantize == "none":
            weights = weights.to(torch.device(where))
    return cast("PreTrainedModel", weights if adapter is None else _adapted(weights, adapter, merge=quantize == "none"))


def require_there(model: str | Path) -> None:
    """Raise at once, not after a minute of retries, if ``model`` is no folder, not kept here, and not on the Hub.

    Raises:
        BrokenCheckpointError: nothing of this name can be had.
    """
    name, path = str(model), Path(model)
    if path.is_dir():
        return
    try:
        if not isinstance(try_to_load_from_cache(name, "config.json"), str):
            HfApi().model_info(name, timeout=_PATIENCE)
    except (HFValidationError, RepositoryNotFoundError) as error:
        raise BrokenCheckpointError(path, "there is no such folder, and no such model on the Hub") from error
    except (HfHubHTTPError, OfflineModeIsEnabled, httpx2.TransportError) as error:
        raise BrokenCheckpointError(path, "there is no such folder, and the Hub cannot be reached") from error


@contextmanager
def unusable(path: Path) -> Iterator[None]:
    """Say in one line, as a BrokenCheckpointError about ``path``, whatever the libraries cannot read in it."""
    try:
        yield
    except _UNREADABLE as error:
        raise BrokenCheckpointError(path, _first_line(error)) from error


def _first_line(error: Exception) -> str:
    said = f"no {error}" if isinstance(error, KeyError) else str(error)
    return said.strip().partition("\n")[0][:200].rstrip(".: ")


def lay(model: Any, adapter: Path, name: str = "default") -> Any:  # noqa: ANN401 - peft is untyped
    """Return ``model`` with the LoRA in ``adapter`` laid over it by peft, beside those that are.

    Raises:
        BrokenCheckpointError: it is another model's, or cannot be read; ``model`` is as it was.
    """
    try:
        return _lay(model, adapter, name)
    except BaseException:
        _strip(model, name)
        raise


def _lay(model: Any, adapter: Path, name: str) -> Any:  # noqa: ANN401 - peft is untyped
    from peft import PeftModel, get_peft_model_state_dict  # noqa: PLC0415 - seconds to import, only adapters need it

    with unusable(adapter), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "`is_gradient_checkpointing`")  # peft asks transformers by the old name
        warnings.filterwarnings("ignore", "Found missing adapter keys")  # they are an error below
        if isinstance(model, PeftModel):
            adapted = model
            adapted.load_adapter(str(adapter), adapter_name=name)
        else:
            adapted = PeftModel.from_pretrained(model, adapter, adapter_name=name, use_safetensors=True)
        with safe_open(adapter / _ADAPTER, "pt") as file:
            strange = _lora(file.keys()) ^ _lora(get_peft_model_state_dict(adapted, adapter_name=name))
        if strange:  # peft would leave these out
            raise BrokenCheckpointError(adapter, f"made for another model: {min(strange)}")
        return adapted


def _strip(model: Any, name: str) -> None:  # noqa: ANN401 - peft is untyped
    """Take off what peft had hung on ``model`` as ``name`` before it failed."""
    from peft import PeftModel  # noqa: PLC0415 - see above
    from peft.tuners.tuners_utils import BaseTunerLayer  # noqa: PLC0415

    layers = [(path, module) for path, module in model.named_modules() if isinstance(module, BaseTunerLayer)]
    if isinstance(model, PeftModel):
        model.peft_config.pop(name, None)
        for _, layer in layers:
            if name in layer._get_available_adapters():  # noqa: SLF001 - peft asks its layers so, too
                layer.delete_adapter(name)
        model.set_adapter(next(iter(model.peft_config)))
        return
    for path, layer in layers:
        parent, _, child = path.rpartition(".")
        setattr(model.get_submodule(parent), child, layer.get_base_layer())
    if hasattr(model, "peft_config"):
        del model.peft_config


def _adapted(weights: Any, adapter: Path, *, merge: bool) -> Any:  # noqa: ANN401 - peft is untyped
    adapted = lay(weights, adapter)
    with unusable(adapter):
        return adapted.merge_and_unload(safe_merge=True) if merge else adapted


def _lora(names: Iterable[str]) -> frozenset[str]:
    return frozenset(name for name in names if ".lora_" in name)


def _quantization(quantize: Quantize) -> BitsAndBytesConfig:
    if not torch.cuda.is_available() or not is_bitsandbytes_available():
        raise QuantizationUnavailableError(quantize)
    if quantize == "8bit":
        return BitsAndBytesConfig(load_in_8bit=True)  # type: ignore[no-untyped-call]
    return BitsAndBytesConfig(  # type: ignore[no-untyped-call]
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=torch.bfloat16
    )
