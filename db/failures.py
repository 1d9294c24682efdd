"""What the drivers raise becomes one of our narrow errors."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import URL
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoFreeConnectionError

from db.errors import (
    BrokenRuleError,
    DatabaseBusyError,
    DatabaseNotMigratedError,
    DatabaseUnreachableError,
    StorageError,
)
from db.revisions import head
from db.urls import shown

_BUSY = {"55P03", "40001", "40P01", "57014"}  # lock timeout, serialisation, deadlock, statement timeout
_OLD_TABLES = {"42P01", "42703"}  # no such table, no such column
_GONE = {"57P01", "57P02", "57P03", "53300", "3D000"}  # shut down, starting, full, no such database
_SQLITE_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_SQLITE_GONE = {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM}
_PRIMARY_CODE = 0xFF  # the primary code is the lowest byte of the extended one


@contextmanager
def narrowed(url: URL) -> Iterator[None]:
    """Run the block; what a driver raises in it comes out as a :class:`StorageError`.

    Raises:
        StorageError: see the tree in :mod:`db.errors`. An error we do not know passes unchanged.
    """
    try:
        yield
    except NoFreeConnectionError as error:
        raise DatabaseBusyError from error
    except DBAPIError as error:
        narrow = _narrow(error, url)
        if narrow is None:
            raise
        raise narrow from error


def _narrow(error: DBAPIError, url: URL) -> StorageError | None:
    if isinstance(error, IntegrityError):
        return BrokenRuleError(_rule(error))
    if isinstance(error.orig, sqlite3.Error):
        return _narrow_sqlite(error.orig, url)
    return _narrow_postgresql(error, url)


def _rule(error: IntegrityError) -> str:
    diagnosis = getattr(error.orig, "diag", None)
    return str(getattr(diagnosis, "constraint_name", None) or error.orig)


def _narrow_sqlite(error: sqlite3.Error, url: URL) -> StorageError | None:
    code = getattr(error, "sqlite_errorcode", 0) & _PRIMARY_CODE
    if code in _SQLITE_BUSY:
        return DatabaseBusyError()
    if code in _SQLITE_GONE:
        return DatabaseUnreachableError(shown(url))
    if str(error).startswith(("no such table", "no such column")) or "has no column named" in str(error):
        return DatabaseNotMigratedError(None, head())
    return None


def _narrow_postgresql(error: DBAPIError, url: URL) -> StorageError | None:
    state = getattr(error.orig, "sqlstate", None)
    if state in _BUSY:
        return DatabaseBusyError()
    if state in _OLD_TABLES:
        return DatabaseNotMigratedError(None, head())
    if state is None:
        return DatabaseUnreachableError(shown(url)) if isinstance(error, OperationalError | InterfaceError) else None
    if state in _GONE or state.startswith(("08", "28")):  # connection, password
        return DatabaseUnreachableError(shown(url))
    return None
