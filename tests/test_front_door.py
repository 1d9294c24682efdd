"""The command line: each command's words, its JSON, its exit status."""

import dataclasses
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
import typer
from typer.testing import CliRunner, Result

import greenlit
from bot.launch import free_port
from db import migrations
from model import checkpoint
from model.continuation import Continuation
from model.originality import TitleIndex
from tests.model import tiny
from training import simple
from training.recipe import Recipe

LAZY = ("torch", "transformers", "discord", "sqlalchemy", "httpx", "pydantic", "rich.live")


@pytest.fixture(autouse=True)
def a_room_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    titles = tmp_path / "titles.trie"
    TitleIndex.build(["Alien"], titles)
    monkeypatch.setenv("GREENLIT_WORKER_MODEL", "fake")
    monkeypatch.setenv("GREENLIT_WORKER_TITLES", str(titles))
    monkeypatch.setenv("GREENLIT_DATABASE_URL", f"sqlite:///{tmp_path / 'room.db'}")
    for name in ("WORKER_TOKEN", "API_TOKEN", "DISCORD_TOKEN", "WORKER_URL", "WORKER_PORT"):
        monkeypatch.delenv(f"GREENLIT_{name}", raising=False)


def run(*words: str, said: str | None = None) -> Result:
    return CliRunner().invoke(greenlit.app, list(words), input=said)


def objects(result: Result) -> list[dict[str, Any]]:
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def one_sentence(result: Result, status: int) -> str:
    assert result.exit_code == status, (result.output, result.exception)
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    return result.stderr.strip()


def test_help_answers_without_loading_anything() -> None:
    code = (
        "import sys, greenlit\n"
        "try: greenlit.app(['--help'])\n"
        "except SystemExit: pass\n"
        f"print('LOADED', sorted(set({LAZY!r}) & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert "doctor" in done.stdout
    assert done.stdout.splitlines()[-1] == "LOADED []"


def test_a_slate_is_one_object_a_title() -> None:
    rows = objects(run("pitch", "sci-fi", "time travel", "--count", "3", "--seed", "5", "--json"))
    assert [set(row) for row in rows] == [{"slot", "title", "summary", "seed"}] * 3
    assert sorted(row["slot"] for row in rows) == [0, 1, 2]
    assert rows == objects(run("pitch", "science fiction", "time travel", "--count", "3", "--seed", "5", "--json"))


def test_a_slate_is_words_for_people() -> None:
    result = run("pitch", "comedy", "time travel", "--count", "1")
    assert result.exit_code == 0
    assert result.stdout.startswith("The ")
    assert result.stderr.startswith("seed ")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("comdy", "time travel"), "I don't know the genre “comdy”. Did you mean comedy?"),
        (("comedy", "x" * 500), "The theme is too long (500); keep it to 64."),
        (("comedy", "   "), "The theme is empty; a few words are enough."),
        (("comedy", "@everyone"), "Please write the theme in plain words on one line;"),
        (("comedy", "a\nb"), "Please write the theme in plain words on one line;"),
        (("comedy", "TITLE: x"), "Please write the theme in plain words on one line;"),
        (("comedy", "<|end|>"), "Please write the theme in plain words on one line;"),
        (("comedy", "rain", "--count", "11"), "The count must be a number from 1 to 10."),
        (("comedy", "rain", "--seed", "-1"), "The seed must be a number from 0 to 2147483647."),
    ],
)
@pytest.mark.parametrize("form", [(), ("--json",)], ids=["words", "json"])
def test_a_bad_request_is_one_sentence_and_status_2(
    words: tuple[str, ...], sentence: str, form: tuple[str, ...]
) -> None:
    assert one_sentence(run("pitch", *words, *form), 2).startswith(sentence)


def test_a_script_is_written_from_title_and_summary() -> None:
    words = ("script", "--title", "Late Checkout", "--summary", "A hotel sells yesterday.", "--seed", "3")
    (row,) = objects(run(*words, "--json"))
    assert (row["seed"], "INT. " in row["text"], bool(row["cast"])) == (3, True, True)
    assert run(*words).stdout.strip() == row["text"].strip()


