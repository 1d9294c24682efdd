"""Alembic runs this: one migration at a time, on the connection that :mod:`db.migrations` guards."""

import importlib
import pkgutil
from typing import Literal

from alembic import context

import db
from db.base import Base, UTCDateTime
from db.migrations import guarded


def write_times_plainly(_kind: str, column_type: object, _context: object) -> str | Literal[False]:
    """A migration never imports our code: it must still run when that has changed."""
    return "sa.DateTime(timezone=True)" if isinstance(column_type, UTCDateTime) else False


for module in pkgutil.iter_modules(db.__path__, "db."):
    importlib.import_module(module.name)  # every table, also tomorrow's

url = context.config.attributes.get("url") or context.get_x_argument(as_dictionary=True)["url"]
with guarded(url) as connection:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
        render_item=write_times_plainly,
    )
    with context.begin_transaction():
        context.run_migrations()
