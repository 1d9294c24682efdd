"""The table of the audit log: what moderators and admins did, on which server, to what."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ForeignKey, Index, insert, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base
from db.ids import GuildId, MemberId


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """One deed; ``actor`` is ``None`` once that member is forgotten."""

    id: int
    actor: MemberId | None
    action: str
    subject: str
    created_at: datetime


async def record(
    session: AsyncSession, *, guild_id: GuildId, actor: MemberId | None, action: str, subject: str, now: datetime
) -> None:
    """Write down what somebody did.

    Raises:
        BrokenRuleError: the guild or the member was not ensured before.
    """
    deed = {"guild_id": guild_id, "actor": actor, "action": action, "subject": subject, "created_at": now}
    await session.execute(insert(AuditRow).values(deed))


async def recent(session: AsyncSession, guild_id: GuildId, limit: int, before: int | None = None) -> tuple[Deed, ...]:
    """Return the newest deeds on a server, those ``before`` a deed's id if one is given."""
    deeds = select(AuditRow).where(AuditRow.guild_id == guild_id)
    if before is not None:
        deeds = deeds.where(AuditRow.id < before)
    return tuple(
        Deed(
            id=row.id,
            actor=None if row.actor is None else MemberId(row.actor),
            action=row.action,
            subject=row.subject,
            created_at=row.created_at,
        )
        for row in await session.scalars(deeds.order_by(AuditRow.id.desc()).limit(limit))
    )
