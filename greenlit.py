"""The front door: everything GreenLIT does starts with one of these commands.

Each command imports what it needs when it runs, so that ``greenlit --help`` answers at once.
Exit status: 0 done, 1 it could not be done (one sentence on standard error), 2 what was asked makes no sense.
"""

import asyncio
import json
import signal
import sys
from collections.abc import AsyncGenerator, Coroutine, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from typer.core import TyperGroup

import training.commands
from model.commands import adapters_app
from model.continuation import Continuation, continuations, seeded
from training.options import options_of
from training.simple import DELIMITER, opened, require_free, write_to

if TYPE_CHECKING:
    from bot.demo import Step
    from bot.launch import House
    from model.decoder import Decoder
    from model.engine import Engine


def _of_training(error: Exception) -> str | None:
    from training.sentences import sentence  # noqa: PLC0415

    return sentence(error)


class _Sentences(TyperGroup):
    """Commands whose errors become sentences."""

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 – Typer's own context, and whatever a command returns
        with sentences():
            return super().invoke(ctx)


app = typer.Typer(
    cls=_Sentences, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__
)
db_app = typer.Typer(no_args_is_help=True, help="The database: upgrade, downgrade, check.")
app.add_typer(db_app, name="db")
app.add_typer(training.commands.app, name="train")
app.add_typer(training.commands.runs_app, name="runs")
app.add_typer(adapters_app, name="adapters")

TERMINATED: Final = 128 + signal.SIGTERM
ROOM: Final = Path("var")

Json = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]
Genre = Annotated[str, typer.Option(help="The genre of the round.")]
Theme = Annotated[str, typer.Option(help="The theme of the round.")]
Seed = Annotated[int | None, typer.Option(help="For the same text again.")]
Model = Annotated[str | None, typer.Option(help="A checkpoint folder or Hugging Face id; the embedded one if absent.")]
Adapter = Annotated[Path | None, typer.Option(help="A folder with LoRA weights.")]


@contextmanager
def sentences() -> Iterator[None]:
    """Turn an error into one sentence on standard error and an exit status."""
    try:
        yield
    except (KeyboardInterrupt, typer.Exit, BrokenPipeError):
        raise
    except Exception as error:
        from bot import doctor, errors  # noqa: PLC0415

        sentence = errors.foreseen(error) or _of_training(error) or doctor.sentence(error)
        if sentence is None:
            raise
        typer.echo(sentence, err=True)
        raise typer.Exit(errors.exit_status(error)) from error


def _run(work: Coroutine[Any, Any, None]) -> None:
    with sentences():
        try:
            asyncio.run(_until_told(work))
        except asyncio.CancelledError:
            raise typer.Exit(TERMINATED) from None


async def _until_told(work: Coroutine[Any, Any, None]) -> None:
    """Do the work; SIGTERM cancels it, so that whatever it started is stopped in order."""
    task = asyncio.current_task()
    assert task is not None  # noqa: S101 – we are inside one
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    await work


def _say(facts: object) -> None:
    typer.echo(json.dumps(facts, ensure_ascii=False))


@app.command()
def up(
    *,
    port: Annotated[int, typer.Option(help="The page's port on 127.0.0.1.")] = 8576,
    folder: Annotated[Path, typer.Option(help="What the room remembers.")] = ROOM,
    as_json: Json = False,
) -> None:
    """Start worker and bot, play a round if the room is new, then serve the page until Ctrl-C."""
    _run(_up(folder.absolute(), port, as_json=as_json))


async def _up(folder: Path, port: int, *, as_json: bool) -> None:
    from bot.demo import Guests  # noqa: PLC0415
    from bot.launch import House, stopped  # noqa: PLC0415

    async with House(folder=folder, page_port=port) as house:
        guests = Guests(house.page_url, house.api_token)
        if not (await guests.get("/memory"))["slates"]:
            await _round(house, "comedy", "time travel", seed=None, as_json=as_json)
        remembered = await guests.get("/memory")
        await guests.aclose()
        if as_json:
            _say({"step": "open", "page": house.page_url, **remembered})
        else:
            typer.echo(
                f"The room remembers: slates {remembered['slates']}, votes {remembered['votes']}, "
                f"scripts {remembered['scripts']}.\nThe Writers' Room is open: {house.page_url} (Ctrl-C closes it)"
            )
        await stopped(house)


