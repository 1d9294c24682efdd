"""Whether a show was seen on a server is found without a look at every other server's post."""

from alembic import op

revision: str = "2026_12_09"
down_revision: str | None = "2026_12_08"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_index(op.f("ix_posts_pitch_id_network_account"), "posts", ["pitch_id", "network", "account"])
    op.drop_index(op.f("ix_posts_pitch_id"), table_name="posts")


def downgrade() -> None:
    op.create_index(op.f("ix_posts_pitch_id"), "posts", ["pitch_id"])
    op.drop_index(op.f("ix_posts_pitch_id_network_account"), table_name="posts")
