"""The table of blocks: who may not ask on a server. It outlives what else is known of them, or that would lift it."""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base


class BlockRow(Base):
    """One member who is blocked on one server."""

    __tablename__ = "blocks"
    guild_id: Mapped[str] = mapped_column(ForeignKey("guilds.id", ondelete="CASCADE"), primary_key=True)
    member_id: Mapped[str] = mapped_column(primary_key=True)
    created_at: Mapped[datetime]
