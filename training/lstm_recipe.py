"""Every number of an LSTM's training, in one frozen value with a line under each field."""

from dataclasses import dataclass

from training.recipe import BadRecipeError


@dataclass(frozen=True, slots=True, kw_only=True)
class LstmRecipe:
    """How an LSTM is trained.

    Raises:
        BadRecipeError: a number makes no sense.
    """

    name: str = "lstm"
    """What the checkpoint is called."""
    min_frequency: int = 2
    """Times a word must stand in the text to be in the vocabulary."""
    embedding: int = 100
    """Channels of a word."""
    hidden: int = 512
    """Channels of a layer."""
    layers: int = 3
    """LSTM layers."""
    dropout: float = 0.3
    """Share of the last layer's channels dropped in training."""
    length: int = 30
    """Tokens the gradient goes back through."""
    batch: int = 32
    """Streams read side by side."""
    rate: float = 1e-3
    """Learning rate of Adam at the start."""
    clip: float = 2.0
    """Largest norm of the gradient."""
    patience: int = 2
    """Epochs in a row without a better held-out score that are borne before the rate falls."""
    factor: float = 0.5
    """What the rate is multiplied with then."""
    epochs: int = 15
    """Times the text is read."""
    save_every: int = 100
    """Steps between checkpoints a killed run resumes from."""
    seed: int = 7
    """What every draw starts from."""

    def __post_init__(self) -> None:
        for name in ("min_frequency", "embedding", "hidden", "layers", "length", "batch", "epochs", "save_every"):
            self._require(name, "1 or more", ok=getattr(self, name) >= 1)
        for name in ("rate", "clip"):
            self._require(name, "more than 0", ok=getattr(self, name) > 0)
        for name in ("patience", "seed"):
            self._require(name, "0 or more", ok=getattr(self, name) >= 0)
        self._require("dropout", "from 0 to below 1", ok=0 <= self.dropout < 1)
        self._require("factor", "between 0 and 1", ok=0 < self.factor < 1)

    def _require(self, name: str, wanted: str, *, ok: bool) -> None:
        if not ok:
            raise BadRecipeError(name, getattr(self, name), wanted)