def test_a_dialog_alone_is_written_and_staged() -> None:
    (row,) = objects(
        run("script", "--title", "Late Checkout", "--summary", "A hotel.", "--only-dialog", "--seed", "3", "--json")
    )
    staged = run("script", "--dialog", "-", "--seed", "3", said=row["text"])
    assert staged.exit_code == 0
    assert all(turn.partition(": ")[2] in staged.stdout for turn in row["text"].splitlines())


def test_a_script_of_a_remembered_pitch_needs_the_pitch(tmp_path: Path) -> None:
    assert one_sentence(run("script", "7"), 1) == "The database is not up to date; run: greenlit db upgrade"
    migrations.upgrade(f"sqlite:///{tmp_path / 'room.db'}")
    assert one_sentence(run("script", "7"), 2).startswith("There is no pitch with the number 7;")


@pytest.mark.parametrize(
    "words",
    [(), ("--title", "A"), ("--summary", "A"), ("7", "--title", "A", "--summary", "B"), ("--dialog", "nowhere")],
)
def test_a_script_of_nothing_is_a_usage_error(words: tuple[str, ...]) -> None:
    result = run("script", *words)
    assert (result.exit_code, result.stdout) == (2, "")


def test_a_dialog_that_is_none_is_one_sentence(tmp_path: Path) -> None:
    assert one_sentence(run("script", "--dialog", "-", said="just prose\n"), 2).startswith(
        "Write a dialog one line a turn"
    )
    assert one_sentence(run("script", "--dialog", "-", said="\n"), 2).startswith("The dialog is empty;")
    (tmp_path / "latin.txt").write_bytes("ANNA: Grüße".encode("latin-1"))
    assert "UTF-8" in one_sentence(run("script", "--dialog", str(tmp_path / "latin.txt")), 2)


def test_a_text_is_continued_as_it_is() -> None:
    rows = objects(run("write", "Once", "--samples", "2", "--length", "5", "--seed", "3", "--json"))
    assert [row["seed"] for row in rows] == [3, 4]
    assert all(row["text"].startswith("Once") for row in rows)
    bare = run("write", "Once", "--length", "5", "--seed", "3", "--no-include-prefix")
    assert rows[0]["text"] == "Once" + bare.stdout.rstrip("\n")
    assert run("write", "Once", "--samples", "0").exit_code == 2


def test_texts_are_kept_in_a_file_that_is_never_overwritten_unasked(tmp_path: Path) -> None:
    words = ("write", "--prefix", "Once", "--samples", "3", "--batch", "2", "--length", "4", "--seed", "3")
    assert run(*words, "--to", "texts.txt", "--delimiter", "***").exit_code == 0
    texts = (tmp_path / "texts.txt").read_text().removesuffix("\n").split("\n***\n")
    seeds = [json.loads(line)["seed"] for line in (tmp_path / "texts.txt.seeds.jsonl").read_text().splitlines()]
    rows = objects(run(*words, "--json"))
    assert (texts, seeds) == ([row["text"] for row in rows], [3, 4, 5])
    assert "texts.txt" in one_sentence(run(*words, "--to", "texts.txt"), 1)
    assert run(*words, "--to", "texts.txt", "--force", "--no-include-prefix").exit_code == 0
    assert not (tmp_path / "texts.txt").read_text().startswith("Once")
    (said,) = objects(run(*words, "--to", "rows.jsonl", "--json"))
    assert (said["file"], said["seed"]) == ("rows.jsonl", 3)
    assert [json.loads(line) for line in (tmp_path / "rows.jsonl").read_text().splitlines()] == rows


def test_a_text_is_cut_at_a_mark() -> None:
    (row,) = objects(run("write", "Once", "--seed", "3", "--length", "9", "--json"))
    mark = row["text"].split()[2]
    (cut,) = objects(run("write", "Once", "--seed", "3", "--length", "9", "--truncate", mark, "--json"))
    assert cut == {"text": row["text"].partition(mark)[0], "seed": 3, "end": "truncate"}


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--samples", "0"), "The samples must be a number from 1 to 100000."),
        (("--temperature", "-1"), "The temperature must be a number from 0 to 5."),
        (("--top-p", "1.5"), "The top-p must be a number from 0 to 1."),
        (("--seed", "-1"), "The seed must be a number from 0 to 2147483647."),
        (("--truncate", ""), "The mark to truncate at is empty; a few words are enough."),
    ],
)
def test_a_number_that_makes_no_sense_is_one_sentence(words: tuple[str, ...], sentence: str) -> None:
    assert one_sentence(run("write", "Once", *words), 2) == sentence


