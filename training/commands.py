"""The shell commands of training: any text, the data sets, evaluation, the yardstick, the Hub, and named runs.

Each imports what it needs when it runs; errors become sentences at the front door.
"""

from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from typer.core import TyperGroup

import training.embedded.commands
from model.checkpoint import EMBEDDED
from training import runs
from training.options import options_of, said
from training.recipe import Judging, Preparation, Recipe
from training.shell import configure, report

_DEFAULT: Final = "text"


class _TextByDefault(TyperGroup):
    """``greenlit train poems.txt`` is ``greenlit train text poems.txt``."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:  # noqa: ANN401 -- Typer's own types
        if args and args[0] not in self.commands and not args[0].startswith("-"):
            args = [_DEFAULT, *args]
        return super().resolve_command(ctx, args)


app = typer.Typer(
    cls=_TextByDefault, no_args_is_help=True, help="Make a writer: TEXT, or the data sets; see each command."
)
app.add_typer(training.embedded.commands.app, name="embedded")
runs_app = typer.Typer(no_args_is_help=True, help="Named runs: list, show, rm.")

Json = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]
Data = Annotated[Path, typer.Option(help="The folder with the data sets as published, packed or not.")]
Cache = Annotated[Path, typer.Option(help="Where unpacked data, themes and entries are kept.")]
Name = Annotated[str, typer.Option("--run", help="What the run is called.")]
Resume = Annotated[
    bool,
    typer.Option(
        "--resume", help="Go on with a run, by the recipe it was begun with; options that differ are refused."
    ),
]
Encoding = Annotated[str | None, typer.Option(help="Of the text, if it is not UTF-8.")]
Column = Annotated[str | None, typer.Option(help="The column with the text, of a CSV with several.")]
Delimiter = Annotated[str | None, typer.Option(help="What parts the documents inside a file.")]
CACHE: Final = Path("runs/cache")
recipe_options = options_of(Recipe, "recipe", base=str(EMBEDDED))
judging_options = options_of(Judging, "judging")
preparation_options = options_of(Preparation, "preparation", leave={"seed"})


@app.command(_DEFAULT)
@recipe_options
def train_text(
    ctx: typer.Context,
    text: Annotated[str, typer.Argument(help="A text file, a folder, a pattern in quotes, or a CSV of texts.")],
    *,
    name: Name,
    recipe: Recipe,
    resume: Resume = False,
    column: Column = None,
    delimiter: Delimiter = None,
    encoding: Encoding = None,
    as_json: Json = False,
) -> None:
    """Fine-tune on any text: ``greenlit train poems.txt --run poems``."""
    configure()
    from training.corpus import of_texts  # noqa: PLC0415
    from training.sources.text import read_texts  # noqa: PLC0415
    from training.starting import train  # noqa: PLC0415

    texts = read_texts(text, column=column, delimiter=delimiter, encoding=encoding)
    _tell(as_json, train(name, recipe, of_texts(texts), resume=resume, said=said(ctx, Recipe)))


@app.command()
@preparation_options
def prepare(data: Data, *, preparation: Preparation, cache: Cache = CACHE, as_json: Json = False) -> None:
    """Turn the data sets into entries of the four tasks, once; say how many of each."""
    configure()
    from training.preparation import prepare as prepare_data  # noqa: PLC0415
    from training.preparation import table  # noqa: PLC0415

    corpus = prepare_data(data, cache, preparation)
    report(as_json, table(corpus.facts), **corpus.facts)


@app.command()
@preparation_options
@recipe_options
def finetune(
    ctx: typer.Context,
    data: Data,
    *,
    name: Name,
    recipe: Recipe,
    preparation: Preparation,
    resume: Resume = False,
    cache: Cache = CACHE,
    as_json: Json = False,
) -> None:
    """Fine-tune on the data sets' entries; under ``accelerate launch -m greenlit`` on several devices."""
    configure()
    from training.preparation import prepare as prepare_data  # noqa: PLC0415
    from training.starting import train  # noqa: PLC0415
    from training.together import first  # noqa: PLC0415

    corpus = first(lambda: prepare_data(data, cache, preparation))
    _tell(as_json, train(name, recipe, corpus, resume=resume, said=said(ctx, Recipe)))


