"""The functions that small libraries had: fine-tune on any text, write with it, keep it."""

import json
from pathlib import Path
from typing import Any

import pytest

from model.briefs import OutOfRangeError
from model.continuation import Written
from model.fake import FakeDecoder
from tests.model import tiny
from training.corpus import of_texts
from training.records import Text
from training.runs import NoRunError, RunChangedError, RunExistsError, RunUnfinishedError, create
from training.simple import FileStandsError, ModelAndRunError, finetune, generate, load, require_free, write_to
from training.yardstick import train_lstm

pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")  # peft asks for it
TEXTS = [f"The key {number} is under the piano. Who has sold the garden? It rains on Tuesday." for number in range(24)]
SMALL: dict[str, Any] = {"context": 32, "batch": 2, "accumulate": 1, "steps": 3, "save_every": 2, "rank": 4}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the runs ``lora``, ``full`` and ``lstm``."""
    folder = tmp_path_factory.mktemp("place")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        base = tiny.write(folder / "base", "llama")
        for method in ("lora", "full"):
            assert finetune(TEXTS, method, base=str(base), method=method, **SMALL) == Path("runs") / method
        corpus = of_texts(Text(source="invented", work=f"work {number}", text=" ".join(TEXTS)) for number in range(24))
        train_lstm("lstm", corpus, resume=False, minutes=0.01, epochs=None)
    return folder


@pytest.fixture
def _there(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place)


@pytest.mark.usefixtures("_there")
@pytest.mark.parametrize("run", ["lora", "full", "lstm"])
def test_a_run_writes_by_its_name_and_a_seed_brings_its_text_again(run: str) -> None:
    texts = generate(run, prefix="The key", samples=3, batch=2, length=12, seed=5)
    assert [text.seed for text in texts] == [5, 6, 7]
    assert all(text.text.startswith("The key") for text in texts)
    assert generate(run, prefix="The key", length=12, seed=6) == [texts[1]]


@pytest.mark.usefixtures("_there")
def test_the_adapter_of_a_run_is_laid_over_its_base() -> None:
    decoder = load("lora")
    assert decoder.name == "base+lora"
    assert generate(model=decoder, length=5, seed=1) == generate("lora", length=5, seed=1)


@pytest.mark.usefixtures("_there")
def test_a_run_is_gone_on_with_only_when_that_is_said() -> None:
    base = "base"
    with pytest.raises(RunExistsError):
        finetune(TEXTS, "lora", base=base, **SMALL)
    assert finetune(TEXTS, "lora", resume=True, base=base, **SMALL) == Path("runs/lora")
    with pytest.raises(RunChangedError):
        finetune(TEXTS, "lora", resume=True, base=base, **{**SMALL, "steps": 9})


@pytest.mark.usefixtures("_there")
def test_a_file_is_learnt_from_as_on_the_command_line(tmp_path: Path) -> None:
    file = tmp_path / "texts.txt"
    file.write_text("\n".join(TEXTS))
    folder = finetune(file, "from-file", base="base", **SMALL)
    assert generate(folder.name, prefix="It", length=3, seed=1)


@pytest.mark.usefixtures("_there")
def test_a_run_that_is_not_there_or_not_finished_is_said_to_be_so() -> None:
    with pytest.raises(NoRunError):
        generate("nothing")
    create("begun", {"kind": "writer"})
    with pytest.raises(RunUnfinishedError):
        generate("begun")


def test_a_run_and_a_model_at_once_make_no_sense() -> None:
    with pytest.raises(ModelAndRunError):
        generate("a", model="b")
    with pytest.raises(ModelAndRunError):
        generate("a", model=FakeDecoder())


def test_numbers_are_looked_at_before_a_model_is_loaded() -> None:
    with pytest.raises(OutOfRangeError):
        generate(model="nowhere", samples=0)


async def test_texts_are_written_also_where_an_event_loop_runs() -> None:
    assert generate(model=FakeDecoder(["one two"]), prefix="> ", seed=1) == [
        Written(text="> one two", seed=1, end="stop")
    ]


MADE = [Written(text="one\ntwo", seed=3, end="stop"), Written(text="drei — ü", seed=4, end="length")]


def test_a_text_file_has_the_texts_alone_and_their_seeds_beside_it(tmp_path: Path) -> None:
    file = write_to(tmp_path / "texts.txt", MADE)
    assert file.read_text("utf-8") == f"one\ntwo\n{'=' * 20}\ndrei — ü\n"
    rows = [json.loads(line) for line in (tmp_path / "texts.txt.seeds.jsonl").read_text().splitlines()]
    assert rows == [{"seed": 3, "end": "stop"}, {"seed": 4, "end": "length"}]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["texts.txt", "texts.txt.seeds.jsonl"]


def test_a_jsonl_file_has_an_object_a_text(tmp_path: Path) -> None:
    file = write_to(str(tmp_path / "texts.jsonl"), iter(MADE))
    assert [Written(**json.loads(line)) for line in file.read_text("utf-8").splitlines()] == MADE
    assert list(tmp_path.iterdir()) == [file]


def test_what_is_there_is_left_as_it_is_unless_told_otherwise(tmp_path: Path) -> None:
    file = tmp_path / "texts.txt"
    for there in (file, tmp_path / "texts.txt.seeds.jsonl"):
        there.write_text("precious")
        with pytest.raises(FileStandsError) as caught:
            write_to(file, MADE, delimiter="--")
        assert caught.value.path == there
        assert there.read_text() == "precious"
        there.unlink()
    file.write_text("old")
    write_to(file, MADE, delimiter="--", force=True)
    assert file.read_text("utf-8") == "one\ntwo\n--\ndrei — ü\n"


def test_a_place_that_cannot_be_written_to_is_found_before(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        require_free(tmp_path / "nowhere" / "texts.txt", force=True)
    (tmp_path / "folder").mkdir()
    with pytest.raises(FileStandsError):
        require_free(tmp_path / "folder", force=True)
