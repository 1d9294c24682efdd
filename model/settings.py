"""What an operator may set about the worker, read once at the start."""

import re
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from model.checkpoint import EMBEDDED

PREFIX: Final = "GREENLIT_WORKER_"
_TOKEN: Final = re.compile("[!-~]+")


class WorkerSettings(BaseSettings):
    """``GREENLIT_WORKER_*``; every field has a default that works on a laptop.

    Raises:
        ValidationError: a value is wrong; its ``loc`` names the field.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, frozen=True, extra="ignore", env_ignore_empty=True, hide_input_in_errors=True
    )

    host: str = "127.0.0.1"
    """Where to listen; anything but the loopback needs a token."""
    port: Annotated[int, Field(ge=0, le=65535)] = 8577
    """0 lets the system choose."""
    token: SecretStr | None = None
    """What the bot must say; also from the file named by ``GREENLIT_WORKER_TOKEN_FILE``."""
    token_file: Path | None = None
    """A file that holds the token (a mounted secret)."""
    model: str = str(EMBEDDED)
    """A folder, the name of a model on the Hugging Face Hub, or ``fake`` for the double that tests and plays use."""
    fake_pause: Annotated[float, Field(ge=0)] = 0.0
    """Seconds the double waits before each word."""
    adapter: Path | None = None
    """A folder with LoRA weights."""
    quantize: Literal["none", "8bit", "4bit"] = "none"
    """Smaller weights, on CUDA with bitsandbytes."""
    titles: Path = EMBEDDED / "titles.trie"
    """The index of shows that exist."""
    genres: Path = EMBEDDED / "genres.json"
    """Which words speak for a genre: of several beginnings of a pitch those that fit are finished."""
    capacity: Annotated[int, Field(ge=0)] = 32
    """How many briefs may wait."""
    at_once: Annotated[int, Field(ge=1)] = 8
    """How many briefs are written together; a slate is up to twice as many rows as it has pitches."""
    threads: Annotated[int, Field(ge=1)] = 1
    """CPU threads of the model; one is fastest up to about 50 million weights."""

    @model_validator(mode="before")
    @classmethod
    def _read_token(cls, values: dict[str, Any]) -> dict[str, Any]:
        path = values.get("token_file")
        if path and not values.get("token"):
            try:
                values = {**values, "token": Path(path).read_text(encoding="utf-8").strip()}
            except OSError as error:
                raise ValueError(f"{PREFIX}TOKEN_FILE: {error.strerror}: {path}") from error
            except UnicodeDecodeError as error:
                raise ValueError(f"{PREFIX}TOKEN_FILE: no text: {path}") from error
        return values

    @field_validator("token")
    @classmethod
    def _fits_a_header(cls, token: SecretStr | None) -> SecretStr | None:
        if token is not None and not _TOKEN.fullmatch(token.get_secret_value()):
            raise ValueError("write one or more letters, digits and signs of ASCII, without spaces")
        return token
