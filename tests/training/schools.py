"""Retrainings small enough for a test: a tiny base, few steps, a gate that hardly looks."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.training.community import Room as Community
from training.feedback import Minimum
from training.gate import Amount, Bounds
from training.replay import Writing
from training.retrain import Schooling

TITLES = ["The Key", "Low Tide", "Two Goats"]
THREE = {"page:a": "Low Tide", "page:b": "Low Tide", "page:c": "The Key"}
SMALL: dict[str, Any] = {"context": 64, "batch": 4, "accumulate": 1, "rank": 4, "save_every": 3}


def small(**changes: Any) -> Schooling:  # noqa: ANN401 -- any field of a schooling
    usual = Schooling()
    return replace(
        usual,
        sft=replace(usual.sft, **SMALL),
        dpo=replace(usual.dpo, **SMALL, rate=5e-3, epochs=2),
        minimum=Minimum(slates=3, voters=2, judges=1),
        bounds=Bounds(bits=9.0, parsed=1.1, original=1.1, coarse=1.1, distinct=1.1),
        amount=Amount(entries=4, slates=1),
        writing=Writing(slates=1, pages=1),
        **changes,
    )


async def has_voted(community: Community, slates: int = 10) -> None:
    """Close some equal slates: most take "Low Tide"."""
    for _ in range(slates):
        await community.slate(TITLES, THREE)


def weights(folder: Path) -> bytes:
    return (folder / "adapter_model.safetensors").read_bytes()
