"""The table of roles: which of a server's roles may vote, and which decide as showrunners."""

from enum import StrEnum

from sqlalchemy import BigInteger, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, one_of


class Purpose(StrEnum):
    """What a role is for; where no role is a ``voter``, everybody may vote."""

    VOTER = "voter"
    SHOWRUNNER = "showrunner"


class RoleRow(Base):
    """One role of a server, for one purpose."""

    __tablename__ = "roles"
    __table_args__ = (one_of(Purpose, "purpose"),)
    guild_id: Mapped[str] = mapped_column(ForeignKey("guilds.id", ondelete="CASCADE"), primary_key=True)
    purpose: Mapped[str] = mapped_column(primary_key=True)
    role_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
