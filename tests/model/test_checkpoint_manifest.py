import json
from pathlib import Path

import pytest

from model import checkpoint
from model.checkpoint import BrokenCheckpointError, FormatMismatchError
from model.tasks import FORMAT_VERSION


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "model.safetensors").write_bytes(b"weights" * 100)
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "README.md").write_text("# a card")
    checkpoint.write(tmp_path, "nano", scores={"parse": 0.5})
    return tmp_path


def test_a_whole_folder_passes_with_its_facts(folder: Path) -> None:
    manifest = checkpoint.verify(folder)
    assert (manifest.name, manifest.format_version) == ("nano", FORMAT_VERSION)
    assert set(manifest.files) == {"model.safetensors", "config.json"}
    assert manifest.facts == {"scores": {"parse": 0.5}}


def test_the_model_card_may_be_edited_later(folder: Path) -> None:
    (folder / "README.md").write_text("# a better card")
    assert checkpoint.verify(folder).name == "nano"


def test_truncated_weights_are_refused(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(BrokenCheckpointError) as caught:
        checkpoint.verify(folder)
    assert (caught.value.path, caught.value.reason) == (path, "truncated or altered")


def test_a_missing_file_is_named(folder: Path) -> None:
    (folder / "config.json").unlink()
    with pytest.raises(BrokenCheckpointError) as caught:
        checkpoint.verify(folder)
    assert (caught.value.path, caught.value.reason) == (folder / "config.json", "missing")


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(BrokenCheckpointError, match="missing"):
        checkpoint.verify(tmp_path / "nowhere")


def test_another_prompt_format_is_refused_with_both_numbers(folder: Path) -> None:
    path = folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"format_version": 99}))
    with pytest.raises(FormatMismatchError) as caught:
        checkpoint.verify(folder)
    assert (caught.value.found, caught.value.wanted) == (99, FORMAT_VERSION)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"name": "x"}', '{"name": "x", "format_version": 1, "files": []}'])
def test_an_unreadable_manifest_is_refused(folder: Path, text: str) -> None:
    (folder / "manifest.json").write_text(text)
    with pytest.raises(BrokenCheckpointError, match="unreadable"):
        checkpoint.verify(folder)


def test_a_manifest_without_files_proves_nothing(folder: Path) -> None:
    (folder / "manifest.json").write_text('{"name": "x", "format_version": 1, "files": {}}')
    with pytest.raises(BrokenCheckpointError, match="names no files"):
        checkpoint.verify(folder)


def test_a_stranger_s_folder_goes_by_its_own_name(folder: Path) -> None:
    (folder / "manifest.json").unlink()
    manifest = checkpoint.verify(folder)
    assert (manifest.name, manifest.format_version, manifest.files) == (folder.name, None, {})


@pytest.mark.parametrize("pickle", ["pytorch_model.bin", "adapter_model.bin", "weights.pt"])
def test_pickles_are_refused(tmp_path: Path, pickle: str) -> None:
    (tmp_path / pickle).write_bytes(b"code")
    with pytest.raises(BrokenCheckpointError, match="pickle"):
        checkpoint.verify(tmp_path)


def test_a_folder_without_weights_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BrokenCheckpointError, match="no safetensors"):
        checkpoint.verify(tmp_path)