@pytest.mark.parametrize(
    "words",
    [
        ("Once", "--prefix", "Twice"), ("--run", "a", "--model", "b"), ("--to", "a.txt", "--interactive"),
        ("--page", "0", "--interactive"), ("--interactive",), ("--page", "70000"),
    ],
)  # fmt: skip
def test_what_does_not_go_together_is_a_usage_error(words: tuple[str, ...]) -> None:
    result = run("write", *words)
    assert (result.exit_code, result.stdout) == (2, "")


def test_a_run_that_is_not_there_is_one_sentence() -> None:
    wanted = "There is no run called nothing; greenlit runs list shows those there are."
    assert one_sentence(run("write", "Once", "--run", "nothing"), 1) == wanted
    assert one_sentence(run("runs", "show", "nothing"), 1) == wanted


def test_what_comes_next_is_picked_typed_taken_back_and_ended(tmp_path: Path) -> None:
    model = tiny.write(tmp_path / "tiny", "llama")
    words = ("write", "--prefix", "a story", "--model", str(model), "--interactive", "--choices", "3")
    typed = run(*words, said=" of ours\nx\n of the sea\nq\n")
    assert (typed.exit_code, typed.stdout) == (0, "a story of the sea\n")
    best = re.search(r"^ +1 +[\d.]+%  (\".*\")$", typed.stderr, re.MULTILINE)
    assert best
    assert run(*words, said="\n").stdout == run(*words, said="1\n").stdout == f"a story{json.loads(best[1])}\n"
    assert run(*words, said="x\nx\n7\n").stdout == "a story7\n"


def test_a_page_is_served_until_it_is_told_to_stop() -> None:
    words = [sys.executable, "-m", "greenlit", "write", "--page", "0", "--seed", "3"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as page:
        assert page.stdout is not None
        found = re.search(r"http://127\.0\.0\.1:\d+", page.stdout.readline())
        assert found
        said = httpx.post(f"{found[0]}/write", json={"text": "Once", "length": 3}).text.splitlines()
        page.send_signal(signal.SIGINT)
        assert page.wait(60) == 0
        assert page.stderr is not None
        assert page.stderr.read() == ""
    assert json.loads(said[-1])["end"] == "length"


GUIDE = Path(greenlit.__file__).parent / "docs" / "coming-from.md"


def shown_commands() -> dict[tuple[str, ...], set[str]]:
    """Return every command that the guide for newcomers shows, each with the options shown with it."""
    shown: dict[tuple[str, ...], set[str]] = {}
    for text in re.findall(r"`greenlit ([^`]+)`", GUIDE.read_text("utf-8")):
        words = tuple(re.match(r"[a-z ]*", text)[0].split())  # type: ignore[index]
        shown.setdefault(words, set()).update(re.findall(r"--[a-z-]+", text))
    return shown


def test_every_command_and_option_that_newcomers_are_shown_is_there() -> None:
    shown = shown_commands()
    assert {("write",), ("train",), ("train", "lstm"), ("train", "push"), ("runs", "list")} <= set(shown)
    for words, options in shown.items():
        known = known_options(words if words != ("train",) else ("train", "text"))
        assert options <= known, (words, options - known)


def known_options(words: tuple[str, ...]) -> set[str]:
    command: Any = typer.main.get_command(greenlit.app)
    for word in words:
        command = command.commands[word]
    return {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}


def test_every_option_of_write_stands_in_the_guide() -> None:
    told = {option for options in shown_commands().values() for option in options}
    told |= set(re.findall(r"--[a-z-]+", GUIDE.read_text("utf-8")))
    offered = {option for option in known_options(("write",)) if option.startswith("--")}
    assert offered - told - {"--include-prefix", "--help"} == set()


def test_every_python_name_that_newcomers_are_shown_is_there() -> None:
    rows = re.findall(r"^\|.*\| ([^|]*) \|$", GUIDE.read_text("utf-8"), re.MULTILINE)
    names = {name for row in rows for name in re.findall(r"`([a-z_]+)(?:=[^`(]*)?`", row)}
    fields = {field.name for kind in (Recipe, Continuation) for field in dataclasses.fields(kind)}
    known = fields | set(vars(simple)) | {"run", "resume", "model", "adapter", "delimiter"}
    assert len(names) > 20
    assert names - known == set()


@pytest.mark.parametrize("command", [("pitch", "comedy", "rain"), ("write", "Once")])
def test_a_missing_checkpoint_is_one_sentence(command: tuple[str, ...], tmp_path: Path) -> None:
    folder = tmp_path / "weights"
    folder.mkdir()
    sentence = one_sentence(run(*command, "--model", str(folder)), 1)
    assert sentence == f"The model at {folder} can't be used (no safetensors); fetch it anew or choose another."


def test_a_truncated_checkpoint_is_one_sentence(tmp_path: Path) -> None:
    folder = tmp_path / "weights"
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(b"weights")
    checkpoint.write(folder, "tiny")
    (folder / "model.safetensors").write_bytes(b"weight")
    sentence = one_sentence(run("pitch", "comedy", "rain", "--model", str(folder)), 1)
    assert sentence.endswith("model.safetensors can't be used (truncated or altered); fetch it anew or choose another.")


def test_a_broken_index_of_titles_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "titles.trie").write_bytes(b"")
    assert "titles.trie can't be used" in one_sentence(run("pitch", "comedy", "rain"), 1)


