"""The store of adapters under kill -9 at any place, and with two processes at once."""

import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from model import checkpoint
from model.adapters import Store
from tests.model.adapted import adapter

pytestmark = pytest.mark.end_to_end

KILLED = """
import os, shutil, signal, sys
from itertools import count
from pathlib import Path
from model.adapters import Store

root, work = Path(sys.argv[1]), sys.argv[2]

def do(store):
    match work:
        case "publish": store.publish(root / "trained")
        case "activate": store.activate("b")
        case "rollback": store.rollback()
        case "prune": store.prune(0)

def child(store, left):
    def die(event, _):
        nonlocal left
        if event == "open" or event.startswith(("os.", "shutil.", "fcntl.")):
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
    sys.addaudithook(die)
    do(store)
    os._exit(0)

for step in count(1):
    shutil.copytree(root / "store", root / "killed" / str(step))
    forked = os.fork()
    if forked == 0:
        child(Store(root / "killed" / str(step)), step)
    code = os.waitstatus_to_exitcode(os.waitpid(forked, 0)[1])
    assert code in {0, -signal.SIGKILL}, code
    if code == 0:
        break
"""
PUBLISH = """
import sys
from pathlib import Path
from model.adapters import Store
from model.adapter_errors import AdapterExistsError

sys.stdin.readline()
try:
    Store(Path(sys.argv[1])).publish(Path(sys.argv[2]))
except AdapterExistsError:
    print("refused")
else:
    print("published")
"""
ACTIVATE = """
import sys
from pathlib import Path
from model.adapters import Store

sys.stdin.readline()
for _ in range(20):
    Store(Path(sys.argv[1])).activate(sys.argv[2])
"""

State = tuple[str | None, tuple[str | None, ...], tuple[str, ...]]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A store with four adapters: two before the active one, one that nothing leads to."""
    made = Store(tmp_path / "store")
    for name in ("a", "b", "c", "d"):
        made.publish(adapter(tmp_path / name, name))
    for name in ("d", "a", "b", "c"):
        made.activate(name)
    adapter(tmp_path / "trained", "new")
    return made


def state(store: Store) -> State:
    """Return what the store says, once everything that it names was found whole."""
    for name in store.names():
        checkpoint.verify(store.path(name))
    pointer = store.pointer()
    assert {name for name in (pointer.active, *pointer.before[-1:]) if name} <= set(store.names())
    return pointer.active, pointer.before, store.names()


def do(store: Store, work: str) -> None:
    match work:
        case "publish":
            store.publish(store.folder.parents[1] / "trained")
        case "activate":
            store.activate("b")
        case "prune":
            store.prune(0)


@pytest.mark.parametrize("work", ["publish", "activate", "rollback", "prune"])
def test_a_kill_anywhere_leaves_the_old_state_or_the_new_one(store: Store, tmp_path: Path, work: str) -> None:
    old = state(store)
    subprocess.run([sys.executable, "-c", KILLED, str(tmp_path), work], check=True, timeout=120)
    killed = [Store(path) for path in (tmp_path / "killed").iterdir()]
    new = state(Store(tmp_path / "killed" / str(len(killed))))  # the last was let live
    assert len(killed) > 8
    assert new != old
    for one in killed:
        if work == "prune":
            active, before, names = state(one)
            assert (active, before[-1:]) == (old[0], old[1][-1:])
            assert set(new[2]) <= set(names) <= set(old[2])
        else:
            assert state(one) in (old, new)
        do(one, work)  # done again it comes to the same, and clears away what was left
        if work != "rollback":
            assert state(one) == new
        one.publish(tmp_path / "trained")
        assert {path.suffix for path in one.folder.glob(".*")} <= {".lock", ".json", ".unfinished"}
        assert not [path for path in one.folder.glob(".*.unfinished") if path.is_dir()]


def together(program: str, *arguments: tuple[Path, ...] | tuple[Path, str]) -> list[str]:
    """Run ``program`` once with each of the ``arguments``, all at the same time; return what each printed."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", program, *map(str, told)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for told in arguments
    ]
    for process in processes:
        assert process.stdin
        process.stdin.write("now\n")
        process.stdin.flush()
    said = [process.communicate(timeout=60)[0].strip() for process in processes]
    assert [process.returncode for process in processes] == [0] * len(processes)
    return said


def test_two_processes_may_publish_the_same_adapter(tmp_path: Path) -> None:
    folder, place = adapter(tmp_path / "trained", "new", b"weights" * 100_000), tmp_path / "store"
    assert together(PUBLISH, (place, folder), (place, folder)) == ["published", "published"]
    assert state(Store(place))[2] == ("new",)


def test_of_two_processes_with_different_adapters_of_one_name_one_is_refused(tmp_path: Path) -> None:
    folders = [adapter(tmp_path / text, "new", text.encode() * 100_000) for text in ("one", "two")]
    place = tmp_path / "store"
    assert sorted(together(PUBLISH, *((place, folder) for folder in folders))) == ["published", "refused"]
    assert state(Store(place))[2] == ("new",)


def test_two_processes_that_activate_lose_no_way_back(store: Store) -> None:
    together(ACTIVATE, (store.folder, "a"), (store.folder, "b"))
    active, before, _ = state(store)
    assert before[:4] == (None, "d", "a", "b")
    assert all(one != other for one, other in pairwise([*before, active]))
