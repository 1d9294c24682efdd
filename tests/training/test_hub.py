"""Weights go to a Hub of ours and come back the same, or not at all."""

import json
from collections.abc import Iterator
from pathlib import Path

import huggingface_hub
import pytest
import torch
from pydantic import SecretStr
from safetensors.torch import save_file

from model import checkpoint
from model.checkpoint import MANIFEST, BrokenCheckpointError, FormatMismatchError
from tests.training.loopback_hub import OWNER, TOKEN, Hub, serving
from training import hub as ours
from training.hub_errors import (
    BadRepoNameError,
    FolderExistsError,
    HubError,
    HubRefusedError,
    HubUnauthorizedError,
    HubUnreachableError,
    NoManifestError,
    NoRepoError,
    NoRevisionError,
    NoTokenFileError,
    NotPublishableError,
    PublicRepoError,
    UnsafeFileError,
)

# the library's older upload, which ours speaks, gives its own HTTP client a file in a manner that this deprecates
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")

REPO = f"{OWNER}/brass-key"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_DISABLE_XET", True)  # ours speaks the older protocol
    for name in ("HF_TOKEN", "HF_TOKEN_FILE"):
        monkeypatch.delenv(name, raising=False)
    with serving(Hub()) as served:
        yield served
    huggingface_hub.close_session()


@pytest.fixture
def adapter(tmp_path: Path) -> Path:
    folder = tmp_path / "adapter"
    (folder / "notes").mkdir(parents=True)
    save_file({"lora_A": torch.arange(6.0).reshape(2, 3)}, folder / "adapter_model.safetensors")
    (folder / "adapter_config.json").write_text('{"r": 2}', encoding="utf-8")
    (folder / "notes" / "curve [1].txt").write_text("2.0 1.5 1.2", encoding="utf-8")
    (folder / "README.md").write_text("---\nlicense: mit\n---\nAn adapter.\n", encoding="utf-8")
    checkpoint.write(folder, "brass-key", data={"licences": {"plays": "public domain"}})
    return folder


def sent(hub: Hub, repo: str = REPO, branch: str = "main") -> dict[str, bytes]:
    return hub.repos[repo].files(branch)


def pushed(hub: Hub, folder: Path, repo: str = REPO) -> str:
    return ours.push(folder, repo, token=TOKEN, endpoint=hub.address)


def test_what_is_pushed_is_pulled_the_same(hub: Hub, adapter: Path, tmp_path: Path) -> None:
    assert pushed(hub, adapter) == f"{hub.address}/{REPO}"
    assert hub.repos[REPO].private
    there = tmp_path / "elsewhere" / "pulled"
    assert ours.pull(REPO, there, token=SecretStr(TOKEN), endpoint=hub.address) == there
    assert checkpoint.verify(there) == checkpoint.verify(adapter)
    names = sorted(file.relative_to(there).as_posix() for file in there.rglob("*") if file.is_file())
    assert names == sorted(file.relative_to(adapter).as_posix() for file in adapter.rglob("*") if file.is_file())
    assert all((there / name).read_bytes() == (adapter / name).read_bytes() for name in names)
    assert [left.name for left in there.parent.iterdir()] == ["pulled"]


def test_only_what_the_manifest_lists_is_sent_in_one_commit(hub: Hub, adapter: Path) -> None:
    (adapter / "optimizer.pt").write_bytes(b"state")
    (adapter / "checkpoint-10").mkdir()
    (adapter / "checkpoint-10" / "model.safetensors").write_bytes(b"older")
    (adapter / ".env").write_text("HF_TOKEN=secret", encoding="utf-8")
    pushed(hub, adapter)
    assert set(sent(hub)) == {
        ".gitattributes",
        "README.md",
        MANIFEST,
        "adapter_config.json",
        "adapter_model.safetensors",
        "notes/curve [1].txt",
    }
    assert sum("/commit/" in asked for asked in hub.asked) == 1


def test_a_branch_is_made_and_pulled_by_its_name_and_its_commit(hub: Hub, adapter: Path, tmp_path: Path) -> None:
    address = ours.push(adapter, "brass-key", revision="rank-2", token=TOKEN, endpoint=hub.address)
    assert address == f"{hub.address}/{REPO}/tree/rank-2"
    assert MANIFEST not in sent(hub)
    for revision in ("rank-2", hub.repos[REPO].branches["rank-2"]):
        ours.pull(REPO, tmp_path / revision, revision=revision, token=TOKEN, endpoint=hub.address)
        assert checkpoint.verify(tmp_path / revision).name == "brass-key"
    with pytest.raises(NoRevisionError):
        ours.pull(REPO, tmp_path / "no", revision="rank-3", token=TOKEN, endpoint=hub.address)


def test_leftovers_of_an_earlier_push_are_not_pulled(hub: Hub, adapter: Path, tmp_path: Path) -> None:
    pushed(hub, adapter)
    hub.repos[REPO].commit("main", {"old.bin": b"pickle", "modeling.py": b"import os", "shard.safetensors": b"old"})
    pulled = ours.pull(REPO, tmp_path / "pulled", token=TOKEN, endpoint=hub.address)
    assert not {"old.bin", "modeling.py", "shard.safetensors"} & {file.name for file in pulled.iterdir()}


