"""A run says who works on it, how far it is, and what came of it."""

import sqlalchemy as sa
from alembic import op

revision: str = "2026_12_08"
down_revision: str | None = "2026_12_03"
branch_labels: str | None = None
depends_on: str | None = None

_COLUMNS = ("claimed_by", "heartbeat_at", "stage", "step", "steps", "losses", "verdict", "picture", "adapter")


def upgrade() -> None:
    op.add_column("runs", sa.Column("claimed_by", sa.String()))
    op.add_column("runs", sa.Column("heartbeat_at", sa.DateTime(timezone=True)))
    op.add_column("runs", sa.Column("stage", sa.String()))
    op.add_column("runs", sa.Column("step", sa.Integer(), server_default="0", nullable=False))
    op.add_column("runs", sa.Column("steps", sa.Integer(), server_default="0", nullable=False))
    op.add_column("runs", sa.Column("losses", sa.String(), server_default="[]", nullable=False))
    op.add_column("runs", sa.Column("verdict", sa.String()))
    op.add_column("runs", sa.Column("picture", sa.LargeBinary()))
    op.add_column("runs", sa.Column("adapter", sa.String()))


def downgrade() -> None:
    for column in _COLUMNS:
        op.drop_column("runs", column)
