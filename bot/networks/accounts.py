"""Which accounts of ours the daily show goes to: one a network from the settings, several from a TOML file."""

import stat
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationError

from bot.networks.base import Network
from bot.networks.bluesky import HOST, Bluesky
from bot.networks.mastodon import Mastodon
from bot.networks.outbox import Outbox
from bot.networks.webhook import Webhook
from bot.settings import PREFIX, BotSettings

_FILE: Final = "_file"


class AccountsUnusableError(ValueError):
    """The accounts at ``path`` cannot be read or make no sense; ``reason`` holds no secret."""

    def __init__(self, path: Path | str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path, self.reason = path, reason


def _address(url: str) -> str:
    scheme, _, rest = url.partition("://")
    if scheme not in {"http", "https"} or not rest.strip("/") or not url.isprintable() or " " in url:
        raise ValueError("this is no address; write one like https://example.org")
    return url


def _secret_address(url: SecretStr) -> SecretStr:
    _address(url.get_secret_value())
    return url


def _not_empty(secret: SecretStr) -> SecretStr:
    if not secret.get_secret_value().strip():
        raise ValueError("it is empty")
    return secret


Word = Annotated[str, Field(min_length=1, max_length=200)]
Secret = Annotated[SecretStr, AfterValidator(_not_empty)]


class _Account(BaseModel):
    """One account, as it is written down."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def network(self) -> Network:
        """Return the network that posts by this account."""
        raise NotImplementedError


class BlueskyAccount(_Account):
    """An app password, never the account's own."""

    handle: Word
    password: Secret
    host: Annotated[str, AfterValidator(_address)] = HOST

    def network(self) -> Network:
        """Return Bluesky with this account."""
        return Bluesky(handle=self.handle, password=self.password, host=self.host)


class MastodonAccount(_Account):
    """A token with the scopes ``read:accounts``, ``read:statuses``, ``write:media`` and ``write:statuses``."""

    instance: Annotated[str, AfterValidator(_address)]
    token: Secret
    visibility: Literal["public", "unlisted", "private"] = "public"
    warning: Annotated[str, Field(max_length=100)] = ""
    label: str = ""

    def network(self) -> Network:
        """Return Mastodon with this account."""
        return Mastodon(
            instance=self.instance,
            token=self.token,
            visibility=self.visibility,
            warning=self.warning,
            label=self.label,
        )


class TwitterAccount(_Account):
    """The four keys of OAuth 1.0a."""

    consumer_key: Secret
    consumer_secret: Secret
    access_token: Secret
    access_token_secret: Secret

    def network(self) -> Network:
        """Return X with this account."""
        from bot.networks.twitter import Twitter  # noqa: PLC0415 – tweepy only where it is used

        return Twitter(
            consumer_key=self.consumer_key,
            consumer_secret=self.consumer_secret,
            access_token=self.access_token,
            access_token_secret=self.access_token_secret,
        )


class WebhookAccount(_Account):
    """An address, and the secret that its receiver checks signatures with."""

    url: Annotated[SecretStr, AfterValidator(_secret_address)]
    secret: Secret
    label: str = ""

    def network(self) -> Network:
        """Return the webhook."""
        return Webhook(url=self.url, secret=self.secret, label=self.label)


KINDS: Final[dict[str, type[_Account]]] = {
    "twitter": TwitterAccount,
    "bluesky": BlueskyAccount,
    "mastodon": MastodonAccount,
    "webhook": WebhookAccount,
}


def networks(settings: BotSettings) -> tuple[Network, ...]:
    """Return where the daily show goes: the outbox folder, then every account that is written down whole.

    Raises:
        AccountsUnusableError: a file or setting of accounts cannot be used, or names one twice.
        OSError: the file of a secret cannot be read.
    """
    found = [Outbox(folder=settings.outbox), *_of_settings(settings)]
    found += _of_file(settings.accounts) if settings.accounts else []
    names = [f"{network.name} {network.account}" for network in found]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise AccountsUnusableError(settings.accounts or "the settings", f"{twice} is named twice; once is enough")
    return tuple(found)


def missing(settings: BotSettings, name: str) -> tuple[str, ...]:
    """Return the variables without which the half-told account on the network ``name`` is not used."""
    required = [field for field, info in KINDS[name].model_fields.items() if info.is_required()]
    given = _given(settings, name)
    absent = [f"{PREFIX}{name}_{field}".upper() for field in required if field not in given]
    return tuple(absent) if given.keys() & set(required) else ()


def configured(settings: BotSettings, name: str) -> bool:
    """Return whether the settings tell a whole account on the network ``name``."""
    required = {field for field, info in KINDS[name].model_fields.items() if info.is_required()}
    return required <= _given(settings, name).keys()


def _given(settings: BotSettings, name: str) -> dict[str, Any]:
    values = {field: getattr(settings, f"{name}_{field}", None) for field in KINDS[name].model_fields}
    secrets = {
        field: settings.secret(f"{name}_{field}") for field in values if hasattr(settings, f"{name}_{field}_file")
    }
    return {field: value for field, value in (values | secrets).items() if value}


def _of_settings(settings: BotSettings) -> Iterable[Network]:
    for name, kind in KINDS.items():
        if configured(settings, name):
            yield _account(kind, _given(settings, name), "the settings", name).network()


def _of_file(path: Path) -> list[Network]:
    told = _read(path)
    found = []
    for name, entries in told.items():
        kind = KINDS.get(name)
        if kind is None:
            raise AccountsUnusableError(path, f"there is no network {name!r}, only {', '.join(KINDS)}")
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            raise AccountsUnusableError(path, f"write each account under [[{name}]]")
        for number, entry in enumerate(entries, 1):
            found.append(_account(kind, _with_files(path, entry), path, f"{name} {number}").network())
    return found


def _read(path: Path) -> dict[str, Any]:
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
        open_to_all = path.stat().st_mode & stat.S_IROTH
    except OSError as error:
        raise AccountsUnusableError(path, error.strerror or type(error).__name__) from error
    except ValueError as error:  # no TOML, or no UTF-8
        raise AccountsUnusableError(path, str(error)) from error
    if open_to_all and any(_holds_secrets(KINDS.get(name), entries) for name, entries in told.items()):
        raise AccountsUnusableError(path, f"everybody on this machine can read it; run: chmod 600 {path}")
    return told


def _holds_secrets(kind: type[_Account] | None, entries: object) -> bool:
    entries = entries if isinstance(entries, list) else [entries]
    secret = set() if kind is None else _secret_fields(kind)
    return any(isinstance(entry, dict) and secret & entry.keys() for entry in entries)


def _secret_fields(kind: type[_Account]) -> set[str]:
    return {name for name, info in kind.model_fields.items() if info.annotation is SecretStr}


def _with_files(path: Path, entry: dict[str, Any]) -> dict[str, Any]:
    """Return the entry with every ``NAME_file`` (beside ``path``, if it is relative) read into ``NAME``."""
    read = {name: value for name, value in entry.items() if not name.endswith(_FILE)}
    for name in entry.keys() - read.keys():
        file = path.parent / str(entry[name])
        try:
            read[name.removesuffix(_FILE)] = file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise AccountsUnusableError(file, getattr(error, "strerror", None) or "no text in UTF-8") from error
    return read


def _account(kind: type[_Account], told: dict[str, Any], path: Path | str, place: str) -> _Account:
    try:
        return kind.model_validate(told)
    except ValidationError as error:
        wrong = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(map(str, wrong["loc"]))
        raise AccountsUnusableError(path, f"{place}, {where}: {wrong['msg'].removeprefix('Value error, ')}") from None