@app.command()
def demo(*, genre: Genre = "comedy", theme: Theme = "time travel", seed: Seed = None, as_json: Json = False) -> None:
    """Play one round with real processes in a folder of its own, then stop; nothing of a configured room is touched."""
    _run(_demo(genre, theme, seed, as_json=as_json))


async def _demo(genre: str, theme: str, seed: int | None, *, as_json: bool) -> None:
    import tempfile  # noqa: PLC0415

    from bot.launch import House  # noqa: PLC0415

    folder = Path(tempfile.mkdtemp(prefix="greenlit-demo-"))
    async with House(folder=folder, alone=True) as house:
        await _round(house, genre, theme, seed=seed, as_json=as_json)


async def _round(house: "House", genre: str, theme: str, *, seed: int | None, as_json: bool) -> None:
    from rich.console import Console  # noqa: PLC0415

    from bot import terminal  # noqa: PLC0415
    from bot.demo import Guests  # noqa: PLC0415

    guests = Guests(house.page_url, house.api_token)
    try:
        steps = guests.play(genre=genre, theme=theme, seed=seed)
        await (_print_steps(steps) if as_json else terminal.show(Console(), steps))
    finally:
        await guests.aclose()


async def _print_steps(steps: AsyncGenerator["Step"]) -> None:
    async for step in steps:
        _say(step)


@app.command()
def bot() -> None:
    """Run the bot: Discord (with GREENLIT_DISCORD_TOKEN), the page and the clock."""
    with sentences():
        from bot.__main__ import main  # noqa: PLC0415

        main()


@app.command()
def post(
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show what each network would be sent, and its price.")
    ] = False,
    into: Annotated[Path | None, typer.Option(help="With --dry-run: a folder for the texts and the picture.")] = None,
    as_json: Json = False,
) -> None:
    """Post today's show where it is not posted yet, whatever the hour; each network gets it once."""
    if into and not dry_run:
        raise typer.BadParameter("--into needs --dry-run")
    _run(_post(into, dry_run=dry_run, as_json=as_json))


async def _post(into: Path | None, *, dry_run: bool, as_json: bool) -> None:
    from bot import posting  # noqa: PLC0415
    from bot.logs import configure  # noqa: PLC0415
    from bot.settings import BotSettings  # noqa: PLC0415

    configure()
    settings = BotSettings()
    unsettled = False
    async with aclosing(posting.previews(settings, into) if dry_run else posting.post(settings)) as found:
        async for facts in found:
            unsettled |= facts.get("state", "posted") != "posted"
            _say(facts) if as_json else typer.echo(posting.in_words(facts))
    if unsettled:
        raise typer.Exit(1)


@app.command()
def worker() -> None:
    """Run the model worker."""
    with sentences():
        from bot.logs import configure  # noqa: PLC0415
        from model.serve import serve  # noqa: PLC0415
        from model.settings import WorkerSettings  # noqa: PLC0415

        settings = WorkerSettings()
        configure()
        asyncio.run(serve(settings))


def _engine(model: str | None, adapter: Path | None) -> "Engine":
    from model.serve import load_writer  # noqa: PLC0415

    return load_writer(_settings(model, adapter))


@app.command()
def pitch(
    genre: Annotated[str, typer.Argument(help="The genre, such as comedy.")],
    theme: Annotated[str, typer.Argument(help="The theme, in a few words.")],
    *,
    count: Annotated[int, typer.Option(help="How many titles, 1 to 10.")] = 5,
    seed: Seed = None,
    model: Model = None,
    adapter: Adapter = None,
    as_json: Json = False,
) -> None:
    """Pitch a slate of shows here, without any server."""
    _run(_pitch(genre, theme, count, seed, model, adapter, as_json=as_json))


async def _pitch(
    kind: str, about: str, count: int, seed: int | None, model: str | None, adapter: Path | None, *, as_json: bool
) -> None:
    from bot.app import random_seed  # noqa: PLC0415
    from model.briefs import PitchBrief, genre, theme  # noqa: PLC0415
    from model.drafts import PitchDraft  # noqa: PLC0415
    from model.engine import Drafted, Finished  # noqa: PLC0415

    brief = PitchBrief(genre=genre(kind), theme=theme(about), count=count, seed=random_seed() if seed is None else seed)
    async for event in _engine(model, adapter).stream(brief):
        match event:
            case Drafted(slot, PitchDraft() as draft):
                facts = {"slot": slot, "title": draft.title, "summary": draft.summary, "seed": brief.seed}
                _say(facts) if as_json else typer.echo(f"{draft.title}\n  {draft.summary}\n")
            case Finished() if not as_json:
                typer.echo(f"seed {brief.seed}, model {event.model}", err=True)


