"""What a use case may touch: the database, the writer, the stage, the crew, the networks and the clock."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo

from bot.crew import Crew
from bot.networks.base import Network
from bot.stage import Stage
from db.database import Database
from model.briefs import MAX_SEED
from model.engine import Engine


def utc_now() -> datetime:
    """Return the time, aware, in UTC."""
    return datetime.now(UTC)


def random_seed() -> int:
    """Return a fresh seed, 0 to ``MAX_SEED``."""
    return secrets.randbelow(MAX_SEED + 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long to ask an absent worker again: seconds between tries, doubled up to ``longest``, for ``total``."""

    first: float = 0.5
    longest: float = 15.0
    total: float = 3600.0


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
