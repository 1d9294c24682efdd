# ruff: noqa: S311 - no secrets are drawn here
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, replace
from math import log2
from pathlib import Path
from random import Random
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors import SafetensorError

from model import checkpoint, tasks
from model.briefs import PitchBrief, genre, theme
from model.drafts import PitchDraft
from model.engine import generate
from model.engines.lstm_engine import LstmDecoder
from model.engines.lstm_network import END_ID, Network, Vocabulary, load, split
from model.originality import TitleIndex
from model.writer import Writer
from training.checkpoints import CheckpointLostError
from training.corpus import NothingHeldOutError, of_texts
from training.files import NoSpaceError
from training.lstm import train
from training.lstm_learner import CorpusTooSmallError, Learner, score
from training.lstm_recipe import LstmRecipe
from training.recipe import BadRecipeError
from training.records import Text
from training.runs import BrokenRunError, NoRunError, RunChangedError, RunExistsError
from training.space import LossNotFiniteError
from training.yardstick import train_lstm

NANO = LstmRecipe(
    name="nano", embedding=8, hidden=16, layers=2, length=6, batch=4, rate=0.01, epochs=3, patience=0, save_every=4
)
KILLED = """
import os, signal, sys
from pathlib import Path
from tests.training.test_lstm import HELD_OUT, NANO, TEXTS
from training.lstm import train
from training.lstm_learner import Learner
step = Learner.step
def deadly(learner):
    if len(learner.losses) == limit:
        os.kill(os.getpid(), signal.SIGKILL)
    return step(learner)
Learner.step = deadly
for limit in (3, 14, 31):
    child = os.fork()
    if not child:
        train(NANO, TEXTS, HELD_OUT, Path(sys.argv[1]), resume=True)
    _, status = os.waitpid(child, 0)
    print(os.WTERMSIG(status))
"""


def tales(seed: int, count: int) -> list[str]:
    random = Random(seed)
    heroes, wants = ["A diver", "A clown", "A judge's aunt"], ["finds a map.", "buys a ghost ship!", "isn't asleep."]
    return [f"{random.choice(heroes)} {random.choice(wants)}\n{random.choice(heroes)} laughs." for _ in range(count)]


TEXTS, HELD_OUT = tales(1, 40), [*tales(2, 8), "A quokka laughs."]


def without_seconds(receipt: Any) -> dict[str, Any]:  # noqa: ANN401 - a receipt, or one read back
    found = receipt if isinstance(receipt, dict) else asdict(receipt)
    return {**found, "seconds": 0}


@given(st.text())
def test_the_tokens_of_a_text_joined_are_the_text(text: str) -> None:
    assert "".join(split(text)) == text


def test_words_punctuation_and_newlines_are_tokens() -> None:
    assert split("She isn't in.\n“Who?”  No") == [
        "She", " isn", "'t", " in", ".", "\n", "“", "Who", "?", "”", " ", " No",
    ]  # fmt: skip


def test_rare_words_are_unknown_and_no_text_becomes_a_control_token() -> None:
    vocabulary = Vocabulary.learn(["the sea the sea", "the <unk> <end> end"], 2)
    assert vocabulary.words == ("<unk>", "<end>", " <", " sea", ">", "the")
    assert vocabulary.ids(split("the lake <unk>")) == [5, 0, 2, 0, 4]


def test_an_epoch_reads_every_token_once_in_streams_that_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    learner = Learner(NANO, TEXTS)
    seen: list[torch.Tensor] = []
    monkeypatch.setattr(learner.network, "embedding", Watched(learner.network.embedding, seen))
    for _ in range(learner.steps_an_epoch):
        learner.step()
    assert learner.tokens == learner.available
    line = torch.cat(seen, dim=1).flatten().tolist()[: learner.available]
    told = "".join(learner.vocabulary.words[token] for token in line).removeprefix("<end>")
    assert sorted(told.split("<end>")) == sorted(TEXTS)


class Watched(torch.nn.Module):
    """An embedding that notes what it is asked for."""

    def __init__(self, inner: torch.nn.Module, seen: list[torch.Tensor]) -> None:
        super().__init__()
        self.inner, self.seen = inner, seen

    def forward(self, tokens: torch.Tensor) -> Any:  # noqa: ANN401 - as torch has it
        self.seen.append(tokens)
        return self.inner(tokens)


def test_the_gradient_is_cut_but_the_state_goes_on_within_an_epoch() -> None:
    learner = Learner(NANO, TEXTS)
    learner.step()
    state = learner._state
    assert state is not None
    assert not state[0].requires_grad
    learner.network.eval()
    learner._state = (torch.zeros_like(state[0]), torch.zeros_like(state[1]))
    forgetful = learner.step()
    learner = Learner(NANO, TEXTS)
    learner.step()
    learner.network.eval()
    assert learner.step() != forgetful


