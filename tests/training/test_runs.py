from pathlib import Path

import pytest

from training import runs
from training.runs import (
    BadRunNameError,
    BrokenRunError,
    NoRunError,
    NotARunError,
    RunBusyError,
    RunChangedError,
    RunExistsError,
    RunKindError,
)

FACTS = {"kind": "writer", "recipe": {"rank": 1}, "data": "a"}
OTHER = {"kind": "writer", "recipe": {"rank": 2}, "data": "b"}


def test_a_run_keeps_what_it_was_begun_with(tmp_path: Path) -> None:
    made = runs.create("first", FACTS, below=tmp_path / "runs")
    assert runs.find("first", below=tmp_path / "runs").facts() == FACTS
    assert (made.name, made.finished) == ("first", False)


def test_a_run_that_exists_is_not_touched(tmp_path: Path) -> None:
    made = runs.create("first", FACTS, below=tmp_path)
    (made.folder / "precious").write_text("x")
    with pytest.raises(RunExistsError):
        runs.create("first", OTHER, below=tmp_path)
    assert made.facts() == FACTS
    assert (made.folder / "precious").read_text() == "x"
    assert [path.name for path in tmp_path.iterdir()] == ["first"]


def test_a_folder_or_file_of_somebody_else_is_not_taken_for_a_run(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    (tmp_path / "note").write_text("x")
    for name in ("mine", "note", "cache"):
        with pytest.raises(NotARunError):
            runs.create(name, FACTS, below=tmp_path)
        with pytest.raises((NoRunError, NotARunError)):
            runs.find(name, below=tmp_path)
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "years of work"
    assert runs.found(below=tmp_path) == []


@pytest.mark.parametrize("name", ["", "..", "a/b", "../x", ".hidden", "x" * 65, "a b", "-rf"])
def test_a_name_that_is_no_plain_word_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(BadRunNameError):
        runs.create(name, FACTS, below=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_runs_are_listed_by_name_and_removed_one_by_one(tmp_path: Path) -> None:
    for name in ("b", "a"):
        runs.create(name, FACTS, below=tmp_path)
    assert [run.name for run in runs.found(below=tmp_path)] == ["a", "b"]
    runs.remove(runs.find("a", below=tmp_path))
    assert [run.name for run in runs.found(below=tmp_path)] == ["b"]


def test_a_run_that_is_worked_on_is_neither_taken_nor_removed(tmp_path: Path) -> None:
    run = runs.create("busy", FACTS, below=tmp_path)
    with runs.locked(run):
        with pytest.raises(RunBusyError), runs.locked(run):
            pass
        with pytest.raises(RunBusyError):
            runs.remove(run)
    with runs.locked(run):
        assert run.folder.exists()


def begun(run: runs.Run) -> runs.Run:
    """Give the run a checkpoint."""
    (run.checkpoints / "checkpoint-5").mkdir(parents=True)
    (run.checkpoints / "checkpoint-5" / "complete.json").write_text("{}")
    return run


@pytest.mark.parametrize("resume", [True, False])
def test_a_run_that_could_not_begin_is_begun_otherwise(resume: bool, tmp_path: Path) -> None:  # noqa: FBT001
    runs.create("a", FACTS, below=tmp_path)
    assert runs.begin("a", OTHER, resume=resume, below=tmp_path).facts() == OTHER


def test_a_run_that_could_not_begin_is_not_changed_while_another_process_works_on_it(tmp_path: Path) -> None:
    run = runs.create("a", FACTS, below=tmp_path)
    with runs.locked(run), pytest.raises(RunBusyError):
        runs.begin("a", OTHER, resume=True, below=tmp_path)
    assert run.facts() == FACTS


def test_a_run_that_has_begun_keeps_what_it_was_begun_with(tmp_path: Path) -> None:
    run = begun(runs.create("a", FACTS, below=tmp_path))
    assert runs.begin("a", OTHER, resume=True, below=tmp_path).facts() == FACTS
    with pytest.raises(RunExistsError):
        runs.begin("a", OTHER, resume=False, below=tmp_path)
    with pytest.raises(RunChangedError, match="a"):
        runs.begin("a", {**FACTS, "kind": "lstm"}, resume=True, below=tmp_path)
    assert run.facts() == FACTS


@pytest.mark.parametrize("written", ["", "{", "[]", "null", '{"kind": "writer"}', "\x00\xff"])
def test_a_run_whose_facts_are_damaged_is_listed_and_can_be_deleted(written: str, tmp_path: Path) -> None:
    run = begun(runs.create("a", FACTS, below=tmp_path))
    (run.folder / "run.json").write_bytes(written.encode("latin-1"))
    assert [runs.described(run)["state"] for run in runs.found(below=tmp_path)] == ["damaged"]
    with pytest.raises(BrokenRunError):
        runs.whole(run)
    with pytest.raises(BrokenRunError):
        runs.begin("a", FACTS, resume=True, below=tmp_path)
    runs.remove(run)
    assert runs.found(below=tmp_path) == []


def test_a_run_whose_receipt_is_damaged_is_listed_as_such(tmp_path: Path) -> None:
    run = runs.create("a", FACTS, below=tmp_path)
    run.model.mkdir()
    (run.model / "manifest.json").write_text("")
    assert runs.described(run)["state"] == "damaged"


@pytest.mark.parametrize("recipe", [{}, [], None, {"base": "b", "rank": "x"}, {"base": "b", "zzz": 1}])
def test_a_recipe_that_makes_no_sense_is_a_damaged_run(recipe: object, tmp_path: Path) -> None:
    run = runs.create("a", {**FACTS, "recipe": recipe}, below=tmp_path)
    with pytest.raises(BrokenRunError):
        run.recipe()


def test_the_recipe_of_an_lstm_is_no_writer_s(tmp_path: Path) -> None:
    with pytest.raises(RunKindError):
        runs.create("a", {**FACTS, "kind": "lstm"}, below=tmp_path).recipe()
