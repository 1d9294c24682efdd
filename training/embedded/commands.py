"""The shell commands that made the checkpoint that ships: prepare, pretrain, polish, score, export, all, titles.

Each imports what it needs when it runs; errors become sentences at the front door.
"""

import json
from pathlib import Path
from typing import Annotated, Final

import typer

from training.shell import configure, report

app = typer.Typer(no_args_is_help=True, help="Make the writer that ships: prepare, pretrain, polish, score, export.")
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]
Data = Annotated[
    Path, typer.Option(help="The folder with streaming, wikipedia-movies, plays, prose and ssa-names as published.")
]
Cache = Annotated[Path, typer.Option(help="Where prepared entries are kept.")]
Run = Annotated[Path, typer.Option(help="The run's folder: checkpoint and receipt.")]
_CACHE: Final = Path("runs/embedded/cache")
_RUN: Final = Path("runs/embedded/run")


@app.command()
def prepare(data: Data, *, cache: Cache = _CACHE, as_json: Json = False) -> None:
    """Turn the published data into entries of the four tasks and learn the vocabulary."""
    configure()
    from training.embedded.prepare import prepare as prepare_data  # noqa: PLC0415
    from training.embedded.recipe import Recipe  # noqa: PLC0415

    prepare_data(data, cache, Recipe())
    report(as_json, f"Everything is prepared in {cache}.", cache=str(cache))


@app.command()
def pretrain(
    *,
    cache: Cache = _CACHE,
    run: Run = _RUN,
    steps: Annotated[int | None, typer.Option(min=1, help="Fewer or more steps than the recipe's.")] = None,
    as_json: Json = False,
) -> None:
    """Train the embedded writer by its recipe; a killed run goes on where it was."""
    configure()
    from dataclasses import replace  # noqa: PLC0415

    from training.embedded.prepare import documents  # noqa: PLC0415
    from training.embedded.pretrain import train  # noqa: PLC0415
    from training.embedded.recipe import Recipe  # noqa: PLC0415
    from training.embedded.schedule import plan  # noqa: PLC0415

    recipe = replace(Recipe(), steps=steps) if steps else Recipe()
    train(recipe, plan(recipe, documents(cache, "train")), run)
    report(as_json, f"The run stands in {run}.", run=str(run))


@app.command()
def polish(*, cache: Cache = _CACHE, run: Run = _RUN, as_json: Json = False) -> None:
    """Train a finished run on with the best entries; a killed one goes on where it was."""
    configure()
    from training.embedded.make import POLISHED  # noqa: PLC0415
    from training.embedded.make import polish as polish_run  # noqa: PLC0415

    polish_run(cache, run)
    report(as_json, f"The polished run stands in {run / POLISHED}.", run=str(run / POLISHED))


@app.command("score")
def score_works(
    *,
    model: Annotated[Path | None, typer.Option(help="A checkpoint; the embedded one if absent.")] = None,
    cache: Cache = _CACHE,
    as_json: Json = False,
) -> None:
    """Score a checkpoint on held-out works: bits per byte, task by task."""
    configure()
    from model.checkpoint import EMBEDDED  # noqa: PLC0415
    from training.embedded.score import score  # noqa: PLC0415

    scores = score(model or EMBEDDED, cache)
    report(as_json, "\n".join(f"{task:10} {bits:.3f} bits per byte" for task, bits in scores.items()), **scores)


@app.command()
def export(
    to: Annotated[Path, typer.Argument(help="The folder to make or replace.")],
    *,
    cache: Cache = _CACHE,
    run: Run = _RUN,
    figures: Annotated[Path | None, typer.Option(help="The result of benchmarks/writing, for the card.")] = None,
    limits: Annotated[Path | None, typer.Option(help="The card's last section, in Markdown.")] = None,
    as_json: Json = False,
) -> None:
    """Score a polished run and make the checkpoint that ships: weights, tokenizer, titles, manifest, card."""
    configure()
    from training.embedded.make import publish  # noqa: PLC0415

    written = json.loads(figures.read_text("utf-8")) if figures else None
    scores = publish(cache, run, to, written=written, limits=limits.read_text("utf-8") if limits else "")
    report(as_json, f"The checkpoint stands in {to}.", path=str(to), **scores)


@app.command("all")
def train_all(
    to: Annotated[Path, typer.Argument(help="The folder to make or replace.")],
    *,
    data: Data,
    work: Annotated[Path, typer.Option(help="Where cache and run are kept.")] = Path("runs/embedded"),
    as_json: Json = False,
) -> None:
    """Prepare, train, polish, score and export; whatever exists already is not made again."""
    configure()
    from training.embedded.make import make  # noqa: PLC0415

    scores = make(data, work, to)
    report(as_json, f"The checkpoint stands in {to}.", path=str(to), **scores)


@app.command()
def titles(
    table: Annotated[Path, typer.Argument(help="A tab-separated table with a column 'title'.")],
    to: Annotated[Path, typer.Argument(help="Where the index goes, such as titles.trie.")],
    *,
    as_json: Json = False,
) -> None:
    """Build the index of titles that exist."""
    configure()
    from training.titles import build  # noqa: PLC0415

    count = build(table, to)
    report(as_json, f"{count:,} titles stand in {to}.", titles=count, path=str(to))