def test_training_lowers_the_loss_and_the_held_out_score(tmp_path: Path) -> None:
    receipt = train(replace(NANO, epochs=8), TEXTS, HELD_OUT, tmp_path / "run")
    assert receipt.losses[-1] < receipt.losses[0] - 1
    assert receipt.held_out[-1][1] < receipt.held_out[0][1]
    assert receipt.tokens == 8 * receipt.available
    assert receipt.steps == len(receipt.losses)


def test_a_stopped_run_taken_up_is_the_uninterrupted_one(tmp_path: Path) -> None:
    whole = train(NANO, TEXTS, HELD_OUT, tmp_path / "whole")
    stopped = train(NANO, TEXTS, HELD_OUT, tmp_path / "parts", max_tokens=150)
    assert stopped.tokens < whole.tokens
    train(NANO, TEXTS, HELD_OUT, tmp_path / "parts", resume=True, max_tokens=500)
    resumed = train(NANO, TEXTS, HELD_OUT, tmp_path / "parts", resume=True)
    assert without_seconds(resumed) == without_seconds(whole)
    one, other = ((tmp_path / run / "lstm.safetensors").read_bytes() for run in ("whole", "parts"))
    assert one == other


def test_a_run_killed_at_three_points_ends_with_the_same_receipt(tmp_path: Path) -> None:
    whole = train(NANO, TEXTS, HELD_OUT, tmp_path / "whole")
    code = [sys.executable, "-c", KILLED, str(tmp_path / "killed")]
    assert subprocess.run(code, check=True, capture_output=True, text=True).stdout.split() == ["9"] * 3
    assert not (tmp_path / "killed" / "manifest.json").exists()
    resumed = train(NANO, TEXTS, HELD_OUT, tmp_path / "killed", resume=True)
    assert without_seconds(resumed) == without_seconds(whole)


def test_taking_up_a_run_that_has_ended_changes_nothing(tmp_path: Path) -> None:
    first = train(NANO, TEXTS, HELD_OUT, tmp_path / "run")
    weights = (tmp_path / "run" / "lstm.safetensors").read_bytes()
    assert train(NANO, TEXTS, HELD_OUT, tmp_path / "run", resume=True) == first
    assert (tmp_path / "run" / "lstm.safetensors").read_bytes() == weights


def test_a_run_that_has_ended_reads_on_if_it_is_given_more_epochs(tmp_path: Path) -> None:
    whole = train(replace(NANO, epochs=4), TEXTS, HELD_OUT, tmp_path / "whole")
    train(replace(NANO, epochs=2), TEXTS, HELD_OUT, tmp_path / "parts")
    more = train(replace(NANO, epochs=4), TEXTS, HELD_OUT, tmp_path / "parts", resume=True)
    assert without_seconds(more) == without_seconds(whole)


def test_a_run_that_no_disk_had_room_for_is_begun_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)")

    monkeypatch.setattr("training.lstm_learner.save_file", full)
    with pytest.raises(NoSpaceError):
        train(NANO, TEXTS, HELD_OUT, tmp_path / "run")
    monkeypatch.undo()
    assert train(NANO, TEXTS, HELD_OUT, tmp_path / "run", resume=True).steps > 0


@pytest.mark.parametrize("written", ["", "[]", "{}"])
def test_a_run_whose_facts_are_damaged_is_refused_by_its_name(written: str, tmp_path: Path) -> None:
    train(NANO, TEXTS, HELD_OUT, tmp_path / "model", max_tokens=1)
    (tmp_path / "model" / "checkpoints" / ".run.json").write_text(written)
    with pytest.raises(BrokenRunError, match="nano"):
        train(NANO, TEXTS, HELD_OUT, tmp_path / "model", resume=True)


def test_the_shell_s_lstm_goes_on_by_its_own_recipe_and_not_with_another_text(tmp_path: Path) -> None:
    corpus, other = (
        of_texts(
            Text(source="invented", work=f"{number}", text=f"{word} {' '.join(TEXTS)} " * 9) for number in range(9)
        )
        for word in ("One", "Two")
    )
    run, _ = train_lstm("a", corpus, resume=False, minutes=0.001, epochs=3, below=tmp_path)
    train_lstm("a", corpus, resume=True, minutes=0.002, epochs=None, below=tmp_path)
    assert json.loads((run.model / "receipt.json").read_text())["recipe"]["epochs"] == 3
    train_lstm("a", corpus, resume=True, minutes=0.003, epochs=4, below=tmp_path)
    assert json.loads((run.model / "receipt.json").read_text())["recipe"]["epochs"] == 4
    with pytest.raises(RunChangedError) as caught:
        train_lstm("a", other, resume=True, minutes=0.004, epochs=None, below=tmp_path)
    assert (caught.value.name, caught.value.what) == ("a", "text")


