"""How many pages a member asked for on a server: scenes, lines said otherwise and dialogs staged, of three tables."""

from datetime import datetime

from sqlalchemy import select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from db.ids import GuildId, MemberId
from db.pitches import PitchRow
from db.rewrites import RewriteRow
from db.scripts import ScriptRow
from db.slates import SlateRow
from db.stagings import StagingRow


async def pages_since(
    session: AsyncSession, guild_id: GuildId, member_id: MemberId, since: datetime
) -> tuple[datetime, ...]:
    """Return when the member asked this guild for a page since then (aware), the earliest first."""
    scenes = (
        select(ScriptRow.created_at)
        .join(PitchRow, PitchRow.id == ScriptRow.pitch_id)
        .join(SlateRow, SlateRow.id == PitchRow.slate_id)
        .where(SlateRow.guild_id == guild_id, ScriptRow.asked_by == member_id, ScriptRow.created_at >= since)
    )
    lines = (
        select(RewriteRow.created_at)
        .join(ScriptRow, ScriptRow.id == RewriteRow.script_id)
        .join(PitchRow, PitchRow.id == ScriptRow.pitch_id)
        .join(SlateRow, SlateRow.id == PitchRow.slate_id)
        .where(SlateRow.guild_id == guild_id, RewriteRow.asked_by == member_id, RewriteRow.created_at >= since)
    )
    dialogs = select(StagingRow.created_at).where(
        StagingRow.guild_id == guild_id, StagingRow.asked_by == member_id, StagingRow.created_at >= since
    )
    asked = union_all(scenes, lines, dialogs).subquery()
    return tuple(await session.scalars(select(asked.c.created_at).order_by(asked.c.created_at)))
