"""Every number of preparing, fine-tuning and judging, in three frozen values with a line under each field."""

from dataclasses import dataclass, fields
from math import cos, isfinite, pi
from pathlib import Path
from types import UnionType
from typing import Any, Final, Literal, Self, get_args

MAX_SEED: Final = 2**32 - 1  # what numpy takes
Method = Literal["full", "lora", "lora8", "qlora"]
Schedule = Literal["linear", "cosine", "constant"]
Precision = Literal["auto", "fp32", "bf16"]
RATES: Final[dict[Method, float]] = {"full": 2e-4, "lora": 1e-3, "lora8": 1e-3, "qlora": 1e-3}


_CHOICES: Final[dict[str, tuple[str, ...]]] = {
    "method": get_args(Method),
    "schedule": get_args(Schedule),
    "precision": get_args(Precision),
}
_MOST: Final = {"steps": 10_000_000, "epochs": 10_000, "batch": 65_536, "accumulate": 65_536, "rank": 65_536}
_WHOLE: Final = ("rank", "alpha", "context", "batch", "accumulate", "steps", "save_every", "patience", "sample_every")
_BROKEN: Final = ("dropout", "epochs", "rate", "warm_up", "weight_decay", "clip")
_KINDS: Final[dict[str, type | UnionType]] = {
    **dict.fromkeys(("base", "adapter"), str),
    **dict.fromkeys((*_WHOLE, "seed"), int),
    **dict.fromkeys(_BROKEN, int | float),
}
_KIND_NAMES: Final[dict[type | UnionType, str]] = {str: "a name", int: "a whole number", int | float: "a number"}


class BadRecipeError(ValueError):
    """``field`` of a recipe has a ``value`` that makes no sense; ``wanted`` says what would."""

    def __init__(self, field: str, value: object, wanted: str) -> None:
        super().__init__(f"{field}={value!r}")
        self.field, self.value, self.wanted = field, value, wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How a writer is fine-tuned.

    Raises:
        BadRecipeError: a number makes no sense.
    """

    base: str
    """A checkpoint folder, or the name of a causal language model on the Hugging Face Hub."""
    adapter: str = ""
    """A folder with LoRA weights to go on from, instead of fresh ones; their rank, scale and layers count."""
    method: Method = "lora"
    """All weights, or LoRA over weights in full precision, in 8 bits, or in 4 bits (QLoRA)."""
    rank: int = 16
    """Rank of the LoRA matrices."""
    alpha: int = 32
    """Scale of the LoRA matrices; they count ``alpha / rank``."""
    dropout: float = 0.05
    """Share of LoRA inputs dropped in training."""
    targets: tuple[str, ...] = ()
    """Names of the linear layers that get LoRA matrices; all but the output layer if empty."""
    context: int = 0
    """Positions of a training row; the model's own, but at most 1,024, if 0."""
    packed: bool = True
    """Lay several entries into one row, none seeing another; without it every entry is padded to a row."""
    batch: int = 4
    """Rows computed at once on one device."""
    accumulate: int = 2
    """Batches of one optimizer step."""
    epochs: float = 1.0
    """Times every entry is read; ``steps`` overrides it."""
    steps: int = 0
    """Optimizer steps; as many as ``epochs`` need if 0."""
    rate: float = 0.0
    """Peak learning rate; one that suits the method if 0."""
    warm_up: float = 0.03
    """Share of the steps in which the rate rises."""
    schedule: Schedule = "cosine"
    """How the rate falls after that."""
    weight_decay: float = 0.01
    """Decay of the weights (AdamW)."""
    clip: float = 1.0
    """Largest norm of the gradient."""
    precision: Precision = "auto"
    """What is computed in; bf16 on CUDA and fp32 on a CPU if ``auto``."""
    checkpointing: bool = False
    """Compute activations twice to save memory."""
    save_every: int = 50
    """Steps between held-out scores, and between checkpoints a killed run resumes from."""
    patience: int = 5
    """Held-out scores in a row without a better one after which the run ends; 0 goes on to the end."""
    sample_every: int = 0
    """Steps between samples of what the model writes by then; as often as it is saved if 0."""
    seed: int = 7
    """What every draw starts from."""

    def __post_init__(self) -> None:
        for name, kinds in _KINDS.items():
            self._require(name, _KIND_NAMES[kinds], ok=isinstance(getattr(self, name), kinds))
        for name, choices in _CHOICES.items():
            self._require(name, f"one of {', '.join(choices)}", ok=getattr(self, name) in choices)
        self._require("targets", "several names", ok=isinstance(self.targets, tuple))
        for name in ("rank", "alpha", "batch", "accumulate", "save_every"):
            self._require(name, "1 or more", ok=getattr(self, name) >= 1)
        for name, most in _MOST.items():
            self._require(name, f"at most {most:,}", ok=getattr(self, name) <= most)
        for name in ("context", "steps", "rate", "patience", "sample_every", "weight_decay", "seed"):
            self._require(name, "0 or more", ok=getattr(self, name) >= 0)
        for name in ("rate", "weight_decay", "clip", "epochs"):
            self._require(name, "a finite number", ok=isfinite(getattr(self, name)))
        self._require("seed", f"at most {MAX_SEED}", ok=self.seed <= MAX_SEED)
        self._require("epochs", "more than 0", ok=self.epochs > 0)
        self._require("clip", "more than 0", ok=self.clip > 0)
        self._require("dropout", "from 0 to below 1", ok=0 <= self.dropout < 1)
        self._require("adapter", "left out where all weights learn", ok=not self.adapter or self.method != "full")
        self._require("warm_up", "from 0 to 1", ok=0 <= self.warm_up <= 1)

    def _require(self, name: str, wanted: str, *, ok: bool) -> None:
        if not ok:
            raise BadRecipeError(name, getattr(self, name), wanted)

    @property
    def peak(self) -> float:
        """The highest learning rate of the run."""
        return self.rate or RATES[self.method]

    def share(self, step: int, steps: int) -> float:
        """Return the share of the peak rate at ``step`` (0 is the first) of ``steps``; above 0 at every one of them."""
        rising = self.warm_up * steps
        if step + 1 < rising:
            return (step + 1) / rising
        done = (step - rising) / max(1.0, steps - rising) if step > rising else 0.0
        match self.schedule:
            case "constant":
                return 1.0
            case "linear":
                return 1 - done
            case "cosine":
                return 0.5 * (1 + cos(pi * done))

    @classmethod
    def of(cls, written: dict[str, Any]) -> Self:
        """Return the recipe that was written down as JSON by ``dataclasses.asdict``.

        Raises:
            BadRecipeError: it was written by another version.
        """
        known = {field.name for field in fields(cls)}
        if strange := sorted(set(written) - known):
            raise BadRecipeError(strange[0], written[strange[0]], "no such field in this version")
        return cls(**{**written, "targets": tuple(written.get("targets", ()))})


