from pathlib import Path

import pytest

from training import runs
from training.runs import BadRunNameError, NoRunError, RunBusyError, RunExistsError


def test_a_run_keeps_what_it_was_begun_with(tmp_path: Path) -> None:
    made = runs.create("first", {"kind": "writer", "n": 1}, below=tmp_path / "runs")
    assert runs.find("first", below=tmp_path / "runs").facts() == {"kind": "writer", "n": 1}
    assert (made.name, made.finished) == ("first", False)


def test_a_run_that_exists_is_not_touched(tmp_path: Path) -> None:
    made = runs.create("first", {"n": 1}, below=tmp_path)
    (made.folder / "precious").write_text("x")
    with pytest.raises(RunExistsError):
        runs.create("first", {"n": 2}, below=tmp_path)
    assert made.facts() == {"n": 1}
    assert (made.folder / "precious").read_text() == "x"
    assert [path.name for path in tmp_path.iterdir()] == ["first"]


def test_a_folder_or_file_of_somebody_else_is_not_taken_for_a_run(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    (tmp_path / "note").write_text("x")
    for name in ("mine", "note"):
        with pytest.raises(RunExistsError):
            runs.create(name, {}, below=tmp_path)
        with pytest.raises(NoRunError):
            runs.find(name, below=tmp_path)
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "years of work"
    assert runs.found(below=tmp_path) == []


@pytest.mark.parametrize("name", ["", "..", "a/b", "../x", ".hidden", "x" * 65, "a b", "-rf"])
def test_a_name_that_is_no_plain_word_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(BadRunNameError):
        runs.create(name, {}, below=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_runs_are_listed_by_name_and_removed_one_by_one(tmp_path: Path) -> None:
    for name in ("b", "a"):
        runs.create(name, {}, below=tmp_path)
    assert [run.name for run in runs.found(below=tmp_path)] == ["a", "b"]
    runs.remove(runs.find("a", below=tmp_path))
    assert [run.name for run in runs.found(below=tmp_path)] == ["b"]


def test_a_run_that_is_worked_on_is_neither_taken_nor_removed(tmp_path: Path) -> None:
    run = runs.create("busy", {}, below=tmp_path)
    with runs.locked(run):
        with pytest.raises(RunBusyError), runs.locked(run):
            pass
        with pytest.raises(RunBusyError):
            runs.remove(run)
    with runs.locked(run):
        assert run.folder.exists()
