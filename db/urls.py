"""A database's address: which kind it is, and how to say it without the password."""

import sqlite3
from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from db.errors import DatabaseUnreachableError, UnsupportedDatabaseError

CONNECT_SECONDS = "5"
_DRIVERS = {"sqlite", "sqlite+aiosqlite", "sqlite+pysqlite", "postgresql", "postgresql+psycopg"}


def parse(url: str) -> URL:
    """Return ``url`` taken apart, with the driver that waits (psycopg, or Python's own sqlite3).

    Raises:
        UnsupportedDatabaseError: it is no address, no SQLite file, or no PostgreSQL.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:
        raise UnsupportedDatabaseError(_hidden(url)) from error
    if parsed.drivername not in _DRIVERS:
        raise UnsupportedDatabaseError(shown(parsed))
    if parsed.get_backend_name() == "postgresql":
        seconds = parsed.query.get("connect_timeout", CONNECT_SECONDS)
        return parsed.set(drivername="postgresql+psycopg").update_query_dict({"connect_timeout": seconds})
    if parsed.database in {None, "", ":memory:"} or str(parsed.database).startswith("file:"):
        raise UnsupportedDatabaseError(shown(parsed))
    return parsed.set(drivername="sqlite+pysqlite")


def asynchronous(url: URL) -> URL:
    """Return a parsed ``url`` with the driver that does not block."""
    return url if url.get_backend_name() == "postgresql" else url.set(drivername="sqlite+aiosqlite")


def shown(url: URL) -> str:
    """Return ``url`` as people may see it, its password hidden."""
    return url.render_as_string(hide_password=True)


def make_file(url: URL) -> None:
    """Make a SQLite file and its folder, where missing; nothing for PostgreSQL.

    Tried here because a failure on the driver's own thread may outlive the event loop.

    Raises:
        DatabaseUnreachableError: it cannot be made or opened.
    """
    if url.get_backend_name() == "postgresql":
        return
    try:
        path = Path(url.database or "")
        path.parent.mkdir(parents=True, exist_ok=True)
        sqlite3.connect(path).close()
    except (OSError, sqlite3.Error) as error:
        raise DatabaseUnreachableError(shown(url)) from error


def _hidden(text: str) -> str:
    scheme, separator, _ = text.partition("://")
    return f"{scheme}://***" if separator else "***"
