"""The table of favourites: which shows a member keeps."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base


class FavouriteRow(Base):
    """One pitch that one member keeps."""

    __tablename__ = "favourites"
    __table_args__ = (Index(None, "pitch_id"),)
    member_id: Mapped[str] = mapped_column(ForeignKey("members.id", ondelete="CASCADE"), primary_key=True)
    pitch_id: Mapped[int] = mapped_column(ForeignKey("pitches.id", ondelete="RESTRICT"), primary_key=True)
    created_at: Mapped[datetime]
