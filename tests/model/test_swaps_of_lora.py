"""LoRA over a real model, swapped in a real worker over HTTP: new briefs change, running ones do not."""

import asyncio
import threading
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file

from model import checkpoint
from model.adapter_errors import AdapterRefusedError
from model.adapters import WEIGHTS, Store
from model.briefs import Brief, DialogBrief
from model.client import WorkerClient
from model.engine import Event, Finished, NothingOriginalError, Text
from model.engines.transformers_engine import TransformersDecoder
from model.originality import TitleIndex
from model.writer import Writer
from tests.model import tiny
from tests.model.adapted import damage
from tests.model.loopback import running

pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")  # peft asks for it
LONG = DialogBrief(title="S", summary="T.", seed=1)  # takes all three attempts
SHORT = DialogBrief(title="S", summary="T.", seed=2)


def lora(folder: Path, name: str, seed: int, base: Path | None, *, hidden: int = 32) -> Path:
    """Write a LoRA that changes what a tiny llama writes, as training would; ``base`` is named in its manifest."""
    model = tiny.model("llama", 303, hidden=hidden)
    torch.manual_seed(seed)
    config = LoraConfig(r=2, target_modules=["q_proj", "v_proj"], init_lora_weights=False, task_type="CAUSAL_LM")
    get_peft_model(model, config).save_pretrained(str(folder))
    checkpoint.write(folder, name, **({"base": {"fingerprint": checkpoint.fingerprint(base)}} if base else {}))
    return folder


class Slowly:
    """Lets the decoder make its steps one after the other with a pause before each, until it is opened."""

    def __init__(self, decoder: TransformersDecoder) -> None:
        self._opened = threading.Event()
        self._step = decoder.runner.step
        decoder.runner.step = self._paused  # type: ignore[method-assign]

    def open(self) -> None:
        self._opened.set()

    def _paused(self, seats: Sequence[Any], tokens: Sequence[int]) -> torch.Tensor:
        self._opened.wait(0.02)
        return self._step(seats, tokens)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.write(tmp_path_factory.mktemp("llama"), "llama")


@pytest.fixture
def store(tmp_path: Path, base: Path) -> Store:
    made = Store(tmp_path / "store")
    for seed, name in enumerate(("first", "second")):
        made.publish(lora(tmp_path / "trained" / name, name, seed, base), base=base)
    return made


@pytest.fixture
async def decoder(base: Path) -> AsyncGenerator[TransformersDecoder]:
    made = TransformersDecoder.load(base)
    yield made
    made.close()


@pytest.fixture
async def client(decoder: TransformersDecoder, store: Store) -> AsyncGenerator[WorkerClient]:
    writer = Writer(decoder, TitleIndex.of([]), store=store)
    async with running(writer) as address, WorkerClient(address, None) as made:
        yield made


async def told(
    client: WorkerClient, brief: Brief = SHORT, begun: asyncio.Event | None = None
) -> tuple[str | None, list[Event]]:
    """Return which model wrote, and every event before the last; None if nothing was any good. Tell of the first.

    Text of one slot that follows text of it is joined: in which pieces it comes is a matter of time.
    """
    events: list[Event] = []
    try:
        async with aclosing(client.stream(brief)) as stream:
            async for event in stream:
                if isinstance(event, Finished):
                    return event.model, events
                last = events[-1] if events else None
                if isinstance(event, Text) and isinstance(last, Text) and last.slot == event.slot:
                    events[-1] = Text(event.slot, last.text + event.text)
                else:
                    events.append(event)
                if begun:
                    begun.set()
    except NothingOriginalError:
        return None, events
    raise AssertionError("the stream ended without its last event")


async def test_a_rollback_brings_the_old_text_back_to_the_last_bit(client: WorkerClient, base: Path) -> None:
    plain = await told(client)
    assert plain[0] == base.name
    await client.activate("first")
    first = await told(client)
    await client.activate("second")
    second = await told(client)
    assert len({str(events) for _, events in (plain, first, second)}) == 3
    await client.rollback()
    assert await told(client) == first
    await client.rollback()
    assert await told(client) == plain


async def test_a_swap_changes_new_drafts_and_not_the_running_one(
    client: WorkerClient, decoder: TransformersDecoder
) -> None:
    await client.activate("first")
    alone = await told(client, LONG)
    pace = Slowly(decoder)
    begun = asyncio.Event()

    reading = asyncio.create_task(told(client, LONG, begun))
    await begun.wait()
    await client.activate("second")
    assert (await client.status()).working == 1  # it was swapped while the brief was written
    pace.open()
    assert await reading == alone
    assert await told(client, LONG) != alone


async def test_a_damaged_adapter_is_refused_and_the_old_stays(client: WorkerClient, store: Store) -> None:
    await client.activate("first")
    before = await told(client)
    damage(store.path("second"))
    with pytest.raises(AdapterRefusedError, match="truncated or altered"):
        await client.activate("second")
    assert (await client.adapters()).active == "first"
    assert await told(client) == before


async def test_a_whole_adapter_that_this_model_cannot_wear_is_refused(
    client: WorkerClient, store: Store, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "model.safetensors").write_bytes(b"other weights")
    numbers = lora(tmp_path / "numbers", "numbers", 3, None)
    save_file({key: value * torch.nan for key, value in load_file(numbers / WEIGHTS).items()}, numbers / WEIGHTS)
    checkpoint.write(numbers, "numbers")
    store.publish(numbers)
    store.publish(lora(tmp_path / "foreign", "foreign", 3, elsewhere))
    store.publish(lora(tmp_path / "wide", "wide", 3, None, hidden=64))
    before = await told(client)
    for name in ("numbers", "foreign", "wide"):
        with pytest.raises(AdapterRefusedError):
            await client.activate(name)
    assert (await client.adapters()).worn is None
    assert await told(client) == before


async def test_what_is_worn_no_more_is_dropped_from_the_model(decoder: TransformersDecoder, store: Store) -> None:
    writer = Writer(decoder, TitleIndex.of([]), store=store)
    await writer.dresser.activate("first")
    await writer.dresser.activate("second")
    assert decoder.runner.wardrobe.names == ("second",)  # type: ignore[attr-defined]
    await writer.dresser.activate(None)
    assert decoder.runner.wardrobe.names == ()  # type: ignore[attr-defined]
