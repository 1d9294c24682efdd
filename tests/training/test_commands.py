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
        (["nowhere.txt", "--run", "x"], "There is nothing at nowhere.txt"),
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
        (["evaluate", "--data", "poems.txt"], "No data set that we know is in poems.txt"),
        (["poems.txt", "--run", "x", "--base", "no-such-model"], "no such folder"),
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


def test_options_that_a_run_was_not_begun_with_are_refused_when_it_is_resumed(base: Path) -> None:
    assert base.exists()
    run("train", "poems.txt", "--run", "poems", *SMALL)
    again = run("train", "poems.txt", "--run", "poems", *SMALL[:-1], "3", "--resume")
    assert "was begun with another --rank" in refused(again)
    assert told(run("train", "poems.txt", "--run", "poems", "--rank", "2", "--resume", "--json"))["steps"] == 3
    assert told(run("train", "poems.txt", "--run", "poems", "--resume", "--json"))["recipe"]["base"] == "base"


@pytest.mark.parametrize("resume", [["--resume"], []])
def test_a_run_that_could_not_begin_begins_with_what_its_sentence_advised(resume: list[str], base: Path) -> None:
    assert base.exists()
    long = run("train", "poems.txt", "--run", "poems", *SMALL, "--context", "4096", *resume)
    assert "it must be at most 96" in refused(long)
    more = ["--context", "48", *resume] if resume else [*SMALL, "--context", "48"]
    facts = told(run("train", "poems.txt", "--run", "poems", *more, "--json"))
    assert (facts["recipe"]["context"], facts["recipe"]["rank"], facts["steps"]) == (48, 2, 3)


def test_a_model_that_was_damaged_is_made_again_from_the_run_s_checkpoints(base: Path) -> None:
    assert base.exists()
    run("train", "poems.txt", "--run", "poems", *SMALL)
    weights = Path("runs/poems/model/adapter_model.safetensors")
    before = weights.read_bytes()
    weights.write_bytes(before[:-9])
    told(run("train", "poems.txt", "--run", "poems", "--resume", "--json"))
    assert weights.read_bytes() == before


def test_damaged_and_other_runs_are_one_sentence(base: Path, place: Path) -> None:
    assert base.exists()
    run("train", "poems.txt", "--run", "poems", *SMALL)
    Path("runs/poems/run.json").write_text("")
    assert told(run("runs", "list", "--json"))["state"] == "damaged"
    for words in (["runs", "show", "poems"], ["train", "poems.txt", "--run", "poems", "--resume"]):
        assert "greenlit runs rm poems" in refused(run(*words))
    made = runs.create("words", {"kind": "lstm", "recipe": {}, "data": ""})
    made.model.mkdir()
    (made.model / "manifest.json").write_text(json.dumps({"name": "words", "files": {}}))
    library(place / "data")
    assert "is an LSTM" in refused(run("train", "evaluate", "--data", "data", "--run", "words"))


def test_a_data_set_alone_needs_given_names_or_none(place: Path) -> None:
    library(place / "data")
    assert run("train", "prepare", "--data", "data/plays").exit_code == 0  # its neighbour has the names
    (place / "alone").mkdir()
    (place / "data" / "plays").rename(place / "alone" / "plays")
    assert "--no-diversified" in refused(run("train", "prepare", "--data", "alone/plays"))
    assert run("train", "prepare", "--data", "alone/plays", "--no-diversified").exit_code == 0
