"""What an operator may set about the worker, read once at the start."""

import re
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, SecretStr, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from model.checkpoint import EMBEDDED

PREFIX: Final = "GREENLIT_WORKER_"
_TOKEN: Final = re.compile("[!-~]+")
_URL: Final = re.compile(r"https?://[^\s/,@]+(/[^\s,?#]*)?")


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
    adapters: Path | None = None
    """A store of adapters (``greenlit adapters``), of which the active one is worn and swapped while briefs run."""
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
    threads: Annotated[int, Field(ge=1)] | None = None
    """CPU threads of the model; if absent one up to 50 million weights, else one less than there are idle cores."""
    precision: Literal["auto", "fp32", "bf16", "int8"] = "auto"
    """Of the weights on a CPU; ``auto`` is the fastest that changes the scores little."""
    stall: Annotated[float, Field(gt=0)] = 120.0
    """Seconds without a step after which the model hangs: the worker says where, and ends to be started anew."""
    rows: Annotated[int, Field(ge=1, le=4096)] = 128
    """How many texts are written side by side at most (a slate of five begins ten)."""
    memory: Annotated[int, Field(ge=1)] | None = None
    """MiB for what is remembered of texts; if absent a quarter of what is free, on a GPU four fifths."""
    openai_url: str | None = None
    """Servers with OpenAI's completions (vLLM) that write instead; several with commas. ``model`` is the tokenizer."""
    openai_token: SecretStr | None = None
    """What those servers want to hear; also from the file named by ``GREENLIT_WORKER_OPENAI_TOKEN_FILE``."""
    openai_token_file: Path | None = None
    """A file that holds it."""
    openai_model: str | None = None
    """Their name of the model; the first that they have if absent."""

    @property
    def openai_urls(self) -> tuple[str, ...]:
        """The servers one by one."""
        return tuple(url.strip().rstrip("/") for url in (self.openai_url or "").split(",") if url.strip())

    def without_secrets(self) -> Self:
        """Return the same without tokens, and without the files they come from."""
        secret = {name for name, value in self if isinstance(value, SecretStr) or name.endswith("token_file")}
        return self.model_copy(update=dict.fromkeys(secret))

    @model_validator(mode="before")
    @classmethod
    def _read_tokens(cls, values: dict[str, Any]) -> dict[str, Any]:
        for name in ("token", "openai_token"):
            path = values.get(f"{name}_file")
            if path and not values.get(name):
                values = {**values, name: _secret(Path(path), f"{PREFIX}{name}_file".upper())}
        return values

    @field_validator("adapters")
    @classmethod
    def _one_way(cls, adapters: Path | None, info: ValidationInfo) -> Path | None:
        if adapters is not None and info.data.get("adapter") is not None:
            raise ValueError(f"leave out {PREFIX}ADAPTER, or this: adapters are not laid over each other")
        return adapters

    @field_validator("openai_url")
    @classmethod
    def _is_http(cls, urls: str | None) -> str | None:
        if urls and not all(_URL.fullmatch(url.strip()) for url in urls.split(",")):
            raise ValueError("write http://HOST:PORT or https://HOST, several with commas between them")
        return urls

    @field_validator("token", "openai_token")
    @classmethod
    def _fits_a_header(cls, token: SecretStr | None) -> SecretStr | None:
        if token is not None and not _TOKEN.fullmatch(token.get_secret_value()):
            raise ValueError("write one or more letters, digits and signs of ASCII, without spaces")
        return token


def _secret(path: Path, name: str) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ValueError(f"{name}: {error.strerror}: {path}") from error
    except UnicodeDecodeError as error:
        raise ValueError(f"{name}: no text: {path}") from error
