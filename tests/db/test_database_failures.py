import sqlite3

import psycopg
import pytest
from psycopg import errors as pg
from sqlalchemy import make_url
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as NoFreeConnectionError

from db.errors import BrokenRuleError, DatabaseBusyError, DatabaseNotMigratedError, DatabaseUnreachableError
from db.failures import narrowed

URL = make_url("postgresql://me:secret@host/room")


def fail(error: Exception) -> None:
    with narrowed(URL):
        raise error


@pytest.mark.parametrize(
    ("cause", "narrow"),
    [
        (pg.LockNotAvailable(), DatabaseBusyError),
        (pg.DeadlockDetected(), DatabaseBusyError),
        (pg.SerializationFailure(), DatabaseBusyError),
        (pg.UndefinedTable(), DatabaseNotMigratedError),
        (pg.UndefinedColumn(), DatabaseNotMigratedError),
        (pg.AdminShutdown(), DatabaseUnreachableError),
        (pg.TooManyConnections(), DatabaseUnreachableError),
        (pg.InvalidPassword(), DatabaseUnreachableError),
        (pg.ConnectionFailure(), DatabaseUnreachableError),
        (psycopg.OperationalError("the connection is closed"), DatabaseUnreachableError),
    ],
)
def test_what_postgresql_says_becomes_ours(cause: psycopg.Error, narrow: type[Exception]) -> None:
    with pytest.raises(narrow) as caught:
        fail(OperationalError("SELECT 1", {}, cause))
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("cause", [psycopg.ProgrammingError("cannot adapt"), pg.DivisionByZero(), sqlite3.Error("odd")])
def test_what_nobody_foresaw_passes_unchanged(cause: Exception) -> None:
    error = ProgrammingError("SELECT 1", {}, cause)
    with pytest.raises(DBAPIError) as caught:
        fail(error)
    assert caught.value is error


def test_no_free_connection_means_busy() -> None:
    with pytest.raises(DatabaseBusyError):
        fail(NoFreeConnectionError())


def test_a_broken_rule_is_named() -> None:
    with pytest.raises(BrokenRuleError) as caught:
        fail(IntegrityError("INSERT", {}, sqlite3.IntegrityError("UNIQUE constraint failed: pitches.title_key")))
    assert caught.value.rule == "UNIQUE constraint failed: pitches.title_key"
