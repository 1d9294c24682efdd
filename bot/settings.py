"""The bot's settings: read once at the start from the environment, a ``.env`` file, or ``*_FILE`` for secrets."""

from datetime import time
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

DEFAULT_DATABASE = "sqlite:///var/greenlit.db"


class BotSettings(BaseSettings):
    """Every value has a default that works on a laptop; ``.env.example`` lists them."""

    model_config = SettingsConfigDict(env_prefix="GREENLIT_", env_file=".env", frozen=True, extra="ignore")

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
    owners: frozenset[int] = frozenset()
    """Discord ids of those who may retrain, besides each server's administrators."""

    web_host: str = "127.0.0.1"
    web_port: int = Field(default=8576, ge=0, le=65535)
    api_token: SecretStr | None = None
    """Opens the JSON interface at /api to whoever bears it."""
    api_token_file: Path | None = None

    outbox: Path = Path("var/outbox")
    post_at: time = time(12, 0)
    """When the daily show goes out, in ``zone``; keep it between 04:00 and 23:00 (daylight saving)."""
    zone: str = "UTC"
    drain_seconds: float = Field(default=20.0, ge=0)

    twitter_consumer_key: SecretStr | None = None
    twitter_consumer_secret: SecretStr | None = None
    twitter_access_token: SecretStr | None = None
    twitter_access_token_secret: SecretStr | None = None

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"{name!r} is no time zone; write one like Europe/Berlin") from error
        return name

    def database(self) -> str:
        """Return the address of the database: a SQLite file of ours unless something else is set.

        Raises:
            OSError: the file that should hold it cannot be read.
        """
        url = self.secret("database_url")
        return url.get_secret_value() if url else DEFAULT_DATABASE

    def secret(self, name: str) -> SecretStr | None:
        """Return the secret ``name`` from its variable, or from the file that ``name_FILE`` names; None if unset.

        Raises:
            OSError: the file cannot be read.
        """
        value: SecretStr | None = getattr(self, name)
        if value is not None:
            return value
        file: Path | None = getattr(self, f"{name}_file", None)
        return SecretStr(file.read_text().strip()) if file else None
