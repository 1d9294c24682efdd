"""What a stopped process left: work to take up, and what was finished so lately that its card may not say so."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from bot.app import App
from bot.usecases import browsing, pitching, rewriting, writing
from db import stagings
from db.ids import GuildId, ScriptId, SlateId, StagingId
from db.scripts import Script
from db.slates import Slate
from db.stagings import Staging

SLATES: Final = 5  # the newest of a server
STAGINGS: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """Slates, scripts and staged dialogs by their numbers."""

    slates: dict[SlateId, Slate] = field(default_factory=dict)
    scripts: dict[ScriptId, Script] = field(default_factory=dict)
    stagings: dict[StagingId, Staging] = field(default_factory=dict)

    def __or__(self, other: "Left") -> "Left":
        return Left(
            slates=self.slates | other.slates,
            scripts=self.scripts | other.scripts,
            stagings=self.stagings | other.stagings,
        )


async def take_up(app: App) -> Left:
    """Go on with everything that was being written when the bot stopped; return it."""
    slates, scripts, dialogs = await pitching.resume(app), await writing.resume(app), await rewriting.resume(app)
    return Left(
        slates={slate.id: slate for slate in slates},
        scripts={script.id: script for script in scripts},
        stagings={staging.id: staging for staging in dialogs},
    )


async def recent(app: App, guild: GuildId) -> Left:
    """Return a server's newest slates, the scripts of their shows, and the dialogs staged in the last hour."""
    async with app.database.reading() as session:
        dialogs = await stagings.ended_since(session, guild, app.now() - STAGINGS)
    found = Left(stagings={staging.id: staging for staging in dialogs})
    for slate in await browsing.recent_slates(app, guild, SLATES):
        found.slates[slate.id] = slate
        for pitch in (await browsing.slate(app, slate.id)).pitches:
            if pitch.greenlit_at:
                found.scripts.update({script.id: script for script in (await browsing.show(app, pitch.id)).scripts})
    return found
