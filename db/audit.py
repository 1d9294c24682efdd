"""The table of the audit log: what moderators and admins did, on which server, to what."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base


class AuditRow(Base):
    """One deed: ``action`` is a word of the code, ``subject`` says of what."""

    __tablename__ = "audit"
    __table_args__ = (Index(None, "guild_id", "id"), Index(None, "actor"))
    id: Mapped[int] = mapped_column(primary_key=True)
    guild_id: Mapped[str] = mapped_column(ForeignKey("guilds.id", ondelete="CASCADE"))
    actor: Mapped[str | None] = mapped_column(ForeignKey("members.id", ondelete="SET NULL"))
    action: Mapped[str]
    subject: Mapped[str]
    created_at: Mapped[datetime]
