"""The names of things: an id of one kind cannot stand in for another."""

from typing import Final, NewType

MemberId = NewType("MemberId", str)
"""``discord:123`` for a Discord member, ``page:anna`` for somebody on the page."""

GuildId = NewType("GuildId", str)
"""``discord:55`` for a Discord server, ``page`` for the page."""

LARGEST_ID: Final = 2**31 - 1
"""The largest number that a row can have."""

SlateId = NewType("SlateId", int)
PitchId = NewType("PitchId", int)
ScriptId = NewType("ScriptId", int)
ReportId = NewType("ReportId", int)
RewriteId = NewType("RewriteId", int)
StagingId = NewType("StagingId", int)
PostId = NewType("PostId", int)
ProposalId = NewType("ProposalId", int)
RunId = NewType("RunId", int)
AdapterId = NewType("AdapterId", int)
