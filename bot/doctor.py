"""What is missing or wrong on this machine, in sentences that say what to do."""

import errno
import importlib.util
import shutil
import stat
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
from pydantic import ValidationError

from bot import errors
from bot.demo import RoundError
from bot.launch import StartError
from bot.networks import accounts
from bot.networks.base import Checkable, Network, NetworkError, NetworkRefusedError, NetworkUnauthorizedError
from bot.settings import PREFIX, BotSettings
from db.database import Database
from db.errors import StorageError
from model import checkpoint
from model.client import WorkerClient
from model.engine import EngineError, EngineUnavailableError
from model.originality import TitleIndex
from model.serve import PortInUseError, TokenRequiredError
from model.settings import PREFIX as WORKER_PREFIX
from model.settings import WorkerSettings

_SECRETS: Final = ("worker_token", "discord_token", "api_token")
_SHOWN: Final = {
    "twitter": ("x", "X"),
    "bluesky": ("bluesky", "Bluesky"),
    "mastodon": ("mastodon", "Mastodon"),
    "webhook": ("webhook", "the webhook"),
}
_FORBIDDEN: Final = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
_FREE: Final = 500_000_000
_DISCORD: Final = "https://discord.com/api/v10"
_PREFIXES: Final = {"BotSettings": PREFIX, "WorkerSettings": WORKER_PREFIX}
_LOGIN_FAILURE: Final = "LoginFailure"  # discord.py's; it is not imported here
_REFUSED: Final = "Discord refuses GREENLIT_DISCORD_TOKEN; copy it anew from the developer portal."


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: whether it is well, and a sentence."""

    about: str
    ok: bool
    sentence: str


def _invalid(error: ValidationError) -> str:
    wrong = error.errors()[0]
    name = "_".join(map(str, wrong["loc"])).upper()
    return f"{_PREFIXES.get(error.title, '')}{name}: {wrong['msg']}." if name else f"{wrong['msg']}."


def _os_error(error: OSError) -> str:
    if error.errno in _FORBIDDEN and error.filename:
        return f"{error.filename} may not be read or written ({error.strerror}); allow it, or choose another place."
    if error.errno == errno.ENOSPC:
        where = f" of {error.filename}" if error.filename else ""
        return f"The disk{where} is full; free some, or choose another place."
    return f"{error.strerror or type(error).__name__}: {error.filename or 'the address'}; check the settings."


_SENTENCES: Final[dict[type[BaseException], Callable[[Any], str]]] = {
    PortInUseError: lambda error: (
        f"Port {error.port} on {error.host} is in use; stop what listens there or choose another port."
    ),
    TokenRequiredError: lambda error: (
        f"{error.host} can be reached from other machines; set GREENLIT_WORKER_TOKEN or listen on 127.0.0.1."
    ),
    RoundError: str,
    NetworkError: lambda error: f"A network could not be asked ({type(error).__name__}); try again later.",
    accounts.AccountsUnusableError: lambda error: f"The accounts in {error.path} can't be used: {error.reason}.",
    StartError: lambda error: f"The {error.name} did not start. The end of {error.log}:\n{error.tail}",
    ValidationError: _invalid,
    UnicodeDecodeError: lambda _: "This file is not UTF-8 text; save it as UTF-8 and try again.",
    OSError: _os_error,
    httpx.TransportError: lambda error: (
        f"The bot stopped answering ({type(error).__name__}); the end of its log says why."
    ),
}


def sentence(error: BaseException) -> str | None:
    """Return what an operator reads for an error of starting, or None for one nobody foresaw."""
    for kind in type(error).__mro__:
        if kind in _SENTENCES:
            return _SENTENCES[kind](error)
    return _REFUSED if type(error).__name__ == _LOGIN_FAILURE else None


async def examine() -> list[Finding]:
    """Look at everything a start needs; never raises for what it finds."""
    try:
        bot, worker = BotSettings(), WorkerSettings()
        for name in _SECRETS:
            bot.secret(name)
    except (ValidationError, OSError) as error:
        return [Finding("settings", ok=False, sentence=sentence(error) or str(error))]
    return [
        _python(),
        _secrets_file(Path(".env")),
        _weights(worker),
        _titles(worker),
        _packages(worker),
        _disk(bot),
        await _database(bot),
        await _worker(bot),
        await _discord(bot),
        *await _networks(bot),
    ]


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    return Finding("python", sys.version_info >= (3, 11), f"Python {version}; 3.11 or newer is needed.")


def _secrets_file(path: Path) -> Finding:
    if path.exists() and path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH):
        return Finding("secrets", ok=False, sentence=f"Others can read {path}; run: chmod 600 {path}")
    return Finding("secrets", ok=True, sentence="No secret lies open in .env.")


def _weights(settings: WorkerSettings) -> Finding:
    folder = Path(settings.model)
    if not folder.is_dir():
        return Finding(
            "model", ok=True, sentence=f"The model {settings.model} is loaded by its name when the worker starts."
        )
    if settings.openai_urls:
        return Finding("model", ok=True, sentence=f"{', '.join(settings.openai_urls)} writes, in place of the worker.")
    try:
        manifest = checkpoint.verify(folder)
    except checkpoint.CheckpointError as error:
        return Finding("model", ok=False, sentence=errors.explain(error))
    return Finding("model", ok=True, sentence=f"The model {manifest.name} is whole.")


def _titles(settings: WorkerSettings) -> Finding:
    try:
        index = TitleIndex.load(settings.titles)
    except checkpoint.CheckpointError as error:
        return Finding("titles", ok=False, sentence=errors.explain(error))
    return Finding("titles", ok=True, sentence=f"{len(index):,} existing titles are known and never pitched.")


def _packages(settings: WorkerSettings) -> Finding:
    needed = ["torch", "transformers", "peft"] + (["bitsandbytes"] if settings.quantize != "none" else [])
    needed = ["transformers"] if settings.openai_urls else needed
    missing = [name for name in needed if importlib.util.find_spec(name) is None]
    if missing:
        return Finding(
            "packages",
            ok=False,
            sentence=f"The worker needs {', '.join(missing)}; run: pip install 'greenlit[worker,cuda]'",
        )
    return Finding("packages", ok=True, sentence="Everything the worker imports is installed.")


def _disk(settings: BotSettings) -> Finding:
    folder = next(path for path in [settings.outbox.absolute(), *settings.outbox.absolute().parents] if path.exists())
    free = shutil.disk_usage(folder).free
    return Finding("disk", free > _FREE, f"{free / 1e9:.1f} GB are free at {folder}; half a gigabyte is needed.")


async def _database(settings: BotSettings) -> Finding:
    try:
        database = Database.connect(settings.database())
        try:
            await database.check()
        finally:
            await database.close()
    except StorageError as error:
        return Finding("database", ok=False, sentence=errors.explain(error))
    return Finding("database", ok=True, sentence="The database answers and is up to date.")


async def _worker(settings: BotSettings) -> Finding:
    client = WorkerClient(settings.worker_url, settings.secret("worker_token"))
    try:
        status = await client.status()
    except EngineError as error:
        hint = " Start it: greenlit worker" if isinstance(error, EngineUnavailableError) else ""
        return Finding("worker", ok=False, sentence=f"At {settings.worker_url}: {errors.explain(error)}{hint}")
    finally:
        await client.aclose()
    if not status.ready:
        return Finding("worker", ok=False, sentence=f"The worker at {settings.worker_url} still loads its model; wait.")
    return Finding(
        "worker", ok=True, sentence=f"The worker at {settings.worker_url} has {status.model}, {status.waiting} waiting."
    )


async def _discord(settings: BotSettings) -> Finding:
    token = settings.secret("discord_token")
    if token is None:
        return Finding(
            "discord", ok=True, sentence="No GREENLIT_DISCORD_TOKEN: the page and the clock work, Discord does not."
        )
    try:
        async with httpx.AsyncClient(timeout=5) as http:
            answer = await http.get(
                f"{settings.discord_api or _DISCORD}/users/@me",
                headers={"Authorization": f"Bot {token.get_secret_value()}"},
            )
    except httpx.HTTPError as error:
        return Finding(
            "discord", ok=False, sentence=f"Discord can't be reached ({type(error).__name__}); check the network."
        )
    if answer.is_success:
        return Finding("discord", ok=True, sentence=f"Discord knows the bot as {answer.json()['username']}.")
    if answer.status_code != httpx.codes.UNAUTHORIZED:
        return Finding("discord", ok=False, sentence=f"Discord answers HTTP {answer.status_code}; try again later.")
    return Finding("discord", ok=False, sentence=_REFUSED)


async def _networks(settings: BotSettings) -> list[Finding]:
    """Say of each network whether it is set up, and ask those that can be asked for nothing."""
    try:
        reached = accounts.networks(settings)
    except accounts.AccountsUnusableError as error:
        return [Finding("accounts", ok=False, sentence=sentence(error) or str(error))]
    used = {network.name for network in reached}
    absent = [_unused(settings, name) for name in _SHOWN if name not in used]
    return absent + [await _standing(network) for network in reached if network.name in _SHOWN]


def _unused(settings: BotSettings, name: str) -> Finding:
    about, shown = _SHOWN[name]
    if lacking := accounts.missing(settings, name):
        return Finding(about, ok=False, sentence=f"For {shown} these are missing: {', '.join(lacking)}.")
    return Finding(about, ok=True, sentence=f"No keys for {shown}: the daily show goes to {settings.outbox}.")


async def _standing(network: Network) -> Finding:
    about, shown = _SHOWN[network.name]
    if not isinstance(network, Checkable):
        return Finding(about, ok=True, sentence=f"All keys for {shown} ({network.account}) are set.")
    try:
        who = await network.check()
    except NetworkError as error:
        return Finding(about, ok=False, sentence=_unwell(shown, network.account, error))
    return Finding(about, ok=True, sentence=f"{shown} knows the bot as {who}.")


def _unwell(shown: str, account: str, error: NetworkError) -> str:
    match error:
        case NetworkUnauthorizedError():
            return f"{shown} refuses the keys of {account} ({error}); make new ones."
        case NetworkRefusedError():
            return f"{shown} will not have {account}: {error.reason}."
        case _:
            why = type(error.__cause__ or error).__name__
            return f"{shown} can't be reached for {account} ({why}); try again later."
