"""``greenlit train …`` and ``greenlit runs …`` as a person types them."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

import greenlit
from model import checkpoint
from tests.model import tiny
from tests.training.invented import library
from training import runs

pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")
SMALL = ["--base", "base", "--context", "32", "--batch", "2", "--accumulate", "1", "--steps", "3", "--rank", "2"]


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "poems.txt").write_text("The key is under the piano. Nobody has sold the garden.\n" * 40)
    return tmp_path


@pytest.fixture
def base(place: Path) -> Path:
    return tiny.write(place / "base", "llama")


def run(*words: str, said: str | None = None) -> Result:
    return CliRunner().invoke(greenlit.app, list(words), input=said)


def told(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, (result.output, result.exception)
    found: dict[str, Any] = json.loads(result.stdout.splitlines()[-1])
    return found


def refused(result: Result) -> str:
    assert result.exit_code == 1, (result.output, result.exception)
    return result.stderr.strip().splitlines()[-1]


def test_a_text_becomes_a_run_that_is_listed_shown_and_deleted(base: Path) -> None:
    assert told(run("train", "poems.txt", "--run", "poems", *SMALL, "--json"))["run"] == "poems"
    assert checkpoint.verify(Path("runs/poems/model")).name == "poems"
    assert told(run("runs", "list", "--json"))["state"] == "finished"
    assert told(run("runs", "show", "poems", "--json"))["recipe"]["rank"] == 2
    assert "poems" in run("runs", "list").stdout
    assert run("runs", "rm", "poems", said="n\n").exit_code == 1
    assert run("runs", "rm", "poems", "--yes").exit_code == 0
    assert runs.found() == []
    assert base.exists()


def test_a_run_that_exists_is_kept_and_resume_of_a_finished_one_changes_nothing(base: Path) -> None:
    assert base.exists()
    run("train", "poems.txt", "--run", "poems", *SMALL)
    before = {path: path.stat().st_mtime_ns for path in Path("runs").rglob("*") if path.is_file()}
    assert "already" in refused(run("train", "poems.txt", "--run", "poems", *SMALL))
    again = told(run("train", "poems.txt", "--run", "poems", *SMALL, "--resume", "--json"))
    assert again["steps"] == 3
    assert {path: path.stat().st_mtime_ns for path in Path("runs").rglob("*") if path.is_file()} == before
    Path("poems.txt").write_text("Other words, by somebody else. " * 200)
    assert "another text" in refused(run("train", "poems.txt", "--run", "poems", *SMALL, "--resume"))


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["nowhere.txt", "--run", "x"], "nowhere.txt"),
        (["poems.txt", "--run", "a/b"], "A run's name is one word"),
        (["poems.txt", "--run", "x", "--rank", "0"], "rank cannot be 0"),
        (["poems.txt", "--run", "x", "--base", "./elsewhere"], "elsewhere"),
        (["poems.txt", "--run", "x", "--batch", "5000"], "one step needs"),
        (["empty.txt", "--run", "x"], "no text"),
        (["binary.txt", "--run", "x"], "no plain text"),
        (["latin.txt", "--run", "x"], "--encoding"),
        (["table.csv", "--run", "x"], "--column"),
        (["finetune", "--data", "nowhere", "--run", "x"], "nowhere is not there"),
        (["finetune", "--data", ".", "--run", "x"], "No data set that we know"),
        (["prepare", "--data", "half"], "half downloaded"),
        (["evaluate", "--data", ".", "--run", "x"], "There is no run called x"),
        (["fetch", "netflix", "--data", "."], "no data set called netflix"),
        (["push", "x", "me/x"], "There is no run called x"),
    ],
)
def test_what_cannot_be_done_is_one_sentence_and_leaves_no_run(words: list[str], sentence: str, base: Path) -> None:
    Path("empty.txt").write_text("  \n\n")
    Path("binary.txt").write_bytes(b"PK\x03\x04" + b"\0\1" * 300)
    Path("latin.txt").write_bytes("Mañana será otro día. ".encode("cp1252") * 40)
    Path("table.csv").write_text("who,what\nAnna,sings\nBen,sleeps\n")
    Path("half").mkdir()
    Path("half/plays.tar.xz").write_bytes(bytes.fromhex("fd377a585a000004") + b"cut off")
    known = {"finetune", "prepare", "evaluate", "fetch", "push"}
    more = [] if words[0] in known or "--base" in words else ["--base", "base"]
    assert sentence in refused(run("train", *words, *more))
    assert not Path("runs/x/model").exists()
    assert base.exists()


def test_the_data_sets_become_entries_of_the_four_tasks(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("training.themes.find", lambda told, _cache, **_: [("lost key",) for _ in told])
    library(place / "data")
    facts = told(run("train", "prepare", "--data", "data", "--cache", "cache", "--no-diversified", "--json"))
    assert set(facts["entries"]) == {"streaming", "plays", "prose"}
    assert "| plays |" in facts["sentence"]


def test_the_sources_are_listed_with_their_licence() -> None:
    lines = run("train", "sources").stdout.splitlines()
    assert any(line.startswith("movie-corpus") and "not for published weights" in line for line in lines)
    assert any(line.startswith("streaming") and "may be published" in line for line in lines)


def test_every_number_of_the_recipe_is_an_option_with_its_line_as_help() -> None:
    shown = " ".join(run("train", "text", "--help").stdout.replace("│", " ").split())
    for option in ("--rank", "--targets", "--accumulate", "--patience", "--no-packed", "--resume"):
        assert option in shown
    assert "Rank of the LoRA matrices." in shown


def test_an_unfinished_run_is_said_to_be_one(place: Path) -> None:
    runs.create("half", {"kind": "writer", "recipe": {}, "data": ""})
    assert "not finished" in refused(run("train", "push", "half", "me/half"))
    assert told(run("runs", "list", "--json"))["state"] == "unfinished"
    assert (place / "runs" / "half").exists()
