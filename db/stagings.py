"""The table of stagings: a member's own dialog, and the scene it becomes."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, one_of


class StagingState(StrEnum):
    """``drafting`` → ``done`` or ``failed``."""

    DRAFTING = "drafting"
    DONE = "done"
    FAILED = "failed"


class StagingRow(Base):
    """One dialog; it goes with the member who wrote it."""

    __tablename__ = "stagings"
    __table_args__ = (one_of(StagingState), Index(None, "state"), Index(None, "asked_by"), Index(None, "guild_id"))
    id: Mapped[int] = mapped_column(primary_key=True)
    guild_id: Mapped[str] = mapped_column(ForeignKey("guilds.id", ondelete="RESTRICT"))
    asked_by: Mapped[str] = mapped_column(ForeignKey("members.id", ondelete="CASCADE"))
    dialog: Mapped[str]
    state: Mapped[str]
    fountain: Mapped[str | None]
    seed: Mapped[int] = mapped_column(BigInteger)
    model: Mapped[str | None]
    failure: Mapped[str | None]
    channel_id: Mapped[int | None] = mapped_column(BigInteger)
    message_id: Mapped[int | None] = mapped_column(BigInteger)
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
