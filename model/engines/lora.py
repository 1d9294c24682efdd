"""LoRA laid over a network at run time: several adapters loaded, each row of a batch with its own, or with none.

The matrices of all adapters that a batch needs stand side by side; every row multiplies with all of them, and a mask
leaves only its own. One masked product instead of one a group of rows: docs/experiments.md says what that saves.
"""

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch
from safetensors.torch import load_file
from torch import Tensor

from model.checkpoint import BrokenCheckpointError
from model.engines.linear import product

CONFIG: Final = "adapter_config.json"
WEIGHTS: Final = "adapter_model.safetensors"
_NAME: Final = re.compile(r"base_model\.model\.(.+)\.lora_([AB])\.weight")
_REFUSED: Final = (
    "use_dora",
    "modules_to_save",
    "layer_replication",
    "use_qalora",
    "lora_bias",
    "trainable_token_indices",
)
_MIXES: Final = 8  # mixtures of adapters kept ready

Pair = tuple[Tensor, Tensor]
"""Down [rank, in] and up [out, rank], the scale multiplied in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Where a module's outputs stand: in the projection ``key``, ``size`` of them from ``start``, in ``order``.

    ``inside`` is how many numbers a row brings to it.
    """

    key: str
    start: int
    size: int
    inside: int
    order: Tensor | None


@dataclass(frozen=True, slots=True)
class Adapter:
    """One adapter for one network: a pair of matrices a projection."""

    pairs: Mapping[str, Pair]


def read(folder: Path, sites: Mapping[str, Site], outputs: Mapping[str, int], like: Tensor) -> Adapter:
    """Return the adapter in ``folder`` for the network with these ``sites``, on the device and of the type of ``like``.

    ``outputs`` is the size of every projection.

    Raises:
        BrokenCheckpointError: it is another model's, is not whole, or does more than plain LoRA.
    """
    config, found = _config(folder), _matrices(folder)
    pairs: dict[str, list[Pair]] = {}
    for name, halves in sorted(found.items()):
        site = sites.get(name)
        if site is None or not _fits(halves, site):
            raise BrokenCheckpointError(folder, f"made for another model: {name}")
        try:
            scale = _scale(config, name, len(halves["A"]))
        except (KeyError, TypeError, ValueError, AttributeError, re.error) as error:
            raise BrokenCheckpointError(folder / CONFIG, f"no scale for {name}") from error
        down, up = halves["A"].to(like), halves["B"].to(like) * scale
        placed = up.new_zeros(outputs[site.key], up.shape[1])
        placed[site.start : site.start + site.size] = up if site.order is None else up[site.order]
        pairs.setdefault(site.key, []).append((down, placed))
    return Adapter({key: _beside(several) for key, several in pairs.items()})


def _fits(halves: Mapping[str, Tensor], site: Site) -> bool:
    """Say whether both halves are there, agree on a rank, and take and give what the place does."""
    if set(halves) != {"A", "B"} or any(half.ndim != 2 for half in halves.values()):
        return False
    (rank, inside), (outside, same) = halves["A"].shape, halves["B"].shape
    return rank == same > 0 and inside == site.inside and outside == site.size


def _config(folder: Path) -> dict[str, Any]:
    try:
        config: dict[str, Any] = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        kind, more = config["peft_type"], [name for name in _REFUSED if config.get(name)]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BrokenCheckpointError(folder / CONFIG, "unreadable") from error
    if kind != "LORA" or more or config.get("bias", "none") != "none":
        raise BrokenCheckpointError(folder, f"no plain LoRA: {', '.join(more) or kind}")
    return config


def _matrices(folder: Path) -> dict[str, dict[str, Tensor]]:
    try:
        weights = load_file(folder / WEIGHTS)
    except Exception as error:  # safetensors raises one bare kind for whatever it cannot read
        raise BrokenCheckpointError(folder / WEIGHTS, "unreadable") from error
    found: dict[str, dict[str, Tensor]] = {}
    for key, tensor in weights.items():
        if (match := _NAME.fullmatch(key)) is None:
            raise BrokenCheckpointError(folder, f"no plain LoRA: {key}")
        found.setdefault(match[1], {})[match[2]] = tensor
    if not found:
        raise BrokenCheckpointError(folder / WEIGHTS, "there is nothing in it")
    return found


