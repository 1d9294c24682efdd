import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM

from model import checkpoint
from model.briefs import DialogBrief, PitchBrief, ScriptBrief, StagingBrief, genre, theme
from model.checkpoint import BrokenCheckpointError
from model.drafts import DialogDraft, PitchDraft, ScriptDraft
from model.originality import TitleIndex
from model.screenplay import Direction, Heading, Script, Turn
from tests.model import tiny
from training.evaluate import Amount, BadAmountError, Candidate, evaluate
from training.examples import Entry, Example, Passage
from training.report import ROWS, Report, plot, table, to_json
from training.scoring import NothingToScoreError

NO_TITLES = TitleIndex.of([])
FEW = Amount(entries=3, briefs=2, completions=2, words=5)
ANNA, BEN = Turn("ANNA", "Is he gone?"), Turn("BEN", "Not yet, I fear.")
SCRIPT = Script((Heading("INT. KITCHEN - NIGHT"), Direction("Anna puts the kettle on."), ANNA, BEN, ANNA, BEN))


def entries() -> dict[str, list[Example]]:
    found: dict[str, list[Example]] = {task: [] for task in ("pitch", "dialog", "script", "staging", "prose")}
    for number in range(4):
        title, summary, work = f"Goat {number}", f"Goat {number} sings.", f"Work {number}"
        goat = PitchBrief(genre=genre("comedy"), theme=theme(f"goat {number}"), count=2)
        spoken = DialogBrief(title=title, summary=summary)
        page = ScriptBrief(title=title, summary=summary)
        played = StagingBrief(dialog=(Turn("ANNA", f"Number {number}?"), BEN))
        found["pitch"].append(Entry(work=work, brief=goat, draft=PitchDraft(title=title, summary=summary)))
        found["dialog"].append(Entry(work=work, brief=spoken, draft=DialogDraft((ANNA, BEN))))
        found["script"].append(Entry(work=work, brief=page, draft=ScriptDraft(SCRIPT)))
        found["staging"].append(Entry(work=work, brief=played, draft=ScriptDraft(SCRIPT)))
        found["prose"].append(Passage(work=work, text=f"Number {number} is the oldest goat of them all, and sings."))
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.write(tmp_path_factory.mktemp("llama"), "llama")


@pytest.fixture(scope="module")
def candidate(folder: Path) -> Iterator[Candidate]:
    loaded = Candidate.load(folder, device="cpu", threads=1)
    yield loaded
    loaded.close()


@pytest.fixture(scope="module")
def report(candidate: Candidate) -> Report:
    return evaluate(candidate, entries(), titles=NO_TITLES, against=["a goat"], famous=bool, amount=FEW)


def test_random_weights_get_a_column_a_task_and_nothing_that_parses(report: Report) -> None:
    assert list(report.tasks) == ["pitch", "dialog", "script", "staging", "prose"]
    for figures in report.tasks.values():
        assert figures["entries"] == 3
        assert figures["bits_per_byte_low"] <= figures["bits_per_byte"] <= figures["bits_per_byte_high"]
        assert 3 < figures["bits_per_byte"] < 12
    assert report.tasks["pitch"]["parsed"] == report.tasks["pitch"]["raw_parsed"] == 0
    assert report.tasks["pitch"]["raw_rows"] == 4
    assert report.tasks["prose"]["completions"] == 2
    assert "titles_original" not in report.tasks["pitch"]


def test_the_same_seed_brings_the_same_figures(candidate: Candidate, report: Report) -> None:
    again = evaluate(candidate, entries(), titles=NO_TITLES, against=["a goat"], famous=bool, amount=FEW)
    assert to_json(again) == to_json(report)


async def test_evaluating_works_where_a_loop_runs_already(candidate: Candidate, report: Report) -> None:
    prose: dict[str, list[Example]] = {"prose": entries()["prose"]}
    found = evaluate(candidate, prose, titles=NO_TITLES, amount=FEW)
    assert found.tasks["prose"]["chrf"] == report.tasks["prose"]["chrf"]
    assert asyncio.get_running_loop().is_running()


def test_tasks_without_entries_are_left_out_and_none_at_all_is_an_error(candidate: Candidate) -> None:
    only_scored = Amount(entries=2, briefs=0, completions=0)
    found = evaluate(candidate, {**entries(), "dialog": [], "prose": []}, titles=NO_TITLES, amount=only_scored)
    assert list(found.tasks) == ["pitch", "script", "staging"]
    assert "briefs" not in found.tasks["pitch"]
    with pytest.raises(NothingToScoreError) as caught:
        evaluate(candidate, {"pitch": []}, titles=NO_TITLES)
    assert caught.value.task == "any"


