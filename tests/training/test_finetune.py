# ruff: noqa: ARG002 - callbacks have the arguments that the Trainer gives them
"""The recipe on tiny models: what it promises of schedule, packing, killing, memory and receipts."""

import errno
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import SafetensorError
from transformers import (
    AutoModelForCausalLM,
    PreTrainedModel,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
)

from model import checkpoint
from model.checkpoint import BrokenCheckpointError
from model.engines.transformers_engine import TransformersDecoder
from tests.model import tiny
from training import checkpoints, runs, space
from training.checkpoints import CheckpointLostError
from training.corpus import Corpus, of_texts
from training.files import NoSpaceError
from training.finetune import HISTORY, finetune, losses, recorded
from training.recipe import BadRecipeError, Method, Recipe, Schedule
from training.records import Text
from training.runs import Run
from training.space import LossNotFiniteError, OutOfMemoryError
from training.trainer import PackedTrainer

pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")  # peft asks for it
SMALL: dict[str, Any] = {"context": 32, "batch": 2, "accumulate": 2, "steps": 10, "save_every": 4, "rank": 4}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.write(tmp_path_factory.mktemp("base"), "llama")


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    said = ["The key is under the piano.", "Who has sold the garden?", "A letter came for you.", "It rains on Tuesday."]
    return of_texts(
        Text(source="invented", work=f"work {number}", text=" ".join(said[(number + turn) % 4] for turn in range(9)))
        for number in range(40)
    )


def run_of(folder: Path, recipe: Recipe, corpus: Corpus, *watchers: TrainerCallback, name: str = "a") -> Run:
    run = runs.create(name, recorded(recipe, corpus), below=folder)
    finetune(recipe, corpus, run, watchers=watchers)
    return run


class Killed(TrainerCallback):
    """Ends the process's work at a step, as a kill would: nothing is written any more."""

    def __init__(self, at: int) -> None:
        self.at = at

    def on_step_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: object
    ) -> None:
        if state.global_step == self.at:
            raise KeyboardInterrupt


@pytest.mark.parametrize("schedule", ["linear", "cosine", "constant"])
def test_the_learning_rate_is_above_0_at_every_planned_step(
    schedule: Schedule, base: Path, corpus: Corpus, tmp_path: Path
) -> None:
    run = run_of(tmp_path, Recipe(base=str(base), schedule=schedule, warm_up=0.2, **SMALL), corpus)
    told = [entry for entry in json.loads((run.folder / HISTORY).read_text()) if "loss" in entry]
    assert [entry["step"] for entry in told] == list(range(1, 11))
    assert all(entry["learning_rate"] > 0 for entry in told)
    assert max(entry["learning_rate"] for entry in told) == pytest.approx(Recipe(base="").peak)


@pytest.mark.parametrize("method", ["full", "lora"])
def test_a_run_learns_and_its_receipt_tells_how(method: Method, base: Path, corpus: Corpus, tmp_path: Path) -> None:
    recipe = Recipe(base=str(base), method=method, **{**SMALL, "steps": 0, "rate": 5e-3, "save_every": 20})
    run = run_of(tmp_path, recipe, corpus)
    curve = losses(run)
    assert sum(curve[-5:]) < sum(curve[:5]) * (0.7 if method == "full" else 0.98)
    receipt = checkpoint.verify(run.model).facts
    assert receipt["base"] == {"name": str(base), "fingerprint": checkpoint.fingerprint(base)}
    assert receipt["data"]["entries"] == corpus.counts()  # type: ignore[index]
    assert receipt["tokens"]["seen ÷ available"] == 1.0  # type: ignore[index]
    assert receipt["scores"]["held-out nats per token"] < curve[0]  # type: ignore[index]
    assert (run.folder / "curves.png").stat().st_size > 5000
    assert list((run.folder / "tensorboard").glob("events*"))
    assert {path.name for path in (run.folder / "samples").iterdir()} >= {"step-000020.txt", "step-000040.txt"}