def test_the_database_goes_up_and_down(tmp_path: Path) -> None:
    (up,) = objects(run("db", "upgrade", "--json"))
    assert up == {"sentence": "The database is up to date.", "revision": migrations.head()}
    assert run("db", "upgrade").stdout == "The database is up to date.\n"
    (checked,) = objects(run("db", "check", "--json"))
    assert checked["revision"] == migrations.head()
    (down,) = objects(run("db", "downgrade", "base", "--json"))
    assert down["revision"] == "base"
    assert one_sentence(run("db", "downgrade", "nowhere"), 1).startswith("The database could not be migrated (")
    other = f"sqlite:///{tmp_path / 'other.db'}"
    assert run("db", "upgrade", "--url", other).exit_code == 0
    assert (tmp_path / "other.db").exists()
    assert one_sentence(run("db", "upgrade", "--url", "mysql://me:secret@host/room"), 1) == (
        "GREENLIT_DATABASE_URL must be sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME, "
        "not mysql://me:***@host/room."
    )


def test_the_doctor_tells_and_exits_1_when_something_is_wrong() -> None:
    result = run("doctor", "--json")
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert result.exit_code == 1
    assert all(set(row) == {"about", "ok", "sentence"} for row in rows)
    assert {row["about"]: row["ok"] for row in rows}["database"] is False
    words = run("doctor")
    assert words.exit_code == 1
    assert "✗ The database is not up to date; run: greenlit db upgrade" in words.stdout


def test_a_bot_that_cannot_start_is_one_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def sentence() -> str:
        done = subprocess.run(
            [sys.executable, "-m", "greenlit", "bot"], capture_output=True, text=True, check=False, timeout=60
        )
        assert done.returncode == 1
        last: str = done.stderr.splitlines()[-1]
        assert "Traceback" not in done.stderr
        return last

    assert sentence() == "The database is not up to date; run: greenlit db upgrade"
    migrations.upgrade(f"sqlite:///{tmp_path / 'room.db'}")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        monkeypatch.setenv("GREENLIT_WEB_PORT", port)
        assert sentence() == f"Port {port} on 127.0.0.1 is in use; stop what listens there or choose another port."
    monkeypatch.setenv("GREENLIT_ZONE", "Atlantis")
    assert sentence().startswith("GREENLIT_ZONE: ")