@app.command()
def script(
    number: Annotated[int | None, typer.Argument(help="The number of a pitch that the room remembers.")] = None,
    *,
    title: Annotated[str | None, typer.Option(help="The show's title.")] = None,
    summary: Annotated[str | None, typer.Option(help="What it is about.")] = None,
    dialog: Annotated[
        typer.FileText | None,
        typer.Option(help="A dialog, one 'NAME: speech' a line, to be staged; - is standard input."),
    ] = None,
    only_dialog: Annotated[bool, typer.Option("--only-dialog", help="Write the lines without directions.")] = False,
    seed: Seed = None,
    model: Model = None,
    adapter: Adapter = None,
    as_json: Json = False,
) -> None:
    """Write page one of a script (Fountain) here, without any server."""
    told = sum([number is not None, bool(title or summary), dialog is not None])
    if told != 1 or bool(title) != bool(summary) or (only_dialog and dialog):
        raise typer.BadParameter("give --title and --summary, or a pitch's number, or --dialog FILE")
    with sentences():
        text = dialog.read() if dialog else None
    _run(_script(number, title, summary, text, seed, model, adapter, only_dialog=only_dialog, as_json=as_json))


async def _script(
    number: int | None,
    title: str | None,
    summary: str | None,
    dialog: str | None,
    seed: int | None,
    model: str | None,
    adapter: Path | None,
    *,
    only_dialog: bool,
    as_json: bool,
) -> None:
    from bot import shell  # noqa: PLC0415

    brief = await shell.script_brief(
        number=number, title=title, summary=summary, dialog=dialog, only_dialog=only_dialog, seed=seed
    )
    facts = await shell.write_script(_engine(model, adapter), brief)
    _say(facts) if as_json else typer.echo(facts["text"])


@app.command()
@options_of(Continuation, "asked")
def write(
    beginning: Annotated[str, typer.Argument(help="The beginning; --prefix is the same.")] = "",
    *,
    asked: Continuation,
    run: Annotated[str | None, typer.Option(help="A finished run that writes; greenlit runs list shows them.")] = None,
    model: Model = None,
    adapter: Adapter = None,
    to: Annotated[
        Path | None, typer.Option(help="A new file: texts, with FILE.seeds.jsonl beside it; or FILE.jsonl with both.")
    ] = None,
    delimiter: Annotated[str, typer.Option(help="What stands on a line between two texts.")] = DELIMITER,
    force: Annotated[bool, typer.Option("--force", help="Write over a file that is there.")] = False,
    interactive: Annotated[
        bool, typer.Option("--interactive", help="Pick what comes next: a number, own words, x back, q end.")
    ] = False,
    choices: Annotated[int, typer.Option(min=1, max=99, help="So many to pick from.")] = 5,
    page: Annotated[int | None, typer.Option(min=0, max=65535, help="Serve a page to write on at this port.")] = None,
    as_json: Json = False,
) -> None:
    """Continue any text with the model, as it is: no task, no filter."""
    if beginning and asked.prefix:
        raise typer.BadParameter("give the beginning once: as an argument, or with --prefix")
    if run and (model or adapter):
        raise typer.BadParameter("give a run, or a model with an adapter")
    if sum([to is not None, interactive, page is not None]) > 1:
        raise typer.BadParameter("give one of --to, --interactive and --page")
    from training.shell import configure  # noqa: PLC0415

    configure()
    if to:
        require_free(to, force=force)
    asked = seeded(replace(asked, prefix=beginning or asked.prefix))
    with sentences(), opened(run, model=model, adapter=adapter) as decoder:
        if interactive:
            typer.echo(_picked(decoder, asked.prefix, choices))
        elif page is not None:
            _run(_serve_page(decoder, asked, page))
        elif to:
            _run(_write_to(decoder, asked, to, delimiter, force=force, as_json=as_json))
        else:
            _run(_write(decoder, asked, delimiter, as_json=as_json))


async def _write(decoder: "Decoder", asked: Continuation, delimiter: str, *, as_json: bool) -> None:
    async with aclosing(continuations(decoder, asked)) as texts:
        async for written in texts:
            if not as_json and written.seed != asked.seed:
                typer.echo(delimiter)
            _say(asdict(written)) if as_json else typer.echo(written.text)
    if not as_json:
        typer.echo(f"first seed {asked.seed}, model {decoder.name}", err=True)