def test_a_base_model_without_manifest_is_pulled_without_its_code_and_pickles(hub: Hub, tmp_path: Path) -> None:
    files = {
        "model.safetensors": b"w",
        "config.json": b"{}",
        "model.bin": b"p",
        "modeling.py": b"x",
        "tf_model.h5": b"h",
    }
    hub.made("people/base", files)
    pulled = ours.pull("people/base", tmp_path / "base", endpoint=hub.address)
    assert {file.name for file in pulled.iterdir()} == {"model.safetensors", "config.json"}


@pytest.mark.parametrize("damage", [b"X", b""])
def test_a_file_altered_on_the_hub_is_refused(hub: Hub, adapter: Path, tmp_path: Path, damage: bytes) -> None:
    pushed(hub, adapter)
    weights = sent(hub)["adapter_model.safetensors"]
    hub.repos[REPO].commit("main", {"adapter_model.safetensors": weights[:-1] + damage})
    with pytest.raises(BrokenCheckpointError) as raised:
        ours.pull(REPO, tmp_path / "pulled", token=TOKEN, endpoint=hub.address)
    assert raised.value.path.name == "adapter_model.safetensors"
    assert not (tmp_path / "pulled").exists()
    assert not list(tmp_path.glob(".pull-*"))


def test_a_pull_that_breaks_off_leaves_nothing(hub: Hub, adapter: Path, tmp_path: Path) -> None:
    pushed(hub, adapter)
    hub.cut.add("adapter_model.safetensors")
    with pytest.raises(HubUnreachableError):
        ours.pull(REPO, tmp_path / "pulled", token=TOKEN, endpoint=hub.address)
    assert [left.name for left in tmp_path.iterdir()] == ["adapter"]


def test_a_folder_that_exists_is_never_overwritten(hub: Hub, adapter: Path, tmp_path: Path) -> None:
    pushed(hub, adapter)
    hub.asked.clear()
    (tmp_path / "empty").mkdir()
    for folder in (adapter, tmp_path / "empty"):
        with pytest.raises(FolderExistsError):
            ours.pull(REPO, folder, token=TOKEN, endpoint=hub.address)
    assert hub.asked == []


@pytest.mark.parametrize(
    "listed", ["weights.bin", "optimizer.safetensors", "checkpoint-9/x.txt", "../up.txt", "/etc/x"]
)
def test_a_manifest_cannot_smuggle_files(hub: Hub, adapter: Path, tmp_path: Path, listed: str) -> None:
    pushed(hub, adapter)
    manifest = json.loads((adapter / MANIFEST).read_text(encoding="utf-8"))
    manifest["files"][listed] = "0" * 64
    hub.repos[REPO].commit("main", {MANIFEST: json.dumps(manifest).encode(), "weights.bin": b""})
    with pytest.raises(UnsafeFileError) as raised:
        ours.pull(REPO, tmp_path / "pulled", token=TOKEN, endpoint=hub.address)
    assert raised.value.about == listed
    assert not any("weights.bin" in asked for asked in hub.asked)


def test_a_repository_of_pickles_is_refused_before_anything_comes(hub: Hub, tmp_path: Path) -> None:
    hub.made("people/old", {"config.json": b"{}", "pytorch_model.bin": b"p"})
    with pytest.raises(UnsafeFileError) as raised:
        ours.pull("people/old", tmp_path / "old", endpoint=hub.address)
    assert raised.value.about == "pytorch_model.bin"
    assert not any("/resolve/" in asked for asked in hub.asked)


@pytest.mark.parametrize("manifest", [b"{", b"[]", b'{"name": "x"}', b"\xff"])
def test_a_manifest_that_is_none_is_broken(hub: Hub, tmp_path: Path, manifest: bytes) -> None:
    hub.made("people/odd", {MANIFEST: manifest, "model.safetensors": b"w"})
    with pytest.raises(BrokenCheckpointError):
        ours.pull("people/odd", tmp_path / "odd", endpoint=hub.address)


def test_weights_of_another_prompt_format_are_not_kept(hub: Hub, adapter: Path, tmp_path: Path) -> None:
    manifest = {**json.loads((adapter / MANIFEST).read_text(encoding="utf-8")), "format_version": 0}
    pushed(hub, adapter)
    hub.repos[REPO].commit("main", {MANIFEST: json.dumps(manifest).encode()})
    with pytest.raises(FormatMismatchError):
        ours.pull(REPO, tmp_path / "pulled", token=TOKEN, endpoint=hub.address)
    assert not (tmp_path / "pulled").exists()


def test_a_broken_folder_sends_nothing(hub: Hub, adapter: Path) -> None:
    (adapter / "adapter_config.json").write_text('{"r": 3}', encoding="utf-8")
    with pytest.raises(BrokenCheckpointError):
        pushed(hub, adapter)
    (adapter / MANIFEST).unlink()
    with pytest.raises(NoManifestError):
        pushed(hub, adapter)
    (adapter / "training_args.bin").write_bytes(b"pickle")
    checkpoint.write(adapter, "brass-key")
    with pytest.raises(UnsafeFileError):
        pushed(hub, adapter)
    assert hub.asked == []