@pytest.mark.parametrize("field", ["entries", "briefs", "completions", "words", "seed"])
def test_an_amount_that_cannot_be_is_refused_by_name(field: str) -> None:
    with pytest.raises(BadAmountError) as caught:
        Amount(**{field: -1})
    assert caught.value.field == field


@pytest.mark.parametrize("name", ["./nothing/here", "no/such/model/anywhere"])
def test_a_model_that_is_not_there_is_named(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(BrokenCheckpointError):
        Candidate.load(name)


@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")  # peft asks transformers for it
def test_an_adapter_is_scored_over_its_model_and_named(folder: Path, candidate: Candidate, tmp_path: Path) -> None:
    weights = AutoModelForCausalLM.from_pretrained(folder)
    adapted = get_peft_model(
        weights, LoraConfig(r=2, target_modules=["q_proj"], init_lora_weights=False, task_type="CAUSAL_LM")
    )
    adapted.save_pretrained(str(tmp_path / "community"))
    tuned = Candidate.load(folder, adapter=tmp_path / "community", device="cpu", threads=1)
    try:
        amount = Amount(entries=2, briefs=0)
        pitches: dict[str, list[Example]] = {"pitch": entries()["pitch"]}
        ours = evaluate(tuned, pitches, titles=NO_TITLES, amount=amount)
        base = evaluate(candidate, pitches, titles=NO_TITLES, amount=amount)
    finally:
        tuned.close()
    assert ours.model == f"{base.model}+community"
    assert ours.tasks["pitch"]["bits_per_byte"] != base.tasks["pitch"]["bits_per_byte"]


def test_a_long_beginning_is_cut_to_its_end_with_room_to_write(candidate: Candidate) -> None:
    fitted = candidate.fit("word " * 300 + "the end")
    assert fitted.endswith("the end")
    assert len(candidate.tokenizer.encode(fitted)) <= tiny.CONTEXT // 2
    assert candidate.fit("as it is") == "as it is"


def test_the_embedded_writer_brings_slates_of_new_titles() -> None:
    loaded = Candidate.load(checkpoint.EMBEDDED, device="cpu", threads=1)
    pitches: dict[str, list[Example]] = {"pitch": entries()["pitch"]}
    try:
        found = evaluate(loaded, pitches, titles=NO_TITLES, amount=Amount(entries=4, briefs=2)).tasks["pitch"]
    finally:
        loaded.close()
    assert found["raw_parsed"] >= 0.75
    assert found["titles_original"] == found["parsed"] == 1
    assert found["bits_per_byte"] < 4


def test_every_figure_has_its_row_in_the_table(report: Report) -> None:
    keys = [row.key for row in ROWS]
    assert len(keys) == len(set(keys))
    assert {key for figures in report.tasks.values() for key in figures} <= set(keys)


def test_the_table_has_a_column_a_task_and_dashes_where_nothing_was_counted(report: Report) -> None:
    head, rule, *rows = table(report).splitlines()
    assert head.count("|") == rule.count("|") == 7
    assert all(row.count("|") == 7 for row in rows)
    (bits,) = [row for row in rows if row.startswith("| bits per byte |")]
    assert f"{report.tasks['prose']['bits_per_byte']:.3f} |" in bits
    (turns,) = [row for row in rows if row.startswith("| chrF |")]
    assert turns.count("–") == 4


def test_json_has_model_amount_and_figures_by_task(report: Report) -> None:
    content = json.loads(to_json(report))
    assert content["model"] == report.model
    assert content["amount"] == {"entries": 3, "briefs": 2, "completions": 2, "words": 5, "seed": 0}
    assert content["tasks"]["pitch"]["bits_per_byte"] == report.tasks["pitch"]["bits_per_byte"]


def test_pictures_are_drawn_of_what_there_is(report: Report, tmp_path: Path) -> None:
    drawn = plot(report, tmp_path / "new" / "plots")
    assert [path.name for path in drawn] == ["bits_per_byte.png", "writing.png", "completion.png"]
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in drawn)
    one_work = Report(model="m", tasks={"pitch": {"bits_per_byte": 1.2}})
    assert [path.name for path in plot(one_work, tmp_path)] == ["bits_per_byte.png"]


def test_evaluating_leaves_torch_as_it_was(report: Report) -> None:
    assert report.tasks
    assert torch.is_grad_enabled()
