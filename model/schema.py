"""The shapes bot and worker exchange: one strict JSON object per brief, event and error."""

from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from model import briefs

Seed = Annotated[int, Field(ge=0, le=briefs.MAX_SEED)]
Slot = Annotated[int, Field(ge=0)]
MAX_KEY: Final = 64
MAX_ADAPTER: Final = 100


class _Wire(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class TurnWire(_Wire):
    """One speaker's line."""

    type: Literal["turn"] = "turn"
    cue: str
    speech: str
    manner: str | None = None


class HeadingWire(_Wire):
    """Where and when a scene plays."""

    type: Literal["heading"] = "heading"
    text: str


class DirectionWire(_Wire):
    """What is seen."""

    type: Literal["direction"] = "direction"
    text: str


ElementWire = Annotated[HeadingWire | DirectionWire | TurnWire, Field(discriminator="type")]


class TermsWire(_Wire):
    """For whom a brief is (opaque keys), after how many seconds it is no longer wanted, and which adapter writes."""

    server: str = Field(default="", max_length=MAX_KEY)
    member: str = Field(default="", max_length=MAX_KEY)
    within: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    adapter: Annotated[str, Field(max_length=MAX_ADAPTER)] | None = None


class _BriefWire(_Wire):
    terms: TermsWire | None = None


class PitchBriefWire(_BriefWire):
    """Genre and theme → a slate of titles and summaries."""

    task: Literal["pitch"] = "pitch"
    genre: str
    theme: str
    count: int = Field(default=5, ge=1, le=briefs.MAX_COUNT)
    seed: Seed = 0
    avoid: list[str] = []
    preset: briefs.Preset = "tame"


class _ShowBriefWire(_BriefWire):
    title: str
    summary: str
    seed: Seed = 0


class DialogBriefWire(_ShowBriefWire):
    """Title and summary → a dialog."""

    task: Literal["dialog"] = "dialog"


class ScriptBriefWire(_ShowBriefWire):
    """Title and summary → the first page of a script."""

    task: Literal["script"] = "script"


class StagingBriefWire(_BriefWire):
    """A dialog → the script of the same lines."""

    task: Literal["staging"] = "staging"
    dialog: list[TurnWire] = Field(min_length=1, max_length=briefs.MAX_TURNS)
    seed: Seed = 0


class LineBriefWire(_ShowBriefWire):
    """A script and the place of a turn among its elements → the script with another speech there."""

    task: Literal["line"] = "line"
    elements: list[ElementWire] = Field(min_length=2, max_length=400)
    at: int = Field(ge=0)


BriefWire = Annotated[
    PitchBriefWire | DialogBriefWire | ScriptBriefWire | StagingBriefWire | LineBriefWire, Field(discriminator="task")
]


class PitchDraftWire(_Wire):
    """A show that does not exist yet."""

    kind: Literal["pitch"] = "pitch"
    title: str
    summary: str


class DialogDraftWire(_Wire):
    """Turns without headings or directions."""

    kind: Literal["dialog"] = "dialog"
    turns: list[TurnWire]


class ScriptDraftWire(_Wire):
    """A page of a script."""

    kind: Literal["script"] = "script"
    elements: list[ElementWire]


DraftWire = Annotated[PitchDraftWire | DialogDraftWire | ScriptDraftWire, Field(discriminator="kind")]


class QueuedWire(_Wire):
    """Waiting; 1 is next."""

    type: Literal["queued"] = "queued"
    place: int = Field(ge=1)


class TextWire(_Wire):
    """More of the completion of one draft."""

    type: Literal["text"] = "text"
    slot: Slot
    text: str


class RetractedWire(_Wire):
    """What was written for the slot is written anew."""

    type: Literal["retracted"] = "retracted"
    slot: Slot


class DraftedWire(_Wire):
    """One draft is complete."""

    type: Literal["draft"] = "draft"
    slot: Slot
    draft: DraftWire


class FinishedWire(_Wire):
    """The last event of a whole answer."""

    type: Literal["finished"] = "finished"
    model: str
    computed: int
    kept: int
    dropped: dict[str, int]


Code = Literal[
    "unauthorized",
    "not_found",
    "too_large",
    "bad_brief",
    "line_full",
    "too_late",
    "unavailable",
    "failed",
    "nothing_original",
    "prompt_too_long",
    "no_room",
    "no_such_adapter",
    "adapter_refused",
    "nothing_before",
    "no_store",
]


class Problem(_Wire):
    """Why there is no (further) answer. ``reference`` finds an unexpected one in the worker's log."""

    code: Code
    detail: str
    reference: str | None = None
    retry_after: int | None = None
    length: int | None = None
    limit: int | None = None
    name: str | None = None
    within: float | None = None


class ErrorWire(_Wire):
    """The last event of a broken answer."""

    type: Literal["error"] = "error"
    error: Problem


class ProblemBody(_Wire):
    """The body of every status that is no success."""

    error: Problem


class Status(_Wire):
    """What a worker says about itself. ``model`` is None while it loads; ``uptime`` is in seconds.

    ``adapter`` is what the next brief is written with, None if with the base; ``adapters`` are those stored. Of
    ``working`` briefs ``rows`` texts are written just now; ``tokens`` have been since the start.
    """

    model: str | None
    adapter: str | None = None
    adapters: list[str] = []
    ready: bool
    waiting: int
    working: int
    capacity: int
    at_once: int = 1
    rows: int = 0
    tokens: int = 0
    uptime: float
    instance: str = ""
    """Which of several workers behind one address said this; another one after every start."""


class Activation(_Wire):
    """Which adapter is to be active; null is the base model without one."""

    name: str | None


class Adapters(_Wire):
    """The store of adapters; null is the base model without one.

    ``active`` is what the store's pointer says, ``before`` what it said, the last at the end. ``worn`` is what this
    worker writes the next brief with: another one than ``active`` if it had to refuse that.
    """

    names: list[str]
    active: str | None
    before: list[str | None]
    worn: str | None


EventWire = Annotated[
    QueuedWire | TextWire | RetractedWire | DraftedWire | FinishedWire | ErrorWire, Field(discriminator="type")
]