@app.command("all")
@preparation_options
@recipe_options
def train_all(
    data: Data,
    *,
    name: Name,
    recipe: Recipe,
    preparation: Preparation,
    cache: Cache = CACHE,
    entries: Annotated[int, typer.Option(min=1, help="Held-out entries scored, a task.")] = 200,
    briefs: Annotated[int, typer.Option(min=0, help="Held-out briefs written to, a task.")] = 20,
    as_json: Json = False,
) -> None:
    """From the raw data sets to a scored adapter; what is done already is not done again."""
    configure()
    from training.judgement import judge_run, require_judges  # noqa: PLC0415
    from training.preparation import prepare as prepare_data  # noqa: PLC0415
    from training.preparation import table  # noqa: PLC0415
    from training.starting import train  # noqa: PLC0415
    from training.together import first  # noqa: PLC0415

    corpus = first(lambda: prepare_data(data, cache, preparation))
    if not as_json:
        typer.echo(table(corpus.facts))
    require_judges(corpus)
    trained = train(name, recipe, corpus, resume=True, said=[field.name for field in fields(Recipe)])
    if trained.facts:
        judged = judge_run(trained.run, corpus, entries=entries, briefs=briefs)
        report(as_json, f"{judged.table}\nThe run stands in {trained.run.folder}.", **judged.facts)


@app.command()
@judging_options
def evaluate(data: Data, *, judging: Judging, cache: Cache = CACHE, as_json: Json = False) -> None:
    """Score any model on works of your own, in the data sets' layouts: one table, or JSON."""
    configure()
    from training.judgement import judge  # noqa: PLC0415

    judged = judge(data, cache, judging)
    report(as_json, judged.table, **judged.facts)


@app.command()
def fetch(
    names: Annotated[list[str], typer.Argument(help="Names of data sets; greenlit train sources lists them.")],
    *,
    data: Data,
    as_json: Json = False,
) -> None:
    """Download data sets where that is possible, and say exactly what to get by hand where it is not."""
    configure()
    from training.fetch import fetch as fetch_source  # noqa: PLC0415
    from training.preparation import source_called  # noqa: PLC0415

    for name in names:
        got = fetch_source(source_called(name), data)
        report(as_json, f"{name} stands in {data / name}.", source=name, files=[str(path) for path in got])


@app.command("sources")
def list_sources(*, as_json: Json = False) -> None:
    """List the data sets that can be read: name, what it is, may weights trained on it be published."""
    from training.sources import known  # noqa: PLC0415

    for source in known().values():
        may = "may be published" if source.publishable else "not for published weights"
        report(as_json, f"{source.name:22} {source.about} ({may}; {source.licence})", name=source.name,
               about=source.about, publishable=source.publishable, licence=source.licence)  # fmt: skip


