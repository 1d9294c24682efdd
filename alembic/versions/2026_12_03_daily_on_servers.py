"""A server says at what hour, and where on earth, its own show of the day goes out; that it has a channel is enough."""

import sqlalchemy as sa
from alembic import op

revision: str = "2026_12_03"
down_revision: str | None = "2026_12_02"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.add_column("guilds", sa.Column("daily_minute", sa.Integer(), nullable=True))
    op.add_column("guilds", sa.Column("zone", sa.String(), nullable=True))
    op.drop_column("guilds", "daily_post")


def downgrade() -> None:
    op.add_column("guilds", sa.Column("daily_post", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.drop_column("guilds", "zone")
    op.drop_column("guilds", "daily_minute")
