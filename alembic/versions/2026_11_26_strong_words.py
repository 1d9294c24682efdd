"""A slate remembers whether strong words were allowed where it was asked for."""

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_26"
down_revision: str | None = "2026_11_25"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.add_column("slates", sa.Column("coarse", sa.Boolean(), server_default=sa.false(), nullable=False))


def downgrade() -> None:
    op.drop_column("slates", "coarse")
