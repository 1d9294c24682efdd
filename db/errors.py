"""What can go wrong with what we remember: facts only, the sentences are made above.

Errors::

    StorageError
    ├── NotFoundError              there is no such row
    ├── SlateClosedError           the slate takes no votes (not open yet, closed, past its time)
    ├── BrokenRuleError            the database refused a row that breaks one of its rules
    ├── DatabaseBusyError          somebody else holds the lock for too long; try again
    ├── DatabaseUnreachableError   nobody answers, or the file cannot be opened
    ├── DatabaseNotMigratedError   the tables are older or newer than this program
    ├── DatabaseDriftError         the tables differ from what the migrations should have made
    ├── MigrationError             a migration could not be carried out
    └── UnsupportedDatabaseError   the address names a database we do not work with
    NaiveTimeError                 a time without a zone (a mistake in our code, so no StorageError)
"""

from datetime import datetime

from sqlalchemy.exc import DontWrapMixin


class StorageError(Exception):
    """Something about the database; see the tree above."""


class NotFoundError(StorageError):
    """There is no ``kind`` (``slate``, ``pitch``, …) with this ``id``."""

    def __init__(self, kind: str, id: int | str) -> None:  # noqa: A002 - the fact is called an id everywhere
        super().__init__(f"{kind} {id}")
        self.kind, self.id = kind, id


class SlateClosedError(StorageError):
    """The slate takes no votes."""

    def __init__(self, slate_id: int) -> None:
        super().__init__(f"slate {slate_id}")
        self.slate_id = slate_id


class BrokenRuleError(StorageError):
    """The database refused a row; ``rule`` is what it named (a constraint, or SQLite's own words)."""

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule


class DatabaseBusyError(StorageError):
    """The lock, or a free connection, did not come in time; nothing was changed."""


class DatabaseUnreachableError(StorageError):
    """Nobody answers at ``url`` (its password is hidden)."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.url = url


class DatabaseNotMigratedError(StorageError):
    """The database is at revision ``found`` (``None``: no tables, or unknown); the program wants ``wanted``."""

    def __init__(self, found: str | None, wanted: str) -> None:
        super().__init__(f"found {found}, wanted {wanted}")
        self.found, self.wanted = found, wanted


class DatabaseDriftError(StorageError):
    """The tables are not those of the code: ``differences``, one line each."""

    def __init__(self, differences: tuple[str, ...]) -> None:
        super().__init__("; ".join(differences))
        self.differences = differences


class MigrationError(StorageError):
    """A migration could not be carried out; ``reason`` is Alembic's."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class UnsupportedDatabaseError(StorageError, ValueError):
    """The address names no SQLite file and no PostgreSQL (``url``: its password is hidden)."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.url = url


class NaiveTimeError(ValueError, DontWrapMixin):
    """A time without a zone was about to be stored."""

    def __init__(self, time: datetime) -> None:
        super().__init__(time.isoformat())
        self.time = time
