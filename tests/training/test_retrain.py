"""A retraining on a tiny model, from verdicts in a real database to an adapter and a verdict on it."""

import json
from datetime import datetime
from pathlib import Path

import pytest

from db.ids import MemberId
from model import checkpoint
from model.adapters import Store
from tests.model import tiny
from tests.training.community import Room as Community
from tests.training.schools import has_voted, small, weights
from training import runs
from training.ancestry import Start, root, start, told_of
from training.feedback import Minimum, gather
from training.retrain import NothingNewError, NotYetError, Outcome, Room, Writers, chosen, retrain

pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")  # peft asks for it


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.write(tmp_path_factory.mktemp("base"), "llama")


async def trained(community: Community, base: Path, folder: Path, after: datetime, name: str = "first") -> Outcome:
    found = await gather(community.database, after)
    writers = Writers.of(Store(folder / "adapters"), found.lineage)
    return retrain(name, Room(base=str(base), below=folder / "runs"), writers, found, small())


async def test_votes_become_an_adapter_whose_manifest_tells_what_it_learnt_from(
    room: Community, base: Path, tmp_path: Path, after: datetime
) -> None:
    await has_voted(room)
    outcome = await trained(room, base, tmp_path, after)
    told = told_of(outcome.run.model)
    found = await gather(room.database, after)
    assert told is not None
    assert told["start"] is None
    assert set(told["lineage"]) == found.lineage
    assert told["sheet"]["votes"] == 30
    assert "page:" not in json.dumps(dict(checkpoint.verify(outcome.run.model).facts))
    assert outcome.verdict.published
    assert outcome.verdict.sentence.startswith("Published: on 4 slates that it did not learn from it leans")
    assert outcome.picture.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("stage", ["supervised", "preferences", "judging"])
async def test_a_killed_retraining_goes_on_and_ends_with_the_same_weights(
    room: Community, base: Path, tmp_path: Path, after: datetime, stage: str
) -> None:
    await has_voted(room)
    whole = await trained(room, base, tmp_path / "whole", after)

    def kill(at: str, step: int, steps: int, _loss: float | None) -> None:
        if at == stage and (step >= 2 or not steps):
            raise KeyboardInterrupt

    found = await gather(room.database, after)
    place = Room(base=str(base), below=tmp_path / "runs")
    with pytest.raises(KeyboardInterrupt):
        retrain("first", place, Writers(), found, small(), kill)
    outcome = retrain("first", place, Writers(), found, small())
    assert weights(outcome.run.model) == weights(whole.run.model)
    assert outcome.verdict == whole.verdict
    again = retrain("first", place, Writers(), found, small(), kill)  # nothing is left to do
    assert again == outcome


async def test_the_next_retraining_goes_on_from_the_active_adapter_with_what_is_new(
    room: Community, base: Path, tmp_path: Path, after: datetime
) -> None:
    await has_voted(room)
    store = Store(tmp_path / "adapters")
    store.publish((await trained(room, base, tmp_path, after)).run.model)
    store.activate("first")
    with pytest.raises(NothingNewError):
        await trained(room, base, tmp_path, after, "second")
    await has_voted(room, 4)
    second = told_of((await trained(room, base, tmp_path, after, "second")).run.model)
    assert second is not None
    assert second["start"] == "first"
    assert set(second["lineage"]) == (await gather(room.database, after)).lineage


async def test_what_learnt_from_a_forgotten_member_is_not_gone_on_from(
    room: Community, base: Path, tmp_path: Path, after: datetime
) -> None:
    await has_voted(room)
    store = Store(tmp_path / "adapters")
    store.publish((await trained(room, base, tmp_path, after)).run.model)
    store.activate("first")
    await room.slate(["New", "Newer"], {"page:d": "New"})
    assert start(store, (await gather(room.database, after)).lineage).name == "first"
    await room.forget(MemberId("page:b"))
    found = await gather(room.database, after)
    assert start(store, found.lineage) == Start()
    third = await trained(room, base, tmp_path, after, "third")
    told = told_of(third.run.model)
    assert told is not None
    assert told["start"] is None
    assert set(told["lineage"]) == found.lineage


async def test_a_line_begins_with_the_adapter_that_was_made_by_hand(
    room: Community, base: Path, tmp_path: Path, after: datetime
) -> None:
    await has_voted(room)
    store = Store(tmp_path / "adapters")
    by_hand = (await trained(room, base, tmp_path / "hand", after)).run.model
    facts = {name: fact for name, fact in checkpoint.described(by_hand).facts.items() if name != "community"}
    checkpoint.write(by_hand, "hand", **facts)
    store.publish(by_hand)
    store.activate("hand")
    outcome = await trained(room, base, tmp_path, after)
    store.publish(outcome.run.model)
    store.activate("first")
    assert (told_of(outcome.run.model) or {})["start"] == "hand"
    assert root(store, "first").name == "hand"
    await room.forget(MemberId("page:b"))
    assert start(store, (await gather(room.database, after)).lineage).name == "hand"


async def test_verdicts_taken_back_while_a_run_was_down_begin_it_anew(
    room: Community, base: Path, tmp_path: Path, after: datetime
) -> None:
    await has_voted(room)
    first = weights((await trained(room, base, tmp_path, after)).run.model)
    await room.forget(MemberId("page:a"))
    assert weights((await trained(room, base, tmp_path, after)).run.model) != first


async def test_too_few_verdicts_train_nothing(room: Community, base: Path, tmp_path: Path, after: datetime) -> None:
    await has_voted(room, 2)
    found = await gather(room.database, after)
    with pytest.raises(NotYetError) as caught:
        retrain("first", Room(base=str(base), below=tmp_path), Writers(), found, small())
    assert "more slates with a winner" in str(caught.value)
    assert runs.found(below=tmp_path) == []
    assert caught.value.missing == found.missing(Minimum(slates=3, voters=2, judges=1))


async def test_as_much_old_as_new_is_learnt(room: Community, after: datetime) -> None:
    await has_voted(room, 8)
    before = (await gather(room.database, after)).lineage
    await room.slate(["New", "Newer", "Newest"], {"page:a": "New"})
    await room.slate(["New", "Newer", "Newest"], {"page:a": "New"})
    found = await gather(room.database, after)
    lessons, pairs = chosen(found, before, seed=1)
    new = [pair for pair in pairs if pair.mark not in before]
    assert {pair.mark for pair in new} == found.lineage - before
    assert len(pairs) == 2 * len(new)
    assert len(lessons) == 2 * len([lesson for lesson in lessons if lesson.mark not in before])