def test_a_run_stops_after_its_seconds(tmp_path: Path) -> None:
    assert train(NANO, TEXTS, HELD_OUT, tmp_path / "run", max_seconds=0).steps == 0


def test_the_folder_tells_recipe_scores_and_losses_and_is_whole(tmp_path: Path) -> None:
    receipt = train(NANO, TEXTS, HELD_OUT, tmp_path / "run", max_tokens=100)
    manifest = checkpoint.verify(tmp_path / "run")
    assert (manifest.name, sorted(manifest.files)) == ("nano", ["lstm.safetensors", "receipt.json", "vocabulary.json"])
    assert manifest.facts["recipe"] == asdict(NANO)
    assert manifest.facts["scores"] == asdict(receipt.score)
    written = json.loads((tmp_path / "run" / "receipt.json").read_text())
    assert written == json.loads(json.dumps(asdict(receipt)))
    network, vocabulary = load(tmp_path / "run")
    assert score(network, vocabulary, HELD_OUT) == receipt.score


def test_the_best_weights_are_kept(tmp_path: Path) -> None:
    unlike = [" ".join(reversed(text.split(" "))) for text in HELD_OUT]  # the better learnt, the less expected
    receipt = train(replace(NANO, epochs=12), TEXTS, unlike, tmp_path / "run")
    assert receipt.score.bits_per_byte == pytest.approx(min(found for _, found in receipt.held_out))
    assert receipt.score.bits_per_byte < receipt.held_out[-1][1]


def test_the_rate_falls_on_a_plateau(tmp_path: Path) -> None:
    learner = Learner(NANO, TEXTS)
    for _ in range(3):
        learner.judge(HELD_OUT)
    assert learner.optimizer.param_groups[0]["lr"] == NANO.rate * NANO.factor**2
    learner.save(tmp_path)
    other = Learner(NANO, TEXTS)
    other.resume(tmp_path / "step-00000000")
    assert other.optimizer.param_groups[0]["lr"] == NANO.rate * NANO.factor**2


def test_the_score_is_the_length_of_a_code_for_the_text() -> None:
    vocabulary = Vocabulary(["a", " b"])
    network = Network(words=4, embedding=2, hidden=3, layers=1)
    with torch.no_grad():
        network.out.weight.zero_()
        network.out.bias.copy_(torch.tensor([0.5, 0.25, 0.125, 0.125]).log())
    found = score(network, vocabulary, ["a b", "a xé"])
    spelling = log2(257) * (4 + 1)  # " xé": four bytes and the end of the word
    foretold = (3 + 3 + 2) + (3 + 1 + 2)
    assert found.bits_per_byte == pytest.approx((foretold + spelling) / (3 + 5))
    assert found.unknown == pytest.approx(1 / 6)
    assert found.spelling == pytest.approx(spelling / (foretold + spelling))


def test_the_score_of_a_text_does_not_depend_on_those_beside_it() -> None:
    learner = Learner(NANO, TEXTS)
    long = " ".join(TEXTS[:9])
    apart = [score(learner.network, learner.vocabulary, [text]).bits_per_byte for text in (long, TEXTS[0])]
    sizes = [len(text.encode()) for text in (long, TEXTS[0])]
    together = score(learner.network, learner.vocabulary, [long, TEXTS[0]]).bits_per_byte
    assert together * sum(sizes) == pytest.approx(apart[0] * sizes[0] + apart[1] * sizes[1])
    assert learner.network.training


def test_a_run_that_exists_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(RunExistsError):
        train(NANO, TEXTS, HELD_OUT, tmp_path)
    with pytest.raises(NoRunError):
        train(NANO, TEXTS, HELD_OUT, tmp_path, resume=True)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


@pytest.mark.parametrize(
    ("recipe", "texts", "what"), [(replace(NANO, hidden=8), TEXTS, "recipe"), (NANO, TEXTS[1:], "data")]
)
def test_a_run_is_not_taken_up_with_something_else(
    tmp_path: Path, recipe: LstmRecipe, texts: list[str], what: str
) -> None:
    train(NANO, TEXTS, HELD_OUT, tmp_path / "run", max_tokens=1)
    with pytest.raises(RunChangedError) as caught:
        train(recipe, texts, HELD_OUT, tmp_path / "run", resume=True)
    assert caught.value.what == what