def _scale(config: Mapping[str, Any], name: str, rank: int) -> float:
    alpha = _patterned(config.get("alpha_pattern"), name, config["lora_alpha"])
    scale = float(alpha) / (math.sqrt(rank) if config.get("use_rslora") else rank)
    if not math.isfinite(scale):
        raise ValueError(f"{alpha} is no scale")
    return scale


def _patterned(pattern: Mapping[str, float] | None, name: str, usual: float) -> float:
    fitting = (value for key, value in (pattern or {}).items() if re.fullmatch(rf"(.*\.)?({key})", name))
    return next(fitting, usual)


def _beside(pairs: Sequence[Pair]) -> Pair:
    return torch.cat([down for down, _ in pairs]), torch.cat([up for _, up in pairs], 1)


class Adapted:
    """What the rows of one batch have laid over; made by :meth:`Wardrobe.adapted`."""

    def __init__(self, pairs: Mapping[str, Pair], masks: Mapping[str, Tensor] | None) -> None:
        self._pairs, self._masks = pairs, masks

    def add(self, key: str, x: Tensor, y: Tensor) -> Tensor:
        """Return ``y`` [n, out] with what the adapters make of ``x`` [n, in] in the projection ``key``."""
        if (pair := self._pairs.get(key)) is None:
            return y
        low = product(x, pair[0])
        if self._masks is not None:
            low = low * self._masks[key]
        return y + product(low, pair[1])


class Wardrobe:
    """The adapters that are loaded over one network, by name."""

    def __init__(self) -> None:
        self._adapters: dict[str, Adapter] = {}
        self._mixed: dict[tuple[str, ...], tuple[dict[str, Pair], dict[str, Tensor]]] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """What is loaded."""
        return tuple(self._adapters)

    def adapter(self, name: str) -> Adapter:
        """Return what is loaded as ``name``."""
        return self._adapters[name]

    def hang(self, name: str, adapter: Adapter) -> None:
        """Keep ``adapter`` as ``name``, in place of one of that name."""
        self._adapters = {**self._adapters, name: adapter}
        self._mixed.clear()

    def drop(self, name: str) -> None:
        """Forget ``name``."""
        self._adapters = {key: adapter for key, adapter in self._adapters.items() if key != name}
        self._mixed.clear()

    def adapted(self, worn: Sequence[str | None]) -> Adapted | None:
        """Return what to lay over rows of which number i wears ``worn[i]``; None if nobody wears anything.

        Raises:
            KeyError: an adapter is not loaded.
        """
        names = tuple(sorted({name for name in worn if name}))
        if not names:
            return None
        if len(names) == 1 and None not in worn:
            return Adapted(self._adapters[names[0]].pairs, None)
        pairs, owners = self._mix(names)
        device = next(iter(owners.values())).device
        whose = torch.tensor([names.index(name) if name else -1 for name in worn], device=device)[:, None]
        return Adapted(pairs, {key: (owner == whose).to(pairs[key][0].dtype) for key, owner in owners.items()})

    def _mix(self, names: tuple[str, ...]) -> tuple[dict[str, Pair], dict[str, Tensor]]:
        if names not in self._mixed:
            if len(self._mixed) == _MIXES:
                self._mixed.clear()
            pairs, owners = {}, {}
            for key in {key for name in names for key in self._adapters[name].pairs}:
                have = [
                    (number, self._adapters[name].pairs[key])
                    for number, name in enumerate(names)
                    if key in self._adapters[name].pairs
                ]
                pairs[key] = _beside([pair for _, pair in have])
                owners[key] = torch.cat(
                    [torch.full((len(pair[0]),), number, device=pair[0].device) for number, pair in have]
                )
            self._mixed[names] = pairs, owners
        return self._mixed[names]
