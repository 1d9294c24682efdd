"""Shows of the day that wait for somebody's word."""

import sqlalchemy as sa
from alembic import op

revision: str = "2026_12_01"
down_revision: str | None = "2026_11_27"
branch_labels: str | None = None
depends_on: str | None = None

NOW = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "proposals",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("pitch_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("summary", sa.String(), nullable=True),
        sa.Column("decided_by", sa.String(), nullable=True),
        sa.Column("channel_id", sa.BigInteger(), nullable=True),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", NOW, nullable=False),
        sa.Column("changed_at", NOW, nullable=False),
        sa.CheckConstraint("state IN ('proposed', 'approved', 'skipped')", name=op.f("ck_proposals_state")),
        sa.ForeignKeyConstraint(
            ["decided_by"], ["members.id"], name=op.f("fk_proposals_decided_by_members"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["pitch_id"], ["pitches.id"], name=op.f("fk_proposals_pitch_id_pitches"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proposals")),
        sa.UniqueConstraint("day", "pitch_id", name=op.f("uq_proposals_day_pitch_id")),
    )
    op.create_index(op.f("ix_proposals_decided_by"), "proposals", ["decided_by"])
    op.create_index(op.f("ix_proposals_pitch_id"), "proposals", ["pitch_id"])
    op.create_index(
        "ix_proposals_one_a_day",
        "proposals",
        ["day"],
        unique=True,
        sqlite_where=sa.text("state <> 'skipped'"),
        postgresql_where=sa.text("state <> 'skipped'"),
    )


def downgrade() -> None:
    op.drop_table("proposals")
