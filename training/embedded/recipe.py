"""Every number of the recipe, in one frozen value with a line under each field."""

from dataclasses import dataclass, field, replace
from typing import Any, Final, Self

from training.examples import Task
from training.recipe import Preparation

Share = tuple[Task, float, float]
MIX: Final[tuple[Share, ...]] = (
    ("pitch", 0.34, 0.46),
    ("script", 0.20, 0.32),
    ("dialog", 0.05, 0.12),
    ("staging", 0.06, 0.10),
    ("prose", 0.35, 0.0),
)


POLISH: Final[tuple[Share, ...]] = (
    ("pitch", 0.52, 0.52),
    ("script", 0.28, 0.28),
    ("dialog", 0.12, 0.12),
    ("staging", 0.08, 0.08),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How the embedded writer is made."""

    name: str = "writer-v1"
    """What the checkpoint is called."""
    vocabulary: int = 6144
    """Tokens of the vocabulary."""
    width: int = 256
    """Channels of the hidden state."""
    layers: int = 4
    """Blocks."""
    heads: int = 4
    """Attention heads of a block."""
    hidden: int = 704
    """Channels inside the feed-forward."""
    context: int = 1024
    """Positions the checkpoint declares."""
    preparation: Preparation = field(
        default=Preparation(
            only=("streaming", "wikipedia-movies", "plays", "prose"),
            publishable=True, modern=True, names=40, words=150, speech=45, draws=3,
        )
    )  # fmt: skip
    """How the data becomes entries."""
    row: int = 768
    """Positions of a training row; longer documents are cut."""
    micro_batch: int = 6
    """Rows computed at once."""
    accumulate: int = 1
    """Micro-batches of one step."""
    steps: int = 4000
    """Optimizer steps of the whole run."""
    matrix_rate: float = 0.02
    """Peak learning rate of the matrices (Muon)."""
    vector_rate: float = 0.003
    """Peak learning rate of embedding and norms (AdamW)."""
    weight_decay: float = 0.05
    """Decay of the matrices."""
    warm_up: float = 0.04
    """Share of the steps in which the rates rise."""
    cool_down: float = 0.5
    """Share of the steps, the last ones, in which the rates fall."""
    floor: float = 0.02
    """Least share of the peak rate; never 0."""
    mix: tuple[Share, ...] = field(default=MIX)
    """Share of each task in the positions at the start and from ``settled`` on."""
    settled: float = 0.45
    """Share of the run after which the mix no longer changes."""
    polish_steps: int = 1600
    """Steps of the last part of the run, over the best entries (:mod:`training.embedded.polish`)."""
    polish_share: float = 0.5
    """Share of the peak rates that it begins with."""
    polish_mix: tuple[Share, ...] = field(default=POLISH)
    """Share of each task in its positions."""
    save_every: int = 50
    """Steps between checkpoints a killed run resumes from."""
    seed: int = 7
    """What every draw starts from."""

    @classmethod
    def of(cls, written: dict[str, Any]) -> Self:
        """Return the recipe that was written down as JSON by ``dataclasses.asdict``."""
        prepared = written["preparation"]
        preparation = Preparation(**{**prepared, "only": tuple(prepared["only"])})
        mixes: dict[str, Any] = {
            name: tuple(map(tuple, written[name])) for name in ("mix", "polish_mix") if name in written
        }
        return cls(**{**written, **mixes, "preparation": preparation})

    def polishing(self) -> Self:
        """Return the recipe of the last part: lower rates that fall to its end, another mix."""
        share = self.polish_share
        return replace(
            self,
            steps=self.polish_steps,
            cool_down=1 - self.warm_up,
            mix=self.polish_mix,
            matrix_rate=share * self.matrix_rate,
            vector_rate=share * self.vector_rate,
        )

    def rate(self, step: int) -> float:
        """Return the share of the peak rates at ``step`` (0 is the first): up, flat, down; always positive."""
        rise = (step + 1) / max(1.0, self.warm_up * self.steps)
        fall = (self.steps - step) / max(1.0, self.cool_down * self.steps)
        return max(self.floor, min(1.0, rise, fall))

    def share(self, task: Task, progress: float) -> float:
        """Return the share of ``task`` in the positions when ``progress`` (0..1) of the run is done."""
        done = min(1.0, progress / self.settled)
        return sum(start + (end - start) * done for name, start, end in self.mix if name == task)
