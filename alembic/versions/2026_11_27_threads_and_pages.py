"""A show remembers the thread of its script; a server says how many pages a member may ask for a day."""

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_27"
down_revision: str | None = "2026_11_26"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.add_column("pitches", sa.Column("thread_id", sa.BigInteger(), nullable=True))
    op.add_column("guilds", sa.Column("pages_a_day", sa.Integer(), server_default="50", nullable=False))


def downgrade() -> None:
    op.drop_column("guilds", "pages_a_day")
    op.drop_column("pitches", "thread_id")
