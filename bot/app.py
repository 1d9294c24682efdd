"""What a use case may touch: the database, the writer, the stage, the crew, the networks and the clock."""

import hashlib
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo

from bot.crew import Crew
from bot.networks.base import Network
from bot.stage import Stage
from db.database import Database
from db.ids import GuildId, MemberId
from model.briefs import MAX_SEED
from model.engine import Engine, Terms


def utc_now() -> datetime:
    """Return the time, aware, in UTC."""
    return datetime.now(UTC)


def random_seed() -> int:
    """Return a fresh seed, 0 to ``MAX_SEED``."""
    return secrets.randbelow(MAX_SEED + 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long to ask an absent worker again: seconds between tries, doubled up to ``longest``, for ``total``.

    ``wanted`` is after how many seconds in its line the worker need not write a brief any more: Discord forgets who
    asked after fifteen minutes.
    """

    first: float = 0.5
    longest: float = 15.0
    total: float = 3600.0
    wanted: float = 900.0


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """The room's equipment, made once at the start and handed to every use case."""

    database: Database
    engine: Engine
    networks: tuple[Network, ...] = ()
    stage: Stage = field(default_factory=Stage)
    crew: Crew = field(default_factory=Crew)
    patience: Patience = field(default_factory=Patience)
    now: Callable[[], datetime] = utc_now
    new_seed: Callable[[], int] = random_seed
    zone: tzinfo = UTC
    approval: bool = False
    refused: set[tuple[str, str]] = field(default_factory=set)
    """Networks, with the account, that do not accept our keys: left alone until the next start."""
    alarms: list[Callable[[str], Awaitable[None]]] = field(default_factory=list)
    """Ways to tell the owners something that cannot wait until they read the log."""
    salt: bytes = field(default_factory=lambda: secrets.token_bytes(16), repr=False)

    def terms(self, guild: GuildId, member: MemberId | None) -> Terms:
        """Return the terms on which a brief is asked for somebody, whom the worker cannot know again after a restart.

        The worker is fair among keys, so they must be the same for as long as a brief waits, and no longer: a salt of
        this process is enough, and nothing about anybody has to be kept for it. A server is one bot process's alone.
        """
        server = self._key(guild)
        return Terms(server=server, member=self._key(f"{server}:{member or ''}"), within=self.patience.wanted)

    def _key(self, name: str) -> str:
        return hashlib.blake2s(name.encode(), digest_size=8, key=self.salt).hexdigest()
