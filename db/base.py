"""What every table shares: names for constraints, times in UTC, states as words, one insert for both databases."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, DateTime, Dialect, MetaData, TypeDecorator
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase

from db.errors import NaiveTimeError


class UTCDateTime(TypeDecorator[datetime]):
    """A moment: stored as UTC, given back with its zone. A time without one is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - its place
        """Return ``value`` in UTC.

        Raises:
            NaiveTimeError: it has no zone.
        """
        if value is None:
            return None
        if value.utcoffset() is None:
            raise NaiveTimeError(value)
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - its place
        """Return the stored moment with its zone, UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """The rows. Every constraint has a name, so that a migration can drop it."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {datetime: UTCDateTime}  # noqa: RUF012 - SQLAlchemy's own declaration


def one_of(states: type[StrEnum], column: str = "state") -> CheckConstraint:
    """Return the rule that ``column`` holds one of ``states``."""
    words = ", ".join(f"'{state}'" for state in states)
    return CheckConstraint(f"{column} IN ({words})", name=column)


def insert_into(session: AsyncSession, row: type[Base]) -> sqlite.Insert | postgresql.Insert:
    """Return an insert that knows ``ON CONFLICT`` in the dialect of ``session``."""
    values: Any = row
    if session.get_bind().dialect.name == "postgresql":
        return postgresql.insert(values)
    return sqlite.insert(values)


def this_moment() -> datetime:
    """Return now, in UTC; the default of ``created_at``."""
    return datetime.now(UTC)
