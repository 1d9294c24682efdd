"""The round on a terminal: what is written streams in, votes grow, the page is typeset."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Final

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from bot.demo import Step

_BAR: Final = "█"
_LIVE_STEPS: Final = {"writing slate", "vote", "writing script"}
_TITLES: Final = {"writing slate": "The room is writing", "vote": "The members vote", "writing script": "Page one"}


async def show(console: Console, steps: AsyncGenerator[Step]) -> None:
    """Print a round as it is played."""
    moving = _Moving(console)
    try:
        async for step in steps:
            if step["step"] in _LIVE_STEPS:
                moving.show(step)
            else:
                moving.stop()
                _print(console, step)
    finally:
        moving.stop()


class _Moving:
    """The one panel that changes; of the votes the last state stays, what was written is printed when done."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live: Live | None = None
        self._name = ""
        self._last: RenderableType = ""

    def show(self, step: Step) -> None:
        if step["step"] != self._name:
            self.stop()
        self._name = step["step"]
        self._last = Panel(_picture(step), title=_TITLES[self._name], border_style="yellow", title_align="left")
        if self._live is None and self._console.is_terminal:
            self._live = Live(console=self._console, transient=True, refresh_per_second=12)
            self._live.start()
        if self._live:
            self._live.update(self._last)

    def stop(self) -> None:
        if self._live:
            self._live.stop()
            self._live = None
        if self._name == "vote":
            self._console.print(self._last)
        self._name = ""


def _picture(step: Step) -> RenderableType:
    match step["step"]:
        case "writing slate":
            rows = [_pitch(number, pitch["title"], pitch["summary"]) for number, pitch in enumerate(step["pitches"], 1)]
            return Group(*rows) if rows else Text(_waiting(step), style="dim")
        case "vote":
            return _tally(step)
        case _:
            return Text(step["text"] or _waiting(step))


def _waiting(step: Step) -> str:
    return f"place {step['place']} in line" if step["place"] else "…"


def _pitch(number: int, title: str, summary: str) -> Text:
    return Text.assemble((f"{number}. {title}", "bold green"), "\n", summary or "…", "\n")


def _tally(step: Step) -> RenderableType:
    table = Table.grid(padding=(0, 2))
    for pitch in step["slate"]:
        chosen = pitch["state"] == "greenlit"
        table.add_row(
            Text(pitch["title"], style="bold green" if chosen else ""),
            Text(_BAR * pitch["votes"], style="green"),
            Text(str(pitch["votes"]) if pitch["votes"] else "", style="dim"),
        )
    return Group(table, Text(f"{step['member']} votes for “{step['pitch']['title']}”", style="dim"))


def _print(console: Console, step: Step) -> None:
    match step["step"]:
        case "asked":
            command = Text.assemble(("/pitch ", "bold cyan"), (step["genre"], "cyan"), "  ", (step["theme"], "cyan"))
            console.print(command, Text(f"seed {step['seed']}", style="dim"))
        case "slate":
            rows = [_pitch(number, pitch["title"], pitch["summary"]) for number, pitch in enumerate(step["pitches"], 1)]
            dropped = f" · {step['dropped']} dropped as not original" if step["dropped"] else ""
            console.print(Panel(Group(*rows), title=f"Slate {step['id']}{dropped}", title_align="left"))
        case "greenlit":
            console.print(Text.assemble(("GREENLIT  ", "bold black on green"), (f" {step['title']}", "bold green")))
        case "script":
            console.print(Panel(Text(step["fountain"].strip()), title="Page one", title_align="left"))
        case "post":
            _post(console, step)


def _post(console: Console, step: Step) -> None:
    if step["state"] != "posted":
        reason = (step["reason"] or "under way").rstrip(".")
        console.print(Text(f"The daily show on {step['network']} is {step['state']}: {reason}."))
        return
    console.print(Text.assemble(("Daily show ", "bold"), f"{step['day']} on {step['network']}:"))
    console.print(Panel(Text(step["text"] or "")))
    folder = Path(step["address"]).parent
    if folder.is_dir():
        for file in sorted(folder.iterdir()):
            console.print(Text(f"  {file}", style="dim"), soft_wrap=True)