def test_a_worker_that_cannot_start_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        monkeypatch.setenv("GREENLIT_WORKER_PORT", port)
        done = subprocess.run(
            [sys.executable, "-m", "greenlit", "worker"], capture_output=True, text=True, check=False, timeout=60
        )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"Port {port} on 127.0.0.1 is in use;")
    monkeypatch.setenv("GREENLIT_WORKER_QUANTIZE", "2bit")
    assert one_sentence(run("worker"), 1).startswith("GREENLIT_WORKER_QUANTIZE: ")


@pytest.mark.end_to_end
def test_a_demo_plays_a_round_with_real_processes_and_leaves_the_real_room_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    outbox = tmp_path / "outbox"
    monkeypatch.setenv("GREENLIT_OUTBOX", str(outbox))
    (tmp_path / ".env").write_text("GREENLIT_DISCORD_TOKEN=live\n")  # a token that no demo may try
    done = subprocess.run(
        [sys.executable, "-m", "greenlit", "demo", "--seed", "5", "--json"],
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    steps = [json.loads(line) for line in done.stdout.splitlines()]
    assert (steps[0]["step"], steps[0]["seed"]) == ("asked", 5)
    assert (steps[-1]["step"], steps[-1]["state"]) == ("post", "posted")
    assert not outbox.exists()
    assert not (tmp_path / "room.db").exists()


def test_a_reader_that_goes_away_is_no_error() -> None:
    head = shutil.which("head")
    assert head
    command = f"{sys.executable} -m greenlit write Once --samples 64 --json | {head} -n 1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=True, timeout=60)  # noqa: S602
    assert done.stdout.startswith("{")
    assert done.stderr == ""


def test_sigterm_while_a_round_is_played_leaves_no_process_behind(tmp_path: Path) -> None:
    slow = {"GREENLIT_WORKER_MODEL": "fake", "GREENLIT_WORKER_FAKE_PAUSE": "60", "GREENLIT_DRAIN_SECONDS": "0"}
    words = [sys.executable, "-m", "greenlit", "up", "--json", "--folder", str(tmp_path), "--port", str(free_port())]
    with subprocess.Popen(words, env=os.environ | slow, stdout=subprocess.PIPE, text=True) as room:
        assert room.stdout is not None
        assert json.loads(room.stdout.readline())["step"] == "asked"  # the round has begun and now takes for ever
        room.send_signal(signal.SIGTERM)
        assert room.wait(60) == 128 + signal.SIGTERM
    assert "closing" in (tmp_path / "log" / "bot.log").read_text()
    for name in ("bot", "worker"):
        with pytest.raises(ProcessLookupError):
            os.kill(_number(tmp_path / "log" / f"{name}.log"), 0)


def _number(log: Path) -> int:
    """Return the process that wrote ``log``: uvicorn names it when it starts."""
    found = re.search(r"Started server process \[(\d+)\]", log.read_text())
    assert found, log.read_text()
    return int(found[1])


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("prepare", "--data", "nowhere"), "is not there; docs/training.md lists"),
        (("embedded", "titles", "nowhere.tsv", "titles.trie"), "is not there; docs/training.md lists"),
        (("embedded", "pretrain", "--cache", "nowhere"), "run: greenlit train embedded prepare --data DATA"),
        (("embedded", "score", "--cache", "nowhere"), "run: greenlit train embedded prepare --data DATA"),
    ],
)
def test_training_without_its_data_says_what_to_do(words: tuple[str, ...], sentence: str) -> None:
    result = run("train", *words)
    assert result.exit_code == 1
    assert sentence in result.stderr


def test_training_on_a_table_without_its_columns_names_them(tmp_path: Path) -> None:
    table = tmp_path / "table.tsv"
    table.write_text("name\tyear\nAlien\t1979\n")
    result = run("train", "embedded", "titles", str(table), "titles.trie")
    assert result.exit_code == 1
    assert "lacks title; it must be the file as it was published" in result.stderr


def test_the_index_of_titles_is_built_from_a_table(tmp_path: Path) -> None:
    (tmp_path / "table.tsv").write_text("title\nAlien\nThe Alien\nBlade Runner\n")
    (built,) = objects(run("train", "embedded", "titles", "table.tsv", "built.trie", "--json"))
    assert built["titles"] == 2
    assert TitleIndex.load(tmp_path / "built.trie").taken("Blade Runner!")
