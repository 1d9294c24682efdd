"""Decoders that run a language model, one file each; and what any of them may raise.

Importing this package loads no torch; importing one of its modules does.
"""

from model.engine import EngineError


class PromptTooLongError(EngineError):
    """The prompt has ``length`` tokens; the model reads at most ``limit`` and still writes something."""

    def __init__(self, length: int, limit: int) -> None:
        super().__init__(f"{length} > {limit}")
        self.length, self.limit = length, limit


class NotFiniteError(EngineError):
    """The model's scores are not numbers (broken weights, or an overflow on this device)."""


class AdapterMissingError(EngineError):
    """No adapter ``name`` is loaded."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class NoRoomError(EngineError):
    """The memory does not suffice for what is written."""


class QuantizationUnavailableError(Exception):
    """``quantize`` (8bit, 4bit) needs a CUDA device and bitsandbytes; this machine lacks one of them."""

    def __init__(self, quantize: str) -> None:
        super().__init__(quantize)
        self.quantize = quantize


class ServerUnusableError(Exception):
    """The completions server at ``url`` cannot be written with; ``reason`` says why in a few words."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(f"{url}: {reason}")
        self.url, self.reason = url, reason
