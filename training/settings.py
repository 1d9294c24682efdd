"""What an operator may set about retraining, read once when the watcher starts."""

from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from model.checkpoint import EMBEDDED

DEFAULT_DATABASE: Final = "sqlite:///var/greenlit.db"
Some = Annotated[int, Field(ge=1)]


class TrainerSettings(BaseSettings):
    """``GREENLIT_TRAIN_*``, and the database, model and store of adapters that bot and worker use.

    Raises:
        ValidationError: a value is wrong; its ``loc`` names the field.
    """

    model_config = SettingsConfigDict(
        env_prefix="GREENLIT_",
        env_file=".env",
        frozen=True,
        extra="ignore",
        env_ignore_empty=True,
        hide_input_in_errors=True,
    )

    database_url: SecretStr | None = None
    database_url_file: Path | None = None
    worker_model: str = str(EMBEDDED)
    """The base; it must be the worker's."""
    worker_adapters: Path = Path("var/adapters")
    """The store of adapters; it must be the worker's."""

    train_runs: Path = Path("runs")
    """Where runs are kept."""
    train_corpus: Path | None = None
    """A prepared corpus (``greenlit train prepare``) that must not be forgotten; the writer's own texts if absent."""
    train_method: Literal["lora", "lora8", "qlora"] = "lora"
    """LoRA over weights in full precision, 8 bits or 4 bits."""
    train_batch: Annotated[int, Field(ge=1, le=16)] = 8
    """Pairs computed at once; of 16 a step."""
    train_checkpointing: bool = False
    """Compute activations twice to save memory."""
    train_slates: Some = 20
    """Slates with a winner below which nothing is trained."""
    train_voters: Some = 5
    """Members who voted, below which nothing is trained."""
    train_judges: Some = 5
    """Slates kept for judging, below which nothing is trained."""
    train_keep: Some = 5
    """Adapters that are kept."""
    train_after: Annotated[int, Field(ge=0)] = 0
    """Votes since the last run after which a new one is queued by itself; 0 never does."""
    train_lease: Annotated[float, Field(gt=0)] = 60.0
    """Seconds without a sign of life after which another watcher takes a run over."""
    train_period: Annotated[float, Field(gt=0)] = 2.0
    """Seconds between two looks, and two signs of life."""

    def database(self) -> str:
        """Return the address of the database.

        Raises:
            OSError: the file that should hold it cannot be read.
        """
        if self.database_url:
            return self.database_url.get_secret_value()
        if self.database_url_file:
            return self.database_url_file.read_text("utf-8").strip()
        return DEFAULT_DATABASE
