"""What the writer returns: one frozen value per task, parsed from the model's text."""

from dataclasses import dataclass

from model import briefs
from model.screenplay import NotAScriptError, Script, Turn


@dataclass(frozen=True, slots=True, kw_only=True)
class PitchDraft:
    """A show that does not exist yet: its title and what it is about."""

    title: str
    summary: str

    def __post_init__(self) -> None:
        briefs.require_canonical("title", self.title)
        briefs.require_canonical("summary", self.summary)


@dataclass(frozen=True, slots=True)
class DialogDraft:
    """Turns without headings or directions."""

    turns: tuple[Turn, ...]

    def __post_init__(self) -> None:
        if not self.turns:
            raise NotAScriptError("")


@dataclass(frozen=True, slots=True)
class ScriptDraft:
    """A script: page one of a show, or a member's dialog with stage directions."""

    script: Script


Draft = PitchDraft | DialogDraft | ScriptDraft
