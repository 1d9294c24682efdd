"""The bot's settings: read once at the start from the environment, a ``.env`` file, or ``*_FILE`` for secrets."""

from datetime import time
from pathlib import Path
from typing import Annotated, Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AnyHttpUrl, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

PREFIX: Final = "GREENLIT_"
DEFAULT_DATABASE: Final = "sqlite:///var/greenlit.db"


class BotSettings(BaseSettings):
    """Every value has a default that works on a laptop; ``.env.example`` lists them."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_file=".env", env_ignore_empty=True, frozen=True, extra="ignore"
    )

    database_url: SecretStr | None = None
    """SQLite file or PostgreSQL server; secret, because it may hold a password."""
    database_url_file: Path | None = None
    worker_url: str = "http://127.0.0.1:8577"
    worker_token: SecretStr | None = None
    worker_token_file: Path | None = None

    discord_token: SecretStr | None = None
    """Without it the bot serves the page and the clock only."""
    discord_token_file: Path | None = None
    discord_api: str | None = None
    discord_gateway: str | None = None
    owners: Annotated[frozenset[int], NoDecode] = frozenset()
    """Discord ids of those who may retrain, besides each server's administrators: ``123, 456``."""

    web_host: str = "127.0.0.1"
    web_port: int = Field(default=8576, ge=0, le=65535)
    api_token: SecretStr | None = None
    """Opens the JSON interface at /api to whoever bears it."""
    api_token_file: Path | None = None

    outbox: Path = Path("var/outbox")
    fonts: Path | None = None
    """A folder of fonts for what ours cannot draw (Chinese, emoji); asked before the machine's own."""
    post_at: time = time(12, 0)
    """When the daily show goes out, in ``zone``; keep it between 04:00 and 23:00 (daylight saving)."""
    zone: str = "UTC"
    approval: bool = False
    """Whether the show of the day waits until somebody approves it, on the page or in ``approval_channel``."""
    approval_channel: int | None = None
    """The Discord channel in which the bot's owners are asked."""
    retention_days: int = Field(default=90, ge=1)
    """After so many days slates and scripts lose the name of who asked, unless they opted in to training."""
    drain_seconds: float = Field(default=20.0, ge=0)
    lag_log: float | None = Field(default=None, gt=0)
    """Every so many seconds the worst lag of the event loop is logged; absent: never."""

    twitter_consumer_key: SecretStr | None = None
    twitter_consumer_secret: SecretStr | None = None
    twitter_access_token: SecretStr | None = None
    twitter_access_token_secret: SecretStr | None = None
    twitter_consumer_key_file: Path | None = None
    twitter_consumer_secret_file: Path | None = None
    twitter_access_token_file: Path | None = None
    twitter_access_token_secret_file: Path | None = None

    bluesky_handle: str | None = None
    bluesky_password: SecretStr | None = None
    """An app password, never the account's own."""
    bluesky_password_file: Path | None = None
    bluesky_host: str | None = None
    mastodon_instance: str | None = None
    mastodon_token: SecretStr | None = None
    mastodon_token_file: Path | None = None
    mastodon_visibility: Literal["public", "unlisted", "private"] = "public"
    mastodon_warning: str = ""
    """Words behind which every post is hidden there."""
    webhook_url: SecretStr | None = None
    """Secret, because it may hold a password."""
    webhook_url_file: Path | None = None
    webhook_secret: SecretStr | None = None
    webhook_secret_file: Path | None = None
    accounts: Path | None = None
    """A TOML file with further accounts."""
    catch_up_days: int = Field(default=0, ge=0, le=30)
    """How many days that the room was closed are still posted once it is open again."""

    @field_validator("owners", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return value.strip("[] ").replace(",", " ").split() if isinstance(value, str) else value

    @field_validator("worker_url")
    @classmethod
    def _an_address(cls, url: str) -> str:
        try:
            AnyHttpUrl(url)
        except ValidationError as error:
            raise ValueError(f"{url!r} is no address; write one like http://127.0.0.1:8577") from error
        return url

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"{name!r} is no time zone; write one like Europe/Berlin") from error
        return name

    @field_validator("post_at")
    @classmethod
    def _local(cls, at: time) -> time:
        if at.tzinfo is not None:
            raise ValueError("write it as HH:MM; its time zone is GREENLIT_ZONE")
        return at

    def database(self) -> str:
        """Return the address of the database: a SQLite file of ours unless something else is set.

        Raises:
            OSError: the file that should hold it cannot be read.
        """
        url = self.secret("database_url")
        return url.get_secret_value() if url else DEFAULT_DATABASE

    def secret(self, name: str) -> SecretStr | None:
        """Return the secret ``name`` from its variable, or from the file that ``name_FILE`` names; None if empty.

        Raises:
            OSError: the file cannot be read.
        """
        value: SecretStr | None = getattr(self, name)
        file: Path | None = getattr(self, f"{name}_file", None)
        if value is None and file:
            value = SecretStr(file.read_text(encoding="utf-8").strip())
        return value or None
