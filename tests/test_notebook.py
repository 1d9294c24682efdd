"""The notebook is executed as a reader would, and what is committed of it is what came of that."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bot.export import fountain
from model.screenplay import Heading

if TYPE_CHECKING:
    from nbformat import NotebookNode

nbformat = pytest.importorskip("nbformat", reason="nbformat is not installed (make install-dev)")
nbclient = pytest.importorskip("nbclient", reason="nbclient is not installed (make install-dev)")
pytest.importorskip("ipykernel", reason="ipykernel is not installed (make install-dev)")

ROOT = Path(__file__).parents[1]
NOTEBOOK = ROOT / "docs/greenlit.ipynb"
LARGEST = 200_000  # bytes of the file: it is read on a forge, and kept in the history for ever
PLACES = re.compile(r"/(?:work|tmp|root|home|Users|opt|usr|var)/|file:///|[A-Z]:\\\\")


@pytest.fixture(scope="module")
def committed() -> "NotebookNode":
    read: NotebookNode = nbformat.read(NOTEBOOK, as_version=4)
    return read


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("desk")


@pytest.fixture(scope="module")
def executed(desk: Path, tmp_path_factory: pytest.TempPathFactory) -> "Iterator[NotebookNode]":
    """Execute the notebook on one thread, in an empty folder, in a kernel that knows nothing of the user's settings."""
    own = tmp_path_factory.mktemp("jupyter")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR"):
            patch.setenv(name, str(own))
        patch.setenv("JUPYTER_PLATFORM_DIRS", "1")
        clean = {name: value for name, value in os.environ.items() if not name.startswith("GREENLIT_")}
        fresh = nbformat.read(NOTEBOOK, as_version=4)
        client = nbclient.NotebookClient(
            fresh, kernel_name="python3", timeout=600, resources={"metadata": {"path": str(desk)}}
        )
        client.execute(env={**clean, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT), "TMPDIR": str(desk)})
        yield fresh


def code_cells(notebook: "NotebookNode") -> "list[NotebookNode]":
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def printed(notebook: "NotebookNode", tag: str) -> str:
    (cell,) = [cell for cell in code_cells(notebook) if tag in cell.metadata.get("tags", ())]
    return "".join(output.text for output in cell.outputs if output.output_type == "stream")


def kinds(cell: "NotebookNode") -> list[str]:
    return [output.get("name", output.output_type) for output in cell.outputs]


def test_the_notebook_runs_from_data_to_a_script(executed: "NotebookNode") -> None:
    script = fountain.read(printed(executed, "script"))
    assert any(isinstance(element, Heading) for element in script.elements)
    assert len(script.turns) >= 2


def test_the_notebook_warns_of_nothing_and_leaves_nothing_behind(executed: "NotebookNode", desk: Path) -> None:
    assert [cell.id for cell in code_cells(executed) if "stderr" in kinds(cell)] == []
    left = [path.name for path in desk.iterdir()]
    assert [name for name in left if not name.startswith("torchinductor")] == []  # torch's own cache


def test_the_committed_outputs_are_of_the_cells_as_they_stand(
    executed: "NotebookNode", committed: "NotebookNode"
) -> None:
    assert [kinds(cell) for cell in code_cells(committed)] == [kinds(cell) for cell in code_cells(executed)]


def test_every_committed_cell_was_run_in_order_and_shows_something(committed: "NotebookNode") -> None:
    cells = code_cells(committed)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert [cell.id for cell in cells if not cell.outputs] == []


def test_the_committed_notebook_is_small_and_names_no_place_on_a_machine(committed: "NotebookNode") -> None:
    assert NOTEBOOK.stat().st_size < LARGEST
    shown = [text for cell in code_cells(committed) for output in cell.outputs for text in texts(output)]
    assert [text for text in shown if PLACES.search(text)] == []


def texts(output: "NotebookNode") -> list[str]:
    """Return what can be read of an output: no pictures."""
    data = output.get("data", {})
    return [str(output.get("text", "")), *(str(value) for kind, value in data.items() if kind.startswith("text/"))]
