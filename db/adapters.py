"""The table of adapters: published weights with their hash; at most one of them is active."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint, false, insert, select, text, true, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base
from db.errors import NotFoundError
from db.ids import AdapterId, RunId


class AdapterRow(Base):
    """One adapter."""

    __tablename__ = "adapters"
    __table_args__ = (
        UniqueConstraint("name"),
        Index(
            "uq_adapters_active",
            "active",
            unique=True,
            sqlite_where=text("active"),
            postgresql_where=text("active"),
        ),
        Index(None, "run_id"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int | None] = mapped_column(ForeignKey("runs.id", ondelete="SET NULL"))
    name: Mapped[str]
    folder: Mapped[str]
    sha256: Mapped[str]
    format_version: Mapped[int]
    active: Mapped[bool] = mapped_column(server_default=false())
    created_at: Mapped[datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Adapter:
    """An adapter in ``folder``, made by ``run_id`` (``None``: by hand), for prompts of ``format_version``."""

    id: AdapterId
    run_id: RunId | None
    name: str
    folder: str
    sha256: str
    format_version: int
    active: bool
    created_at: datetime


async def add(
    session: AsyncSession,
    *,
    name: str,
    folder: str,
    sha256: str,
    format_version: int,
    now: datetime,
    run_id: RunId | None = None,
) -> Adapter:
    """Return a new adapter, not active yet.

    Raises:
        BrokenRuleError: the name is taken, or there is no such run.
    """
    new = insert(AdapterRow).values(
        run_id=run_id, name=name, folder=folder, sha256=sha256, format_version=format_version, created_at=now
    )
    return _adapter((await session.scalars(new.returning(AdapterRow))).one())


async def active(session: AsyncSession) -> Adapter | None:
    """Return the active adapter, if any."""
    row = await session.scalar(select(AdapterRow).where(AdapterRow.active))
    return None if row is None else _adapter(row)


async def activate(session: AsyncSession, adapter_id: AdapterId) -> None:
    """Make this adapter the active one.

    Raises:
        NotFoundError: there is no such adapter.
    """
    known = await session.scalars(select(AdapterRow.id).order_by(AdapterRow.id).with_for_update())  # one at a time
    if adapter_id not in set(known):
        raise NotFoundError("adapter", adapter_id)
    await session.execute(update(AdapterRow).where(AdapterRow.active).values(active=false()))
    await session.execute(update(AdapterRow).where(AdapterRow.id == adapter_id).values(active=true()))


def _adapter(row: AdapterRow) -> Adapter:
    return Adapter(
        id=AdapterId(row.id),
        run_id=None if row.run_id is None else RunId(row.run_id),
        name=row.name,
        folder=row.folder,
        sha256=row.sha256,
        format_version=row.format_version,
        active=row.active,
        created_at=row.created_at,
    )
