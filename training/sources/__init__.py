"""One file per data set: each reads the published layout unchanged and yields typed, frozen records.

A new source is a new file with a ``SOURCE``; nothing else has to know of it.
"""

import importlib
import pkgutil
from functools import cache
from types import MappingProxyType

from training.sources.base import Source


@cache
def known() -> MappingProxyType[str, Source]:
    """Return every source by its name, in the order of the file names."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    modules = [importlib.import_module(f"{__name__}.{name}") for name in names]
    found = [module.SOURCE for module in modules if hasattr(module, "SOURCE")]
    return MappingProxyType({source.name: source for source in found})
