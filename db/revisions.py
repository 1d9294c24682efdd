"""Where the migrations lie and which one this program wants."""

from pathlib import Path
from typing import Final

from alembic.config import Config
from alembic.script import ScriptDirectory

from db.errors import MigrationError

FOLDER: Final = Path(__file__).resolve().parents[1] / "alembic"


def head() -> str:
    """Return the newest revision: the one this program was written for.

    Raises:
        MigrationError: the folder of migrations is empty.
    """
    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    revision = ScriptDirectory.from_config(config).get_current_head()
    if revision is None:
        raise MigrationError(f"no migrations in {FOLDER}")
    return revision
