"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_21"
down_revision: str | None = None
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "guilds",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("votes_to_greenlight", sa.Integer(), server_default="3", nullable=False),
        sa.Column("voting_hours", sa.Integer(), server_default="24", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("votes_to_greenlight >= 1", name=op.f("ck_guilds_votes_to_greenlight")),
        sa.CheckConstraint("voting_hours >= 1", name=op.f("ck_guilds_voting_hours")),
        sa.PrimaryKeyConstraint("id", name="pk_guilds"),
    )

    op.create_table(
        "members",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_members"),
    )

    op.create_table(
        "runs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("guild_id", sa.String(), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failure", sa.String(), nullable=True),
        sa.CheckConstraint(
            "state IN ('queued', 'running', 'finished', 'failed', 'cancelled')", name=op.f("ck_runs_state")
        ),
        sa.ForeignKeyConstraint(["asked_by"], ["members.id"], name="fk_runs_asked_by_members", ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["guild_id"], ["guilds.id"], name="fk_runs_guild_id_guilds", ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name="pk_runs"),
    )
    op.create_index("ix_runs_asked_by", "runs", ["asked_by"])
    op.create_index("ix_runs_guild_id_id", "runs", ["guild_id", "id"])
    op.create_index(
        "uq_runs_unfinished",
        "runs",
        ["guild_id"],
        unique=True,
        sqlite_where=sa.text("state IN ('queued', 'running')"),
        postgresql_where=sa.text("state IN ('queued', 'running')"),
    )

    op.create_table(
        "slates",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("guild_id", sa.String(), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=True),
        sa.Column("genre", sa.String(), nullable=False),
        sa.Column("theme", sa.String(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=True),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.Column("model", sa.String(), nullable=True),
        sa.Column("dropped", sa.Integer(), server_default="0", nullable=False),
        sa.Column("failure", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('drafting', 'open', 'closed', 'failed')", name=op.f("ck_slates_state")),
        sa.ForeignKeyConstraint(["asked_by"], ["members.id"], name="fk_slates_asked_by_members", ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["guild_id"], ["guilds.id"], name="fk_slates_guild_id_guilds", ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name="pk_slates"),
    )
    op.create_index("ix_slates_asked_by", "slates", ["asked_by"])
    op.create_index("ix_slates_guild_id_id", "slates", ["guild_id", "id"])
    op.create_index("ix_slates_state_closes_at", "slates", ["state", "closes_at"])

    op.create_table(
        "adapters",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("folder", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("format_version", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_adapters_run_id_runs", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name="pk_adapters"),
        sa.UniqueConstraint("name", name="uq_adapters_name"),
    )
    op.create_index("ix_adapters_run_id", "adapters", ["run_id"])
    op.create_index(
        "uq_adapters_active",
        "adapters",
        ["active"],
        unique=True,
        sqlite_where=sa.text("active"),
        postgresql_where=sa.text("active"),
    )

    op.create_table(
        "pitches",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("slate_id", sa.Integer(), nullable=False),
        sa.Column("slot", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("title_key", sa.String(), nullable=False),
        sa.Column("summary", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("decided_by", sa.String(), nullable=True),
        sa.Column("greenlit_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('open', 'greenlit', 'passed', 'scripted', 'posted')", name=op.f("ck_pitches_state")
        ),
        sa.ForeignKeyConstraint(
            ["decided_by"], ["members.id"], name="fk_pitches_decided_by_members", ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["slate_id"], ["slates.id"], name="fk_pitches_slate_id_slates", ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name="pk_pitches"),
        sa.UniqueConstraint("slate_id", "id", name="uq_pitches_slate_id_id"),
        sa.UniqueConstraint("slate_id", "slot", name="uq_pitches_slate_id_slot"),
        sa.UniqueConstraint("title_key", name="uq_pitches_title_key"),
    )
    op.create_index("ix_pitches_decided_by", "pitches", ["decided_by"])
    op.create_index("ix_pitches_state", "pitches", ["state"])

    op.create_table(
        "posts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("network", sa.String(), nullable=False),
        sa.Column("account", sa.String(), server_default="", nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("pitch_id", sa.Integer(), nullable=True),
        sa.Column("text", sa.String(), nullable=True),
        sa.Column("address", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "state IN ('claimed', 'sending', 'posted', 'unknown', 'failed')", name=op.f("ck_posts_state")
        ),
        sa.ForeignKeyConstraint(["pitch_id"], ["pitches.id"], name="fk_posts_pitch_id_pitches", ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name="pk_posts"),
        sa.UniqueConstraint("day", "network", "account", name="uq_posts_day_network_account"),
    )
    op.create_index("ix_posts_pitch_id", "posts", ["pitch_id"])
    op.create_index("ix_posts_state_changed_at", "posts", ["state", "changed_at"])

    op.create_table(
        "scripts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("pitch_id", sa.Integer(), nullable=False),
        sa.Column("part", sa.Integer(), server_default="1", nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("fountain", sa.String(), nullable=True),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("model", sa.String(), nullable=True),
        sa.Column("failure", sa.String(), nullable=True),
        sa.Column("channel_id", sa.BigInteger(), nullable=True),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.Column("asked_by", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('drafting', 'done', 'failed')", name=op.f("ck_scripts_state")),
        sa.ForeignKeyConstraint(["asked_by"], ["members.id"], name="fk_scripts_asked_by_members", ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["pitch_id"], ["pitches.id"], name="fk_scripts_pitch_id_pitches", ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name="pk_scripts"),
        sa.UniqueConstraint("pitch_id", "part", name="uq_scripts_pitch_id_part"),
    )
    op.create_index("ix_scripts_asked_by", "scripts", ["asked_by"])
    op.create_index("ix_scripts_state", "scripts", ["state"])

    op.create_table(
        "votes",
        sa.Column("slate_id", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.String(), nullable=False),
        sa.Column("pitch_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name="fk_votes_member_id_members", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["slate_id", "pitch_id"],
            ["pitches.slate_id", "pitches.id"],
            name="fk_votes_slate_id_pitch_id_pitches",
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("slate_id", "member_id", name="pk_votes"),
    )
    op.create_index("ix_votes_member_id", "votes", ["member_id"])
    op.create_index("ix_votes_pitch_id", "votes", ["pitch_id"])


def downgrade() -> None:
    for table in ("votes", "scripts", "posts", "pitches", "adapters", "slates", "runs", "members", "guilds"):
        op.drop_table(table)  # its indexes go with it
