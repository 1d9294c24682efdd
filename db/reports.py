"""The table of reports: what members found unfit, and what moderators decided about it."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, one_of


class ReportState(StrEnum):
    """``open`` → ``removed`` (hidden) | ``pardoned`` (it stays); blocking its author is a row of its own."""

    OPEN = "open"
    REMOVED = "removed"
    PARDONED = "pardoned"


class ReportRow(Base):
    """One report of a pitch."""

    __tablename__ = "reports"
    __table_args__ = (
        one_of(ReportState),
        Index(None, "guild_id", "state"),
        Index(None, "pitch_id"),
        Index(None, "reported_by"),
        Index(None, "decided_by"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    guild_id: Mapped[str] = mapped_column(ForeignKey("guilds.id", ondelete="RESTRICT"))
    pitch_id: Mapped[int] = mapped_column(ForeignKey("pitches.id", ondelete="RESTRICT"))
    reported_by: Mapped[str | None] = mapped_column(ForeignKey("members.id", ondelete="SET NULL"))
    reason: Mapped[str]
    state: Mapped[str]
    decided_by: Mapped[str | None] = mapped_column(ForeignKey("members.id", ondelete="SET NULL"))
    channel_id: Mapped[int | None] = mapped_column(BigInteger)
    message_id: Mapped[int | None] = mapped_column(BigInteger)
    created_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