@dataclass(frozen=True, slots=True, kw_only=True)
class Preparation:
    """How raw data becomes entries."""

    only: tuple[str, ...] = ()
    """Names of the sources to use; all that are there if empty."""
    publishable: bool = False
    """Leave out what may not go into published weights."""
    words: int = 220
    """Words of a page at most; a script with its brief then fits into about 600 tokens."""
    speech: int = 100
    """Words of a speech at most; a longer one is cut to its first sentences."""
    draws: int = 2
    """Pitches a show brings, each with another of its themes and genres."""
    phrases: int = 3
    """Themes looked for in a summary."""
    diversity: float | None = None
    """0 to 1: choose themes by maximal marginal relevance; without it the nearest ones."""
    strongest: Literal["clean", "mild", "strong"] = "mild"
    """The strongest language an entry may have; slurs are never let in."""
    diversified: bool = True
    """Give every work given names of its own."""
    names: int = 0
    """Given names of each sex to draw from, the most frequent of their decade; all if 0."""
    modern: bool = False
    """Play every work today: names of people born lately, and no page of archaic talk or dialect."""
    most: int = 0
    """Records used of each source, evenly spread over it; all if 0."""
    seed: int = 7
    """What every draw starts from."""

    def __post_init__(self) -> None:
        for name, least in (
            ("words", 40),
            ("speech", 10),
            ("draws", 1),
            ("phrases", 1),
            ("names", 0),
            ("most", 0),
            ("seed", 0),
        ):
            if getattr(self, name) < least:
                raise BadRecipeError(name, getattr(self, name), f"{least} or more")
        if self.diversity is not None and not 0 <= self.diversity <= 1:
            raise BadRecipeError("diversity", self.diversity, "from 0 to 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Judging:
    """Which model is judged, and on how much."""

    model: str | None = None
    """A checkpoint folder, or a name on the Hugging Face Hub; the embedded writer if absent."""
    adapter: Path | None = None
    """A folder with LoRA weights over it."""
    run: str | None = None
    """A finished run, instead of model and adapter."""
    against: Path | None = None
    """Training data to look for copies in: a folder of data sets, too."""
    held_out: bool = False
    """Judge only by works that training holds out; by all of them if not."""
    entries: int = 200
    """Entries scored, a task."""
    briefs: int = 20
    """Briefs written to, a task; with 0 it only scores."""
    seed: int = 0
    """For the same figures again."""
    plots: Path | None = None
    """A folder for plots."""

    def __post_init__(self) -> None:
        for name, least in (("entries", 1), ("briefs", 0), ("seed", 0)):
            if getattr(self, name) < least:
                raise BadRecipeError(name, getattr(self, name), f"{least} or more")
        if self.run and (self.model or self.adapter):
            raise BadRecipeError("run", self.run, "either a run, or a model with an adapter")