async def _write_to(
    decoder: "Decoder", asked: Continuation, to: Path, delimiter: str, *, force: bool, as_json: bool
) -> None:
    from tqdm import tqdm  # noqa: PLC0415

    async with aclosing(continuations(decoder, asked)) as stream:
        with tqdm(total=asked.samples, unit="text", disable=None) as bar:
            texts = [written async for written in stream if bar.update() is not False]
    write_to(to, texts, delimiter=delimiter, force=force)
    _report(as_json, f"Written to {to}: {len(texts)}, first seed {asked.seed}.", file=str(to), seed=asked.seed)


def _picked(decoder: "Decoder", prefix: str, count: int) -> str:
    from bot import shell  # noqa: PLC0415

    likely_next = getattr(decoder, "likely_next", None)
    if likely_next is None:
        raise typer.BadParameter(f"--interactive needs a model that says what is likely next; {decoder.name} does not")

    def ask(menu: str) -> str | None:
        typer.echo(f"{menu}\n> ", err=True, nl=False)
        line = sys.stdin.readline()
        told = line.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        return told.rstrip("\n") if line else None

    return shell.pick(lambda text: asyncio.run(likely_next(text, count)), prefix, ask=ask)


async def _serve_page(decoder: "Decoder", asked: Continuation, port: int) -> None:
    from bot import shell  # noqa: PLC0415
    from bot.web.story import story_app  # noqa: PLC0415

    def opened_at(address: str) -> None:
        typer.echo(f"Type a beginning and read on: {address} (Ctrl-C closes the page)")

    await shell.serve_page(story_app(decoder, defaults=asked), port, opened=opened_at)


def _settings(model: str | None, adapter: Path | None) -> Any:  # noqa: ANN401 – a type of a package loaded late
    from model.settings import WorkerSettings  # noqa: PLC0415

    chosen: dict[str, Any] = {"adapter": adapter} | ({"model": model} if model else {})
    if model or adapter:
        chosen["adapters"] = None  # the worker's store is for the worker's model
    return WorkerSettings(**chosen)


@app.command()
def doctor(*, as_json: Json = False) -> None:
    """Say in sentences what is missing or wrong, and how to mend it."""
    from bot.doctor import examine  # noqa: PLC0415

    sound = True
    for finding in asyncio.run(examine()):
        sound &= finding.ok
        if as_json:
            _say({"about": finding.about, "ok": finding.ok, "sentence": finding.sentence})
        else:
            typer.secho(f"{'✓' if finding.ok else '✗'} {finding.sentence}", fg="green" if finding.ok else "red")
    raise typer.Exit(0 if sound else 1)


def _database_url(url: str | None) -> str:
    from bot.settings import BotSettings  # noqa: PLC0415

    return url or BotSettings().database()


Url = Annotated[str | None, typer.Option(help="The database; GREENLIT_DATABASE_URL if absent.")]


@db_app.command()
def upgrade(*, url: Url = None, as_json: Json = False) -> None:
    """Bring the database up to date."""
    with sentences():
        from db import migrations  # noqa: PLC0415

        migrations.upgrade(_database_url(url))
        _report(as_json, "The database is up to date.", revision=migrations.head())


@db_app.command()
def downgrade(revision: str, *, url: Url = None, as_json: Json = False) -> None:
    """Take the database back to a revision, or to base."""
    with sentences():
        from db import migrations  # noqa: PLC0415

        migrations.downgrade(_database_url(url), revision)
        _report(as_json, f"The database is at {revision}.", revision=revision)


@db_app.command()
def check(*, as_json: Json = False) -> None:
    """Compare the migrations with the tables of the code, in a scratch database."""
    import tempfile  # noqa: PLC0415

    with sentences(), tempfile.TemporaryDirectory() as folder:
        from db import migrations  # noqa: PLC0415

        url = f"sqlite:///{folder}/check.db"
        migrations.upgrade(url)
        migrations.check(url)
        _report(as_json, "The migrations make exactly the tables of the code.", revision=migrations.head())


def _report(as_json: bool, sentence: str, **facts: object) -> None:  # noqa: FBT001
    _say({"sentence": sentence, **facts}) if as_json else typer.echo(sentence)


def main() -> None:
    """Run the front door; a reader that goes away (``| head``) is no error."""
    try:
        app()
    except BrokenPipeError:
        sys.stderr.close()


if __name__ == "__main__":
    main()
