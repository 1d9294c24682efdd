"""What the Discord product remembers: settings, favourites, moderation, the audit log, stagings, rewrites."""

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_25"
down_revision: str | None = "2026_11_21"
branch_labels: str | None = None
depends_on: str | None = None

NOW = sa.DateTime(timezone=True)


def upgrade() -> None:
    _guilds()
    op.add_column("members", sa.Column("opted_in_at", NOW, nullable=True))
    op.add_column("members", sa.Column("notified", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("slates", sa.Column("preset", sa.String(), server_default="tame", nullable=False))
    op.add_column("pitches", sa.Column("note", sa.String(), nullable=True))
    op.add_column("pitches", sa.Column("removed_at", NOW, nullable=True))
    op.add_column("scripts", sa.Column("synopsis", sa.String(), nullable=True))
    _roles_and_favourites()
    _moderation()
    _stagings()
    _rewrites()


def _guilds() -> None:
    for column in (
        sa.Column("self_votes", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("voters_shown", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("slates_a_day", sa.Integer(), server_default="20", nullable=False),
        sa.Column("slates_a_day_of_all", sa.Integer(), server_default="500", nullable=False),
        sa.Column("rating", sa.String(), server_default="general", nullable=False),
        sa.Column("language", sa.String(), nullable=True),
        sa.Column("pitch_channel", sa.BigInteger(), nullable=True),
        sa.Column("script_channel", sa.BigInteger(), nullable=True),
        sa.Column("report_channel", sa.BigInteger(), nullable=True),
        sa.Column("daily_channel", sa.BigInteger(), nullable=True),
        sa.Column("daily_post", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("left_at", NOW, nullable=True),
    ):
        op.add_column("guilds", column)


def _roles_and_favourites() -> None:
    op.create_table(
        "roles",
        sa.Column("guild_id", sa.String(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("role_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.CheckConstraint("purpose IN ('voter', 'showrunner')", name=op.f("ck_roles_purpose")),
        sa.ForeignKeyConstraint(["guild_id"], ["guilds.id"], name="fk_roles_guild_id_guilds", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("guild_id", "purpose", "role_id", name="pk_roles"),
    )
    op.create_table(
        "favourites",
        sa.Column("member_id", sa.String(), nullable=False),
        sa.Column("pitch_id", sa.Integer(), nullable=False),
        sa.Column("created_at", NOW, nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.id"], name="fk_favourites_member_id_members", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["pitch_id"], ["pitches.id"], name="fk_favourites_pitch_id_pitches", ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("member_id", "pitch_id", name="pk_favourites"),
    )
    op.create_index("ix_favourites_pitch_id", "favourites", ["pitch_id"])


def _moderation() -> None:
    op.create_table(
        "reports",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("guild_id", sa.String(), nullable=False),
        sa.Column("pitch_id", sa.Integer(), nullable=False),
        sa.Column("reported_by", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("decided_by", sa.String(), nullable=True),
        sa.Column("channel_id", sa.BigInteger(), nullable=True),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", NOW, nullable=False),
        sa.Column("decided_at", NOW, nullable=True),
        sa.CheckConstraint("state IN ('open', 'removed', 'pardoned')", name=op.f("ck_reports_state")),
        sa.ForeignKeyConstraint(["guild_id"], ["guilds.id"], name="fk_reports_guild_id_guilds", ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["pitch_id"], ["pitches.id"], name="fk_reports_pitch_id_pitches", ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(
            ["reported_by"], ["members.id"], name="fk_reports_reported_by_members", ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["decided_by"], ["members.id"], name="fk_reports_decided_by_members", ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_reports"),
    )
    op.create_index("ix_reports_guild_id_state", "reports", ["guild_id", "state"])
    for column in ("pitch_id", "reported_by", "decided_by"):
        op.create_index(f"ix_reports_{column}", "reports", [column])
    op.create_table(
        "blocks",
        sa.Column("guild_id", sa.String(), nullable=False),
        sa.Column("member_id", sa.String(), nullable=False),
        sa.Column("created_at", NOW, nullable=False),
        sa.ForeignKeyConstraint(["guild_id"], ["guilds.id"], name="fk_blocks_guild_id_guilds", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("guild_id", "member_id", name="pk_blocks"),
    )
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("guild_id", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=True),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("created_at", NOW, nullable=False),
        sa.ForeignKeyConstraint(["guild_id"], ["guilds.id"], name="fk_audit_guild_id_guilds", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["actor"], ["members.id"], name="fk_audit_actor_members", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
    )
    op.create_index("ix_audit_guild_id_id", "audit", ["guild_id", "id"])
    op.create_index("ix_audit_actor", "audit", ["actor"])


def _stagings() -> None:
    op.create_table(
        "stagings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("guild_id", sa.String(), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("dialog", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("fountain", sa.String(), nullable=True),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("model", sa.String(), nullable=True),
        sa.Column("failure", sa.String(), nullable=True),
        sa.Column("channel_id", sa.BigInteger(), nullable=True),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", NOW, nullable=False),
        sa.Column("finished_at", NOW, nullable=True),
        sa.CheckConstraint("state IN ('drafting', 'done', 'failed')", name=op.f("ck_stagings_state")),
        sa.ForeignKeyConstraint(["guild_id"], ["guilds.id"], name="fk_stagings_guild_id_guilds", ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["asked_by"], ["members.id"], name="fk_stagings_asked_by_members", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_stagings"),
    )
    for column in ("state", "asked_by", "guild_id"):
        op.create_index(f"ix_stagings_{column}", "stagings", [column])


def _rewrites() -> None:
    op.create_table(
        "rewrites",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("script_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.Integer(), nullable=False),
        sa.Column("was", sa.String(), nullable=False),
        sa.Column("became", sa.String(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("failure", sa.String(), nullable=True),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=True),
        sa.Column("created_at", NOW, nullable=False),
        sa.Column("finished_at", NOW, nullable=True),
        sa.CheckConstraint("state IN ('drafting', 'done', 'failed')", name=op.f("ck_rewrites_state")),
        sa.ForeignKeyConstraint(
            ["script_id"], ["scripts.id"], name="fk_rewrites_script_id_scripts", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["asked_by"], ["members.id"], name="fk_rewrites_asked_by_members", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name="pk_rewrites"),
    )
    for column in ("state", "script_id", "asked_by"):
        op.create_index(f"ix_rewrites_{column}", "rewrites", [column])


def downgrade() -> None:
    for table in ("rewrites", "stagings", "audit", "blocks", "reports", "favourites", "roles"):
        op.drop_table(table)
    op.drop_column("scripts", "synopsis")
    op.drop_column("pitches", "removed_at")
    op.drop_column("pitches", "note")
    op.drop_column("slates", "preset")
    op.drop_column("members", "notified")
    op.drop_column("members", "opted_in_at")
    for column in (
        "left_at",
        "daily_post",
        "daily_channel",
        "report_channel",
        "script_channel",
        "pitch_channel",
        "language",
        "rating",
        "slates_a_day_of_all",
        "slates_a_day",
        "voters_shown",
        "self_votes",
    ):
        op.drop_column("guilds", column)
