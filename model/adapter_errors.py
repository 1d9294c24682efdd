"""What can go wrong with stored adapters; all of it can cross the wire.

Errors::

    StoreError (an EngineError)
    ├── StoreUnusableError         the folder cannot be read or written, or its pointer is damaged
    ├── BadAdapterNameError        the manifest's name is no plain word
    ├── AdapterExistsError         there is another adapter of this name
    ├── AdapterRefusedError        it is damaged, of another format, or made for another model
    ├── NothingBeforeError         nothing was active before
    ├── NoStoreError               the worker has no store
    └── AdaptersUnsupportedError   the model takes no adapters
"""

from pathlib import Path

from model.engine import EngineError


class StoreError(EngineError):
    """The store of adapters cannot do this."""


class StoreUnusableError(StoreError):
    """``path`` in the store cannot be read or written; ``reason`` says why in a few words."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path, self.reason = path, reason


class BadAdapterNameError(StoreError):
    """``name`` is no plain word of letters, digits, ``.``, ``_`` and ``-``."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class AdapterExistsError(StoreError):
    """The store has an adapter ``name`` with other content."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class AdapterRefusedError(StoreError):
    """The adapter ``name`` cannot be worn: damaged, of another format, made for another model, or no use."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name}: {reason}")
        self.name, self.reason = name, reason


class NothingBeforeError(StoreError):
    """Nothing was active before what is active now."""


class NoStoreError(StoreError):
    """The worker was started without a store of adapters."""


class AdaptersUnsupportedError(StoreError):
    """The model ``name`` takes no adapters while it runs."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name