@pytest.fixture(scope="module")
def whole(base: Path, corpus: Corpus, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run that nobody interrupted."""
    return run_of(tmp_path_factory.mktemp("whole"), Recipe(base=str(base), **SMALL), corpus)


@pytest.mark.parametrize("killed_at", [3, 5, 9])
def test_a_killed_run_ends_with_the_same_losses_weights_and_receipt(
    killed_at: int, whole: Run, base: Path, corpus: Corpus, tmp_path: Path
) -> None:
    recipe = Recipe(base=str(base), **SMALL)
    run = runs.create("a", recorded(recipe, corpus), below=tmp_path / "killed")
    with pytest.raises(KeyboardInterrupt):
        finetune(recipe, corpus, run, watchers=[Killed(killed_at)])
    finetune(recipe, corpus, run)
    assert losses(run) == losses(whole)
    assert checkpoint.verify(run.model) == checkpoint.verify(whole.model)


def _killed_at_9(base: Path, corpus: Corpus, folder: Path) -> tuple[Recipe, Run]:
    """Return a run with the whole checkpoints of steps 4 and 8, the latter being the best."""
    recipe = Recipe(base=str(base), **SMALL)
    run = runs.create("a", recorded(recipe, corpus), below=folder)
    with pytest.raises(KeyboardInterrupt):
        finetune(recipe, corpus, run, watchers=[Killed(9)])
    return recipe, run


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: (folder / "complete.json").unlink(),
        lambda folder: (folder / "complete.json").write_text(""),
        lambda folder: (folder / "optimizer.pt").unlink(),
        lambda folder: (folder / "optimizer.pt").write_bytes(b""),
        lambda folder: (folder / "adapter_model.safetensors").unlink(),
        lambda folder: (folder / "trainer_state.json").write_text(""),
        lambda folder: (folder / "scheduler.pt").write_bytes(b"x" * (folder / "scheduler.pt").stat().st_size),
    ],
)
def test_a_run_goes_on_from_an_older_checkpoint_if_its_last_is_damaged(
    damage: Callable[[Path], object], whole: Run, base: Path, corpus: Corpus, tmp_path: Path
) -> None:
    recipe, run = _killed_at_9(base, corpus, tmp_path / "killed")
    before = shutil.copytree(run.checkpoints / "checkpoint-8", tmp_path / "checkpoint-4")
    shutil.rmtree(run.checkpoints)
    with pytest.raises(KeyboardInterrupt):
        finetune(recipe, corpus, run, watchers=[Killed(5)])
    shutil.copytree(before, run.checkpoints / "checkpoint-8")
    damage(run.checkpoints / "checkpoint-8")
    latest = checkpoints.latest(run.checkpoints)
    assert latest is not None
    assert latest.folder.name == "checkpoint-4"
    finetune(recipe, corpus, run)
    assert losses(run) == losses(whole)
    assert checkpoint.verify(run.model) == checkpoint.verify(whole.model)


def test_a_run_whose_only_checkpoint_is_damaged_says_so_and_is_not_begun_anew(
    base: Path, corpus: Corpus, tmp_path: Path
) -> None:
    recipe, run = _killed_at_9(base, corpus, tmp_path)
    (run.checkpoints / "checkpoint-8" / "optimizer.pt").unlink()
    with pytest.raises(CheckpointLostError) as caught:
        finetune(recipe, corpus, run)
    assert caught.value.path.name == "checkpoint-8"
    assert (run.checkpoints / "checkpoint-8").is_dir()


def test_weights_that_were_not_the_best_are_never_published_for_them(
    base: Path, corpus: Corpus, tmp_path: Path
) -> None:
    wild = {**SMALL, "steps": 40, "save_every": 1, "rate": 0.3, "warm_up": 0.0, "schedule": "constant", "patience": 0}
    recipe = Recipe(base=str(base), **wild)
    run = runs.create("a", recorded(recipe, corpus), below=tmp_path)
    with pytest.raises(KeyboardInterrupt):
        finetune(recipe, corpus, run, watchers=[Killed(20)])
    latest = checkpoints.latest(run.checkpoints)
    assert latest is not None
    assert latest.best != latest.folder
    shutil.rmtree(latest.best)
    with pytest.raises(CheckpointLostError) as caught:
        finetune(recipe, corpus, run)
    assert caught.value.path == latest.best
    assert not run.finished


def test_a_run_whose_folder_was_moved_ends_with_its_best_weights(
    whole: Run, base: Path, corpus: Corpus, tmp_path: Path
) -> None:
    recipe, run = _killed_at_9(base, corpus, tmp_path / "before")
    moved = Run(run.folder.rename(tmp_path / "a"))
    finetune(recipe, corpus, moved)
    assert checkpoint.verify(moved.model) == checkpoint.verify(whole.model)


def test_a_kill_while_older_checkpoints_are_deleted_loses_nothing(
    whole: Run, base: Path, corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = Recipe(base=str(base), **SMALL)
    run = runs.create("a", recorded(recipe, corpus), below=tmp_path)

    def killed(latest: Path, best: str) -> None:
        if latest.name == "checkpoint-8":
            (latest.parent / "checkpoint-4" / "complete.json").unlink()
            (latest.parent / "checkpoint-4" / "optimizer.pt").unlink()
            raise KeyboardInterrupt
        rotate(latest, best)

    rotate = checkpoints.rotate
    monkeypatch.setattr(checkpoints, "rotate", killed)
    with pytest.raises(KeyboardInterrupt):
        finetune(recipe, corpus, run)
    monkeypatch.undo()
    assert sorted(path.name for path in run.checkpoints.iterdir()) == ["checkpoint-4", "checkpoint-8"]
    finetune(recipe, corpus, run)
    assert losses(run) == losses(whole)
    assert checkpoint.verify(run.model) == checkpoint.verify(whole.model)


@pytest.mark.parametrize("place", ["training.finetune.publish", "training.finetune._write_history"])
@pytest.mark.parametrize("more", [{}, {"steps": 40, "save_every": 1, "rate": 0.3, "warm_up": 0.0, "patience": 3}])
def test_a_run_killed_between_its_last_step_and_its_receipt_learns_no_more(
    place: str, more: dict[str, Any], base: Path, corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = Recipe(base=str(base), **{**SMALL, **more})
    whole = run_of(tmp_path / "whole", recipe, corpus)
    run = runs.create("a", recorded(recipe, corpus), below=tmp_path)

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(place, killed)
    with pytest.raises(KeyboardInterrupt):
        finetune(recipe, corpus, run)
    monkeypatch.undo()
    monkeypatch.setattr(PackedTrainer, "train", killed)
    finetune(recipe, corpus, run)
    assert losses(run) == losses(whole)
    assert checkpoint.verify(run.model) == checkpoint.verify(whole.model)


@pytest.mark.parametrize("kind", ["llama", "gpt2", "gptj"])
@pytest.mark.parametrize("method", ["lora", "lora8", "qlora"])
def test_an_adapter_over_full_8_bit_and_4_bit_weights_writes(
    kind: str, method: Method, corpus: Corpus, tmp_path: Path
) -> None:
    base = tiny.write(tmp_path / "base", kind)
    run = run_of(tmp_path, Recipe(base=str(base), method=method, **SMALL), corpus)
    assert all(torch.isfinite(torch.tensor(losses(run))))
    decoder = TransformersDecoder.load(base, adapter=run.model)
    assert decoder.name == "base+a"
    decoder.close()


def test_an_adapter_is_not_laid_over_other_weights_of_the_same_shape(
    base: Path, corpus: Corpus, tmp_path: Path, altered: Callable[[Path], Path]
) -> None:
    run = run_of(tmp_path, Recipe(base=str(base), **SMALL), corpus)
    with pytest.raises(BrokenCheckpointError, match="adapter a was trained on"):
        TransformersDecoder.load(altered(base), adapter=run.model)


def test_what_a_base_learnt_from_stands_in_the_receipt_of_what_is_made_of_it(
    base: Path, corpus: Corpus, tmp_path: Path
) -> None:
    first = run_of(tmp_path, Recipe(base=str(base), method="full", **SMALL), corpus, name="first")
    checkpoint.write(first.model, "first", data={"licences": {"imsdb": "its owners'"}})
    second = run_of(tmp_path, Recipe(base=str(first.model), **SMALL), corpus, name="second")
    assert checkpoint.verify(second.model).licences == {"imsdb": "its owners'"}


@pytest.fixture
def altered(tmp_path: Path) -> Callable[[Path], Path]:
    def alter(folder: Path) -> Path:
        model: PreTrainedModel = AutoModelForCausalLM.from_pretrained(folder)
        with torch.no_grad():
            next(model.parameters()).add_(0.01)
        other = tmp_path / "other"
        model.save_pretrained(other)
        tiny.tokenizer().save_pretrained(other)
        return other

    return alter


def test_a_run_stops_when_held_out_text_is_no_longer_learnt(base: Path, corpus: Corpus, tmp_path: Path) -> None:
    wild = {**SMALL, "steps": 80, "save_every": 2, "rate": 0.5, "clip": 1e9, "patience": 2, "method": "full"}
    run = run_of(tmp_path, Recipe(base=str(base), **wild), corpus)
    receipt = checkpoint.verify(run.model).facts
    assert receipt["steps"] < receipt["planned steps"]  # type: ignore[operator]
    assert receipt["best step"] < receipt["steps"]  # type: ignore[operator]


def test_a_run_killed_while_it_counts_scores_without_a_better_one_stops_at_the_same_step(
    base: Path, corpus: Corpus, tmp_path: Path
) -> None:
    wild = {**SMALL, "steps": 40, "save_every": 1, "rate": 0.3, "warm_up": 0.0, "schedule": "constant", "patience": 3}
    recipe = Recipe(base=str(base), **wild)
    whole = run_of(tmp_path / "whole", recipe, corpus)
    stopped = len(losses(whole))
    assert stopped < 40
    run = runs.create("a", recorded(recipe, corpus), below=tmp_path / "killed")
    with pytest.raises(KeyboardInterrupt):
        finetune(recipe, corpus, run, watchers=[Killed(stopped - 1)])
    finetune(recipe, corpus, run)
    assert losses(run) == losses(whole)
    assert checkpoint.verify(run.model) == checkpoint.verify(whole.model)


def test_gradients_over_two_small_batches_are_those_of_one_large(base: Path, corpus: Corpus, tmp_path: Path) -> None:
    one, two = (
        run_of(tmp_path, Recipe(base=str(base), **{**SMALL, "dropout": 0.0, **shape}), corpus, name=name)
        for name, shape in (("one", {"batch": 4, "accumulate": 1}), ("two", {"batch": 1, "accumulate": 4}))
    )
    assert losses(one) == pytest.approx(losses(two), abs=1e-4)


def test_computing_activations_twice_changes_nothing(base: Path, corpus: Corpus, tmp_path: Path) -> None:
    plain, twice = (
        run_of(tmp_path, Recipe(base=str(base), **{**SMALL, "dropout": 0.0}, checkpointing=on), corpus, name=name)
        for name, on in (("plain", False), ("twice", True))
    )
    assert losses(plain) == pytest.approx(losses(twice), abs=1e-5)


@torch.no_grad()
def _nats(base: Path, texts: list[str]) -> tuple[float, int]:
    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    nats, count = 0.0, 0
    for text in texts:
        ids = torch.tensor([[*tiny.tokenizer().encode(text), 0]])
        for start in range(0, ids.shape[1] - 1, 32):  # rows of 32 positions
            piece = ids[:, start : start + 33]
            logits = model(piece[:, :-1]).logits[0]
            nats += float(torch.nn.functional.cross_entropy(logits, piece[0, 1:], reduction="sum"))
            count += piece.shape[1] - 1
    return nats, count


def test_the_held_out_loss_weighs_every_token_the_same(base: Path, corpus: Corpus, tmp_path: Path) -> None:
    recipe = Recipe(base=str(base), **{**SMALL, "method": "full", "rate": 1e-9})
    run = run_of(tmp_path, recipe, corpus)
    nats, count = _nats(base, [example.completion for example in corpus.held_out])
    scores: Any = checkpoint.verify(run.model).facts["scores"]
    assert scores["held-out nats per token"] == pytest.approx(nats / count, abs=2e-2)  # other rows cut elsewhere


def test_what_does_not_fit_is_said_before_anything_is_trained(
    base: Path, corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(BadRecipeError, match="context"):
        run_of(tmp_path, Recipe(base=str(base), **{**SMALL, "context": 4096}), corpus, name="long")
    with pytest.raises(BadRecipeError, match="targets"):
        run_of(tmp_path, Recipe(base=str(base), targets=("warp_drive",), **SMALL), corpus, name="warp")
    with pytest.raises(BrokenCheckpointError):
        run_of(tmp_path, Recipe(base=str(tmp_path / "nowhere"), **SMALL), corpus, name="nowhere")
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 10})())
    with pytest.raises(NoSpaceError):
        run_of(tmp_path, Recipe(base=str(base), **SMALL), corpus, name="full")


@pytest.mark.parametrize(
    "error", [torch.OutOfMemoryError("CUDA out of memory"), RuntimeError("DefaultCPUAllocator: can't allocate memory")]
)
def test_memory_that_runs_out_is_told_with_the_recipe(error: Exception) -> None:
    recipe = Recipe(base="b")
    with pytest.raises(OutOfMemoryError) as caught, space.enough(recipe, Path()):
        raise error
    assert caught.value.recipe == recipe


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        RuntimeError("[enforce fail at inline_container.cc:672] . PytorchStreamWriter failed writing file data/3"),
        SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)"),
    ],
)
def test_a_disk_that_fills_up_in_mid_run_is_told(error: Exception) -> None:
    with pytest.raises(NoSpaceError), space.enough(Recipe(base="b"), Path("runs/x")):
        raise error


@pytest.mark.parametrize("sample_every", [1, 1000])
def test_a_loss_that_is_no_number_ends_the_run_and_leaves_its_checkpoint(
    sample_every: int, base: Path, corpus: Corpus, tmp_path: Path
) -> None:
    wild = {
        "sample_every": sample_every,
        **SMALL,
        "rate": 1e30,
        "clip": 1e30,
        "method": "full",
        "save_every": 1,
        "warm_up": 0.0,
    }
    with pytest.raises(LossNotFiniteError) as caught:
        run_of(tmp_path, Recipe(base=str(base), **wild), corpus)
    assert caught.value.step >= 1
    assert checkpoints.latest(tmp_path / "a" / "checkpoints") is not None


def test_another_error_of_torch_is_left_as_it_is() -> None:
    with pytest.raises(RuntimeError, match="shape"), space.enough(Recipe(base="b"), Path()):
        raise RuntimeError("shape mismatch")
