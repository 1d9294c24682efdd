"""The table of rewrites: lines of a script that a member had said otherwise, before and after."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, one_of


class RewriteState(StrEnum):
    """``drafting`` → ``done`` or ``failed``."""

    DRAFTING = "drafting"
    DONE = "done"
    FAILED = "failed"


class RewriteRow(Base):
    """One line: element ``at`` (from 0) of a script, as it ``was`` and as it ``became``."""

    __tablename__ = "rewrites"
    __table_args__ = (one_of(RewriteState), Index(None, "state"), Index(None, "script_id"), Index(None, "asked_by"))
    id: Mapped[int] = mapped_column(primary_key=True)
    script_id: Mapped[int] = mapped_column(ForeignKey("scripts.id", ondelete="CASCADE"))
    at: Mapped[int]
    was: Mapped[str]
    became: Mapped[str | None]
    state: Mapped[str]
    failure: Mapped[str | None]
    seed: Mapped[int] = mapped_column(BigInteger)
    asked_by: Mapped[str | None] = mapped_column(ForeignKey("members.id", ondelete="SET NULL"))
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
