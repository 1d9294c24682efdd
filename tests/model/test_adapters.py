"""The store of adapters: what is published, what is active, and the way back."""

import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model import checkpoint
from model.adapter_errors import AdapterExistsError, BadAdapterNameError, NothingBeforeError, StoreUnusableError
from model.adapters import POINTER, WEIGHTS, Store
from model.checkpoint import BrokenCheckpointError, FormatMismatchError
from model.engines import AdapterMissingError
from tests.model.adapted import adapter, damage


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store(tmp_path / "store")
    for name in ("a", "b", "c"):
        made.publish(adapter(tmp_path / "trained" / name, name, name.encode()))
    return made


def hidden(store: Store) -> set[str]:
    return {path.suffix for path in store.folder.iterdir() if path.name.startswith(".")}


def test_a_store_that_nobody_wrote_to_is_empty_and_the_base_is_active(tmp_path: Path) -> None:
    store = Store(tmp_path / "nowhere")
    assert (store.names(), store.active(), store.stamp()) == ((), None, None)
    assert not store.folder.exists()


def test_what_is_published_is_whole_and_not_yet_active(store: Store, tmp_path: Path) -> None:
    assert store.names() == ("a", "b", "c")
    assert store.active() is None
    assert checkpoint.verify(store.path("a")) == checkpoint.verify(tmp_path / "trained/a")
    assert (store.path("a") / "README.md").read_text() == "# a"
    assert hidden(store) == {".lock"}


def test_only_what_the_manifest_names_is_taken(store: Store, tmp_path: Path) -> None:
    folder = adapter(tmp_path / "more", "more")
    (folder / "optimizer.pt").write_bytes(b"code")
    store.publish(folder)
    assert not (store.path("more") / "optimizer.pt").exists()


def test_the_same_content_may_be_published_again_and_mends_what_was_damaged(store: Store, tmp_path: Path) -> None:
    damage(store.path("a"))
    with pytest.raises(BrokenCheckpointError):
        store.activate("a")
    checkpoint.write(tmp_path / "trained/a", "a", scores={"parse": 1.0})  # it was judged in the meantime
    assert store.publish(tmp_path / "trained/a") == "a"
    store.activate("a")
    assert hidden(store) == {".lock", ".json"}
    assert checkpoint.verify(store.path("a")).facts == {"scores": {"parse": 1.0}}


def test_another_content_under_the_same_name_is_refused(store: Store, tmp_path: Path) -> None:
    with pytest.raises(AdapterExistsError) as caught:
        store.publish(adapter(tmp_path / "other", "a", b"other"))
    assert caught.value.name == "a"
    assert (store.path("a") / WEIGHTS).read_bytes() == b"a"


def test_another_content_is_refused_also_where_the_manifest_of_the_first_is_lost(store: Store, tmp_path: Path) -> None:
    (store.path("a") / "manifest.json").write_text("{")
    with pytest.raises(AdapterExistsError):
        store.publish(tmp_path / "trained/a")


def test_a_damaged_adapter_is_not_published(store: Store, tmp_path: Path) -> None:
    folder = adapter(tmp_path / "bad", "bad")
    damage(folder)
    with pytest.raises(BrokenCheckpointError, match="truncated or altered"):
        store.publish(folder)
    assert store.names() == ("a", "b", "c")


def test_an_adapter_for_other_prompts_is_not_published(store: Store, tmp_path: Path) -> None:
    folder = adapter(tmp_path / "old", "old")
    path = folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"format_version": 99}))
    with pytest.raises(FormatMismatchError):
        store.publish(folder)


def test_an_adapter_of_another_base_is_not_published_if_the_base_is_named(store: Store, tmp_path: Path) -> None:
    base = tmp_path / "base"
    base.mkdir()
    (base / "model.safetensors").write_bytes(b"base")
    own = adapter(tmp_path / "own", "own", base={"fingerprint": checkpoint.fingerprint(base)})
    assert store.publish(own, base=base) == "own"
    with pytest.raises(BrokenCheckpointError, match="not the weights"):
        store.publish(adapter(tmp_path / "foreign", "foreign", base={"fingerprint": "0" * 64}), base=base)


@pytest.mark.parametrize("file", ["manifest.json", "adapter_config.json"])
def test_a_folder_that_is_no_adapter_of_ours_is_not_published(store: Store, tmp_path: Path, file: str) -> None:
    folder = adapter(tmp_path / "foreign", "foreign")
    (folder / file).unlink()
    if file != "manifest.json":
        checkpoint.write(folder, "foreign")
    with pytest.raises(BrokenCheckpointError, match=f"{file}: missing"):
        store.publish(folder)


