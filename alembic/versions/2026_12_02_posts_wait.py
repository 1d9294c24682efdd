"""A post that could not go out remembers how often it was tried, and when it is tried again."""

import sqlalchemy as sa
from alembic import op

revision: str = "2026_12_02"
down_revision: str | None = "2026_12_01"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.add_column("posts", sa.Column("retry_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("posts", sa.Column("attempts", sa.Integer(), server_default="0", nullable=False))


def downgrade() -> None:
    op.drop_column("posts", "attempts")
    op.drop_column("posts", "retry_at")
