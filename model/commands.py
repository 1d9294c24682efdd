"""The shell commands of the store of adapters: list, publish, activate, rollback, prune.

Each imports what it needs when it runs; errors become sentences at the front door.
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from model.adapters import Store as AdapterStore

adapters_app = typer.Typer(no_args_is_help=True, help="Adapters that a running worker swaps: list, publish, activate.")

Folder = Annotated[
    Path, typer.Option("--store", envvar="GREENLIT_WORKER_ADAPTERS", help="The folder that keeps the adapters.")
]
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]


def _store(folder: Path) -> "AdapterStore":
    from model.adapters import Store  # noqa: PLC0415

    return Store(folder)


@adapters_app.command("list")
def list_adapters(*, store: Folder, as_json: Json = False) -> None:
    """Show what is stored; a star stands before the active one, an arrow before the one that a rollback brings."""
    stored = _store(store)
    pointer = stored.pointer()
    for name in (None, *stored.names()):
        active, before = name == pointer.active, pointer.before[-1:] == (name,)
        if as_json:
            _say({"name": name, "active": active, "before": before})
        else:
            typer.echo(f"{'*' if active else '←' if before else ' '} {name or 'the base model, without an adapter'}")


@adapters_app.command()
def publish(
    folder: Annotated[Path, typer.Argument(help="What training wrote: an adapter with its manifest.json.")],
    *,
    store: Folder,
    base: Annotated[Path | None, typer.Option(help="The model's folder, to check that it was trained on it.")] = None,
    as_json: Json = False,
) -> None:
    """Copy an adapter into the store, checked file by file; what is active stays so."""
    name = _store(store).publish(folder, base=base)
    _report(as_json, f"Published as {name}; greenlit adapters activate {name} makes it write.", name=name)


@adapters_app.command()
def activate(
    name: Annotated[str | None, typer.Argument(help="What list shows.")] = None,
    *,
    base: Annotated[bool, typer.Option("--base", help="None: the base model writes alone.")] = False,
    store: Folder,
    as_json: Json = False,
) -> None:
    """Have every worker on this store write with an adapter, from the next brief on."""
    if (name is None) != base:
        raise typer.BadParameter("give a name, or --base")
    _store(store).activate(name)
    _report(as_json, f"Active now: {name or 'the base model'}.", active=name)


@adapters_app.command()
def rollback(*, store: Folder, as_json: Json = False) -> None:
    """Go back to what was active before; again, to what was before that."""
    name = _store(store).rollback()
    _report(as_json, f"Active again: {name or 'the base model'}.", active=name)


@adapters_app.command()
def prune(
    *,
    keep: Annotated[int, typer.Option(min=0, help="So many of those published last stay.")],
    store: Folder,
    as_json: Json = False,
) -> None:
    """Remove old adapters, but never the active one nor the one that a rollback would bring."""
    gone = _store(store).prune(keep)
    _report(as_json, f"Removed: {', '.join(gone) or 'none'}.", removed=gone)


def _say(facts: dict[str, Any]) -> None:
    typer.echo(json.dumps(facts, ensure_ascii=False))


def _report(as_json: bool, sentence: str, **facts: object) -> None:  # noqa: FBT001 - the flag of every command
    _say({"sentence": sentence, **facts}) if as_json else typer.echo(sentence)