@pytest.mark.parametrize("name", ["", ".hidden", "..", "a/b", "two words", "x" * 65, "ü"])
def test_a_name_that_is_no_plain_word_is_refused(store: Store, tmp_path: Path, name: str) -> None:
    with pytest.raises(BadAdapterNameError):
        store.publish(adapter(tmp_path / "named", name))
    with pytest.raises(AdapterMissingError):
        store.path(name)


@pytest.mark.parametrize(("file", "reason"), [("../trained/a/README.md", "outside"), ("weights.pt", "pickle")])
def test_files_that_lie_elsewhere_or_run_code_are_refused(store: Store, tmp_path: Path, file: str, reason: str) -> None:
    folder = adapter(tmp_path / "sly", "sly")
    (folder / "weights.pt").write_bytes(b"code")
    path = folder / "manifest.json"
    told = json.loads(path.read_text())
    path.write_text(json.dumps(told | {"files": told["files"] | {file: checkpoint.sha256(folder / file)}}))
    with pytest.raises(BrokenCheckpointError, match=reason):
        store.publish(folder)


def test_a_folder_put_there_by_hand_under_another_name_is_refused(store: Store) -> None:
    store.path("a").rename(store.folder / "z")
    with pytest.raises(BrokenCheckpointError, match="calls itself a"):
        store.activate("z")


def test_a_rollback_goes_back_step_by_step_to_the_base(store: Store) -> None:
    for name in ("a", "b", "b", None, "c"):
        store.activate(name)
    assert [store.rollback() for _ in range(4)] == [None, "b", "a", None]
    with pytest.raises(NothingBeforeError):
        store.rollback()


def test_an_unknown_or_damaged_adapter_does_not_become_active(store: Store) -> None:
    for name in ("a", "b"):
        store.activate(name)
    damage(store.path("a"))
    with pytest.raises(AdapterMissingError):
        store.activate("d")
    for change in (lambda: store.activate("a"), store.rollback):
        with pytest.raises(BrokenCheckpointError):
            change()
    assert store.pointer().before == (None, "a")
    assert store.active() == "b"


def test_the_stamp_changes_with_the_pointer_and_with_nothing_else(store: Store, tmp_path: Path) -> None:
    store.activate("a")
    before = store.stamp()
    store.activate("a")
    store.publish(adapter(tmp_path / "d", "d"))
    assert store.stamp() == before
    store.activate("b")
    assert store.stamp() != before


def test_pruning_keeps_the_newest_the_active_and_the_way_back(store: Store, tmp_path: Path) -> None:
    for name in ("d", "e"):
        store.publish(adapter(tmp_path / name, name))
    for name in ("c", "a", "c", "b"):
        store.activate(name)
    assert store.prune(keep=1) == ("a", "d")
    assert store.names() == ("b", "c", "e")
    assert [store.rollback(), store.rollback()] == ["c", None]
    assert hidden(store) == {".lock", ".json"}


def test_pruning_leaves_what_is_asked_to_stay(store: Store) -> None:
    every = store.names()
    assert store.prune(keep=0, also=every[:2]) == every[2:]
    assert store.names() == every[:2]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"active": "a"}', '{"active": 3, "before": []}'])
def test_a_pointer_that_cannot_be_read_is_said_and_not_overwritten(store: Store, text: str) -> None:
    (store.folder / POINTER).write_text(text)
    for change in (store.active, store.rollback, lambda: store.activate("a"), lambda: store.prune(0)):
        with pytest.raises(StoreUnusableError, match="unreadable"):
            change()
    assert (store.folder / POINTER).read_text() == text


def test_a_store_that_is_a_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("")
    with pytest.raises(StoreUnusableError):
        Store(tmp_path / "store").publish(adapter(tmp_path / "a", "a"))


STEPS = st.sampled_from(["a", "b", "c", None, "rollback", "prune"])


@settings(max_examples=30, deadline=None)
@given(st.lists(STEPS, max_size=12))
def test_whatever_is_done_the_active_one_and_the_way_back_are_there(steps: list[str | None]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store, active, before = Store(Path(folder) / "store"), None, list[str | None]()
        for name in ("a", "b", "c"):
            store.publish(adapter(Path(folder) / name, name))
        for step in steps:
            if step == "rollback":
                if before:
                    active = before.pop()
                    assert store.rollback() == active
            elif step == "prune":
                store.prune(0)
                before = list(store.pointer().before)  # shorter, but for its end
            elif step is None or step in store.names():
                store.activate(step)
                before, active = ([*before, active], step) if step != active else (before, active)
            assert (store.active(), list(store.pointer().before)) == (active, before)
            assert {name for name in (active, *before) if name} <= set(store.names())