@app.command()
def imsdb(
    data: Data,
    *,
    contact: Annotated[str, typer.Option(help="Your address, told to the site with every request.")],
    genres: Annotated[list[str] | None, typer.Option(help="Only these; repeat for several.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="So many screenplays at most.")] = None,
    as_json: Json = False,
) -> None:
    """Collect screenplays from IMSDb slowly, obeying its robots.txt; a second run goes on."""
    configure()
    from training.spider import crawl  # noqa: PLC0415

    number = crawl(data / "imsdb", genres=tuple(genres or ()), limit=limit, contact=contact)
    report(as_json, f"{number} screenplays stand in {data / 'imsdb'}.", screenplays=number)


@app.command()
def lstm(
    text: Annotated[str, typer.Argument(help="A text file, a folder, a pattern in quotes, or a CSV of texts.")],
    *,
    name: Name,
    resume: Resume = False,
    minutes: Annotated[float | None, typer.Option(min=0.01, help="Stop after so long.")] = None,
    epochs: Annotated[int | None, typer.Option(min=1, help="Times the text is read.")] = None,
    column: Column = None,
    delimiter: Delimiter = None,
    encoding: Encoding = None,
    as_json: Json = False,
) -> None:
    """Train the yardstick: a word-level LSTM, as the anime comparison had it."""
    configure()
    from training.corpus import of_texts  # noqa: PLC0415
    from training.sources.text import read_texts  # noqa: PLC0415
    from training.yardstick import train_lstm  # noqa: PLC0415

    corpus = of_texts(read_texts(text, column=column, delimiter=delimiter, encoding=encoding))
    run, bits = train_lstm(name, corpus, resume=resume, minutes=minutes, epochs=epochs)
    report(as_json, f"The run stands in {run.folder}: {bits:.3f} bits per byte held out.", run=run.name, bits=bits)


@app.command()
def push(
    name: Annotated[str, typer.Argument(help="A finished run.")],
    repo: Annotated[str, typer.Argument(help="Where to, as OWNER/NAME.")],
    *,
    public: Annotated[bool, typer.Option("--public", help="Let everybody see it.")] = False,
    as_json: Json = False,
) -> None:
    """Publish a finished run on the Hugging Face Hub (token in HF_TOKEN or HF_TOKEN_FILE)."""
    configure()
    from training.hub import push as push_folder  # noqa: PLC0415

    url = push_folder(runs.finished(name).model, repo, private=not public)
    report(as_json, f"The run {name} stands at {url}.", url=url)


@app.command()
def pull(
    repo: Annotated[str, typer.Argument(help="What to fetch, as OWNER/NAME.")],
    to: Annotated[Path, typer.Argument(help="A folder that does not exist yet.")],
    *,
    as_json: Json = False,
) -> None:
    """Fetch a checkpoint or an adapter from the Hugging Face Hub, checked file by file."""
    configure()
    from training.hub import pull as pull_repo  # noqa: PLC0415

    report(as_json, f"It stands in {pull_repo(repo, to)}.", path=str(to))


@app.command()
def watch(
    *,
    once: Annotated[bool, typer.Option("--once", help="End when nothing is queued.")] = False,
    as_json: Json = False,
) -> None:
    """Work on the retrainings that /retrain queues: learn from the votes, judge, publish what is better."""
    configure()
    import asyncio  # noqa: PLC0415

    from training.standing import stand_watch  # noqa: PLC0415

    done = asyncio.run(stand_watch(once=once))
    report(as_json, f"{done} runs were worked on.", runs=done)


@app.command()
def feedback(*, as_json: Json = False) -> None:
    """Say what the community's votes would teach by now, and what is missing."""
    configure()
    import asyncio  # noqa: PLC0415

    from training.standing import sheet  # noqa: PLC0415

    told = asyncio.run(sheet())
    report(as_json, told.sentence, **told.facts)


@runs_app.command("list")
def list_runs(*, as_json: Json = False) -> None:
    """List the runs: name, kind, finished or not, held-out score."""
    for run in runs.found():
        facts = runs.described(run)
        report(
            as_json,
            "{run:24} {kind:8} {state:11} {score}".format_map({**facts, "score": facts["score"] or ""}),
            **facts,
        )


@runs_app.command("show")
def show_run(name: str, *, as_json: Json = False) -> None:
    """Show a run: what it was begun with, and its receipt if it is finished."""
    import json  # noqa: PLC0415

    facts = runs.whole(runs.find(name))
    report(as_json, json.dumps(facts, indent=1, ensure_ascii=False), **facts)


@runs_app.command("rm")
def remove_run(
    name: str,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: Json = False,
) -> None:
    """Delete a run with everything in it."""
    run = runs.find(name)
    if not yes:
        typer.confirm(f"Delete {run.folder} and everything in it?", abort=True)
    runs.remove(run)
    report(as_json, f"The run {name} is deleted.", run=name)


def _tell(as_json: bool, trained: Any) -> None:  # noqa: ANN401, FBT001 -- of a module loaded late
    if trained.facts:
        score = trained.facts["scores"].get("held-out nats per token")
        told = f", {score:.3f} nats per held-out token" if score is not None else ""
        report(as_json, f"The run stands in {trained.run.folder}{told}.", run=trained.run.name, **trained.facts)