def test_weights_over_a_base_that_learnt_from_protected_works_stay_private(hub: Hub, adapter: Path) -> None:
    base = {"name": "b", "licences": {"imsdb": "its owners'"}}
    checkpoint.write(adapter, "brass-key", base=base, data={"licences": {"plays": "public domain"}})
    with pytest.raises(NotPublishableError):
        ours.push(adapter, REPO, private=False, token=TOKEN, endpoint=hub.address)


def test_weights_learnt_from_protected_works_stay_private(hub: Hub, adapter: Path) -> None:
    checkpoint.write(adapter, "brass-key", data={"licences": {"plays": "public domain", "imsdb": "its owners'"}})
    with pytest.raises(NotPublishableError) as raised:
        ours.push(adapter, REPO, private=False, token=TOKEN, endpoint=hub.address)
    assert raised.value.about == "imsdb"
    assert hub.asked == []
    pushed(hub, adapter)
    assert hub.repos[REPO].private


def test_a_private_push_never_lands_in_a_public_repository(hub: Hub, adapter: Path) -> None:
    ours.push(adapter, REPO, private=False, token=TOKEN, endpoint=hub.address)
    before = dict(hub.repos[REPO].commits)
    with pytest.raises(PublicRepoError):
        pushed(hub, adapter)
    assert hub.repos[REPO].commits == before


@pytest.mark.parametrize(
    ("repo", "token", "error"),
    [
        (REPO, "hf_wrong", HubUnauthorizedError),
        (REPO, "", HubUnauthorizedError),
        (REPO, "two\nlines", HubUnauthorizedError),
        (REPO, "hf_é", HubUnauthorizedError),
        ("strangers/brass-key", TOKEN, HubUnauthorizedError),
        ("no such/name!", TOKEN, BadRepoNameError),
    ],
)
def test_a_push_that_is_not_allowed_says_so(
    hub: Hub, adapter: Path, repo: str, token: str, error: type[HubError]
) -> None:
    with pytest.raises(error) as raised:
        ours.push(adapter, repo, token=token, endpoint=hub.address)
    assert raised.value.about == repo
    assert not hub.repos


def test_a_pull_that_is_not_allowed_says_so(hub: Hub, adapter: Path, tmp_path: Path) -> None:
    pushed(hub, adapter)
    for repo, token, error in (
        (REPO, "hf_wrong", HubUnauthorizedError),
        (REPO, "", NoRepoError),  # the Hub does not say that a private repository exists
        (f"{OWNER}/unknown", TOKEN, NoRepoError),
        ("a/b/c", TOKEN, BadRepoNameError),
    ):
        with pytest.raises(error):
            ours.pull(repo, tmp_path / "pulled", token=token, endpoint=hub.address)
    assert [left.name for left in tmp_path.iterdir()] == ["adapter"]


@pytest.mark.parametrize(
    ("status", "error"), [(503, HubUnreachableError), (429, HubUnreachableError), (402, HubRefusedError)]
)
def test_a_hub_out_of_order_is_told_from_one_that_refuses(
    hub: Hub, tmp_path: Path, status: int, error: type[HubError]
) -> None:
    hub.status = status
    with pytest.raises(error):
        ours.pull(REPO, tmp_path / "pulled", token=TOKEN, endpoint=hub.address)


def test_a_hub_that_is_not_there_is_unreachable(adapter: Path, tmp_path: Path) -> None:
    with serving(Hub()) as gone:
        address = gone.address
    with pytest.raises(HubUnreachableError):
        ours.push(adapter, REPO, token=TOKEN, endpoint=address)
    with pytest.raises(HubUnreachableError):
        ours.pull(REPO, tmp_path / "pulled", token=TOKEN, endpoint=address)
    huggingface_hub.close_session()


def test_a_card_that_the_hub_rejects_is_refused_before_any_file_goes(hub: Hub, adapter: Path) -> None:
    (adapter / "README.md").write_text("---\nlicense: [\n---\n", encoding="utf-8")
    with pytest.raises(HubRefusedError) as raised:
        pushed(hub, adapter)
    assert "README.md" in str(raised.value.__cause__)
    assert set(sent(hub)) == {".gitattributes"}


def test_the_token_comes_from_the_environment_or_a_file(
    hub: Hub, adapter: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = tmp_path / "token"
    secret.write_text(f"{TOKEN}\n", encoding="utf-8")
    monkeypatch.setenv("HF_TOKEN_FILE", str(secret))
    ours.push(adapter, REPO, endpoint=hub.address)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    secret.unlink()
    ours.pull(REPO, tmp_path / "pulled", endpoint=hub.address)
    monkeypatch.delenv("HF_TOKEN")
    with pytest.raises(NoTokenFileError):
        ours.push(adapter, REPO, endpoint=hub.address)
    secret.write_text(" \n", encoding="utf-8")
    with pytest.raises(NoTokenFileError):
        ours.push(adapter, REPO, endpoint=hub.address)
