"""The commands of the store of adapters: their words, their JSON, their exit status."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

import greenlit
from model import checkpoint
from model.adapters import POINTER, Store
from model.originality import TitleIndex
from tests.model.adapted import adapter, damage


@pytest.fixture(autouse=True)
def trained(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GREENLIT_WORKER_ADAPTERS", str(tmp_path / "store"))
    TitleIndex.build(["Alien"], tmp_path / "titles.trie")
    monkeypatch.setenv("GREENLIT_WORKER_TITLES", str(tmp_path / "titles.trie"))
    for name in ("a", "b"):
        adapter(tmp_path / "trained" / name, name)
    return tmp_path / "trained"


def run(*words: str) -> Result:
    return CliRunner().invoke(greenlit.app, ["adapters", *words])


def told(*words: str) -> list[dict[str, Any]]:
    result = run(*words, "--json")
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def refused(result: Result, status: int) -> str:
    assert result.exit_code == status, (result.output, result.exception)
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    return result.stderr.strip()


def test_an_adapter_is_published_activated_listed_and_rolled_back(trained: Path) -> None:
    (published,) = told("publish", str(trained / "a"))
    assert published == {"sentence": "Published as a; greenlit adapters activate a makes it write.", "name": "a"}
    told("publish", str(trained / "b"))
    assert told("activate", "a")[0]["active"] == "a"
    assert told("activate", "b")[0]["sentence"] == "Active now: b."
    assert run("list").stdout == "  the base model, without an adapter\n← a\n* b\n"
    assert told("rollback") == [{"sentence": "Active again: a.", "active": "a"}]
    assert told("list") == [
        {"name": None, "active": False, "before": True},
        {"name": "a", "active": True, "before": False},
        {"name": "b", "active": False, "before": False},
    ]
    assert told("activate", "--base")[0] == {"sentence": "Active now: the base model.", "active": None}
    assert told("prune", "--keep", "0") == [{"sentence": "Removed: b.", "removed": ["b"]}]


def test_a_store_may_be_named(trained: Path, tmp_path: Path) -> None:
    run("publish", str(trained / "a"), "--store", str(tmp_path / "other"))
    assert Store(tmp_path / "other").names() == ("a",)
    assert not (tmp_path / "store").exists()


def test_without_a_store_the_command_says_how_to_name_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GREENLIT_WORKER_ADAPTERS")
    result = run("list")
    assert result.exit_code == 2
    assert "--store" in result.stderr


@pytest.mark.parametrize("words", [("activate",), ("activate", "a", "--base")])
def test_one_thing_is_activated(words: tuple[str, ...]) -> None:
    result = run(*words)
    assert result.exit_code == 2
    assert "give a name, or --base" in result.stderr


def test_what_cannot_be_done_is_one_sentence(trained: Path, tmp_path: Path) -> None:
    assert refused(run("rollback"), 1).startswith("Nothing was active before;")
    assert refused(run("activate", "z"), 2) == "There is no adapter called z; greenlit adapters list shows the stored."
    run("publish", str(trained / "a"))
    other = adapter(tmp_path / "other", "a", b"other")
    assert refused(run("publish", str(other)), 1).startswith("There is another adapter called a;")
    odd = adapter(tmp_path / "odd", "two words")
    assert "“two words” is not" in refused(run("publish", str(odd)), 1)
    damage(trained / "b")
    assert "can't be used (truncated or altered)" in refused(run("publish", str(trained / "b")), 1)
    (tmp_path / "store" / POINTER).write_text("")
    assert "can't be used" in refused(run("activate", "a"), 1)


def test_an_adapter_of_another_base_is_refused(tmp_path: Path) -> None:
    base = tmp_path / "base"
    base.mkdir()
    (base / "model.safetensors").write_bytes(b"base")
    own = adapter(tmp_path / "own", "own", base={"fingerprint": checkpoint.fingerprint(base)})
    foreign = adapter(tmp_path / "foreign", "foreign", base={"fingerprint": "0" * 64})
    assert run("publish", str(own), "--base", str(base)).exit_code == 0
    assert "not the weights that" in refused(run("publish", str(foreign), "--base", str(base)), 1)


def test_what_is_active_writes_also_without_a_worker(monkeypatch: pytest.MonkeyPatch, trained: Path) -> None:
    monkeypatch.setenv("GREENLIT_WORKER_MODEL", "fake")
    words = ["pitch", "comedy", "rain", "--count", "1", "--seed", "3"]
    plain = CliRunner().invoke(greenlit.app, words)
    run("publish", str(trained / "a"))
    run("activate", "a")
    tuned = CliRunner().invoke(greenlit.app, words)
    named = CliRunner().invoke(greenlit.app, [*words, "--model", "fake"])
    assert (plain.stderr, tuned.stderr) == ("seed 3, model fake\n", "seed 3, model fake+a\n")
    assert plain.stdout == named.stdout != tuned.stdout