@pytest.mark.parametrize("name", [".weights.safetensors", ".rest.pt"])
def test_a_checkpoint_with_one_bit_changed_is_refused(tmp_path: Path, name: str) -> None:
    train(NANO, TEXTS, HELD_OUT, tmp_path, max_tokens=1)
    file = tmp_path / "checkpoints" / "step-00000001" / name
    before = file.read_bytes()
    middle = len(before) // 2
    file.write_bytes(before[:middle] + bytes([before[middle] ^ 1]) + before[middle + 1 :])
    with pytest.raises(CheckpointLostError):
        train(NANO, TEXTS, HELD_OUT, tmp_path, resume=True)


def test_a_text_smaller_than_a_batch_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(CorpusTooSmallError) as caught:
        train(NANO, ["A diver."], HELD_OUT, tmp_path / "run")
    assert (caught.value.tokens, caught.value.wanted) == (4, 24)
    with pytest.raises(CorpusTooSmallError):
        train(NANO, [], HELD_OUT, tmp_path / "run")
    with pytest.raises(NothingHeldOutError):
        train(NANO, TEXTS, [""], tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_loss_that_is_no_number_ends_the_run_with_a_whole_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Learner, "step", broken_at(6, Learner.step))
    with pytest.raises(LossNotFiniteError) as caught:
        train(NANO, TEXTS, HELD_OUT, tmp_path)
    monkeypatch.undo()
    assert caught.value.step == 6
    assert [path.name for path in sorted((tmp_path / "checkpoints").glob("step-*"))] == ["step-00000004"]
    assert train(NANO, TEXTS, HELD_OUT, tmp_path, resume=True).tokens > 0


def broken_at(number: int, step: Callable[[Learner], float]) -> Callable[[Learner], float]:
    def broken(learner: Learner) -> float:
        if len(learner.losses) == number:
            with torch.no_grad():
                learner.network.out.bias.fill_(torch.nan)
        return step(learner)

    return broken


@pytest.mark.parametrize(
    "wrong",
    [{"batch": 0}, {"rate": 0.0}, {"dropout": 1.0}, {"factor": 1.0}, {"patience": -1}, {"epochs": 0}],
    ids=lambda wrong: next(iter(wrong)),
)
def test_a_number_without_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(BadRecipeError) as caught:
        LstmRecipe(**wrong)
    assert caught.value.field == next(iter(wrong))


async def test_what_writes_with_a_transformer_writes_with_a_trained_lstm(tmp_path: Path) -> None:
    brief = PitchBrief(genre=genre("drama"), theme=theme("sea"), count=2, seed=1)
    drafts = [PitchDraft(title=f"{name} Salt", summary=f"{name} loves the sea.") for name in ("Ann", "Bo", "Cy")]
    texts = [tasks.text(tasks.prompt(brief)) + tasks.completion(draft) for draft in drafts]
    train(replace(NANO, hidden=48, epochs=15, dropout=0.0), texts * 12, texts, tmp_path / "run")
    decoder = LstmDecoder.load(tmp_path / "run", threads=1)
    written = await generate(Writer(decoder, TitleIndex.of([])), brief)
    decoder.close()
    pitches = [draft for draft in written if isinstance(draft, PitchDraft)]
    assert len({draft.title for draft in pitches}) == 2
    assert {draft.title for draft in pitches} < {draft.title for draft in drafts}
    assert {draft.summary for draft in pitches} <= {draft.summary for draft in drafts}


async def test_what_is_likely_next_is_told_best_first_and_never_an_unknown_word(tmp_path: Path) -> None:
    train(replace(NANO, hidden=48, epochs=15, dropout=0.0), ["the sea is salt"] * 40, ["the sea is salt"], tmp_path)
    decoder = LstmDecoder.load(tmp_path, threads=1)
    found = await decoder.likely_next("the sea", 3)
    every = await decoder.likely_next("the sea is salt", 1000)
    decoder.close()
    assert found[0][0] == " is"
    assert [chance for _, chance in found] == sorted((chance for _, chance in found), reverse=True)
    assert every[0][0] == ""
    assert sum(chance for _, chance in every) == pytest.approx(1)
    assert len(every) == len({word for word, _ in every})


def test_the_defaults_are_those_of_the_original() -> None:
    recipe = LstmRecipe()
    assert (recipe.layers, recipe.hidden, recipe.embedding, recipe.length, recipe.batch) == (3, 512, 100, 30, 32)
    assert (recipe.dropout, recipe.rate, recipe.clip, recipe.patience, recipe.factor) == (0.3, 1e-3, 2.0, 2, 0.5)
    assert END_ID == 1
