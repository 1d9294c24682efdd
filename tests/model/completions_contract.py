"""What a decoder over a completions server promises, held against the double and against the real vLLM.

Whoever runs it gives two fixtures: ``address`` of a server with the adapters ``one`` and ``two`` not loaded yet, and
the ``folder`` of its checkpoint.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from pathlib import Path

import httpx
import pytest

from model.briefs import DialogBrief
from model.checkpoint import BrokenCheckpointError
from model.decoder import Chunk, Decoder, Halt, Sampling
from model.drafts import DialogDraft
from model.engine import EngineFailedError, generate
from model.engines import PromptTooLongError, ServerUnusableError
from model.engines.openai_engine import OpenAIDecoder
from model.engines.transformers_engine import TransformersDecoder
from model.grammar import grammar
from model.originality import TitleIndex
from model.tasks import Span, prompt
from model.writer import Writer
from tests.model.completions_model import CONTEXT, write_adapter

PROMPT = (Span("GENRE: "), Span("drama", foreign=True), Span("\nTITLE:"))
FREE = Sampling(temperature=1.0, top_p=0.95, min_p=0.01, max_tokens=24)
GREEDY = Sampling(temperature=0.0, max_tokens=40)
LONG = Sampling(temperature=0.0, max_tokens=CONTEXT)  # greedily it comes to no end
SOME = CONTEXT  # tokens: a row of LONG has nearly as many, two of them nearly twice


async def chunks(decoder: Decoder, seeds: Sequence[int], sampling: Sampling) -> list[Chunk]:
    return [chunk async for chunk in decoder.decode(PROMPT, seeds, sampling, Halt())]


async def texts(decoder: Decoder, seeds: Sequence[int], sampling: Sampling) -> list[str]:
    written = [""] * len(seeds)
    for chunk in await chunks(decoder, seeds, sampling):
        written[chunk.row] += chunk.text
    return written


async def gauge(address: str, name: str) -> int:
    async with httpx.AsyncClient(trust_env=False) as http:
        lines = (await http.get(f"{address}/metrics")).text.splitlines()
    return int(sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(f"vllm:{name}{{")))


async def until_idle(address: str) -> None:
    """Wait until the server writes nothing more, long before it could have written a row of ``LONG`` to its end."""
    async with asyncio.timeout(20):
        while await gauge(address, "num_requests_running"):
            pass


async def written(address: str) -> int:
    return await gauge(address, "generation_tokens_total")


class CompletionsContract:
    """The tests; a class over them gives the server."""

    @pytest.fixture
    async def decoder(self, address: str, folder: Path) -> AsyncGenerator[OpenAIDecoder]:
        made = await OpenAIDecoder.connect(address, tokenizer=folder)
        yield made
        await made.aclose()

    @pytest.fixture
    async def local(self, folder: Path) -> AsyncGenerator[TransformersDecoder]:
        made = TransformersDecoder.load(folder, threads=1)
        yield made
        made.close()

    async def test_greedy_text_and_its_likelihood_are_those_of_the_model_in_process(
        self, decoder: OpenAIDecoder, local: TransformersDecoder
    ) -> None:
        theirs, ours = await chunks(decoder, [1], GREEDY), await chunks(local, [1], GREEDY)
        assert [(one.text, one.tokens, one.end) for one in theirs] == [(one.text, one.tokens, one.end) for one in ours]
        assert [one.likely for one in theirs] == pytest.approx([one.likely for one in ours], abs=1e-3)
        assert "".join(one.text for one in theirs)

    async def test_the_server_is_found_to_do_all_that_we_ask(self, decoder: OpenAIDecoder) -> None:
        assert (decoder.name, decoder.context) == ("tiny", CONTEXT)
        assert decoder._manners.can.ids
        assert decoder._manners.can.extras
        assert decoder._manners.can.grammar

    async def test_a_row_depends_on_its_seed_and_on_no_other_row(self, decoder: OpenAIDecoder) -> None:
        seeds = [7, 8, (1 << 63) - 1]
        together = await texts(decoder, seeds, FREE)
        assert len(set(together)) == 3
        for seed, text in zip(seeds, together, strict=True):
            assert await texts(decoder, [seed], FREE) == [text]

    async def test_every_row_ends_once_and_tells_its_tokens(self, decoder: OpenAIDecoder) -> None:
        told = await chunks(decoder, [1, 2, 3, 4], FREE)
        assert sorted(chunk.row for chunk in told if chunk.end) == [0, 1, 2, 3]
        for row in range(4):
            assert 0 < sum(chunk.tokens for chunk in told if chunk.row == row) <= FREE.max_tokens
        assert all(chunk.likely < 0 for chunk in told if chunk.tokens)

    async def test_rows_are_told_in_turn(self, decoder: OpenAIDecoder) -> None:
        told = [chunk.row for chunk in await chunks(decoder, [1, 2, 3], FREE)]
        assert told[:6] == [0, 1, 2, 0, 1, 2]

    async def test_no_rows_are_no_work(self, decoder: OpenAIDecoder) -> None:
        assert await chunks(decoder, [], FREE) == []

    async def test_halted_rows_end_at_the_server_while_the_others_go_on(
        self, decoder: OpenAIDecoder, address: str
    ) -> None:
        before, halt, seen = await written(address), Halt(), []
        async with aclosing(decoder.decode(PROMPT, [1, 2, 3], LONG, halt)) as stream:
            async for chunk in stream:
                seen.append(chunk.row)
                halt.rows |= {0, 2}
        assert seen[0] == 0
        assert set(seen[1:]) == {1}
        await until_idle(address)
        assert await written(address) - before < 2 * len(seen)

    async def test_closing_ends_every_row_at_the_server(self, decoder: OpenAIDecoder, address: str) -> None:
        before = await written(address)
        async with aclosing(decoder.decode(PROMPT, [1, 2], LONG, Halt())) as stream:
            await anext(stream)
        await until_idle(address)
        assert await written(address) - before < SOME
        assert await chunks(decoder, [1], FREE)

    async def test_a_cancelled_reader_ends_every_row_at_the_server(self, decoder: OpenAIDecoder, address: str) -> None:
        before, begun = await written(address), asyncio.Event()

        async def read() -> None:
            async with aclosing(decoder.decode(PROMPT, [1, 2], LONG, Halt())) as stream:
                async for _ in stream:
                    begun.set()

        reader = asyncio.create_task(read())
        await begun.wait()
        reader.cancel()
        await asyncio.gather(reader, return_exceptions=True)
        await until_idle(address)
        assert await written(address) - before < SOME

    async def test_a_prompt_without_room_is_refused_before_anything_is_sent(self, decoder: OpenAIDecoder) -> None:
        with pytest.raises(PromptTooLongError) as caught:
            _ = [chunk async for chunk in decoder.decode((Span("雪" * 200),), [1], FREE, Halt())]
        assert caught.value.limit == CONTEXT - 1
        assert caught.value.length > CONTEXT

    async def test_a_prompt_that_leaves_little_room_is_written_shorter(
        self, decoder: OpenAIDecoder, local: TransformersDecoder
    ) -> None:
        prompt = (Span("@" * (CONTEXT - 9)),)
        theirs = [chunk async for chunk in decoder.decode(prompt, [1], LONG, Halt())]
        ours = [chunk async for chunk in local.decode(prompt, [1], LONG, Halt())]
        assert [(chunk.text, chunk.end) for chunk in theirs] == [(chunk.text, chunk.end) for chunk in ours]
        assert (theirs[-1].end, len(theirs)) == ("length", 9)

    async def test_a_row_slides_on_where_the_window_ends(
        self, decoder: OpenAIDecoder, local: TransformersDecoder
    ) -> None:
        sliding = Sampling(temperature=0.0, max_tokens=CONTEXT + 30, slide=True)
        theirs = await chunks(decoder, [1], sliding)
        assert (theirs[-1].end, sum(chunk.tokens for chunk in theirs)) == ("length", CONTEXT + 30)
        (whole,) = await texts(local, [1], Sampling(temperature=0.0, max_tokens=CONTEXT))
        assert "".join(chunk.text for chunk in theirs).startswith(whole)

    async def test_a_row_is_held_to_its_grammar_line_by_line(self, decoder: OpenAIDecoder) -> None:
        brief = DialogBrief(title="a", summary="b")
        (draft,) = await generate(Writer(decoder, TitleIndex.of([])), brief)
        assert isinstance(draft, DialogDraft)
        assert draft.turns

    async def test_a_greedy_row_under_a_grammar_is_that_of_the_model_in_process(
        self, decoder: OpenAIDecoder, local: TransformersDecoder
    ) -> None:
        brief = DialogBrief(title="a", summary="b")
        held = Sampling(temperature=0.0, max_tokens=200, grammar=grammar(brief))
        ours = [chunk.text async for chunk in local.decode(prompt(brief), [1], held, Halt())]
        theirs = [chunk.text async for chunk in decoder.decode(prompt(brief), [1], held, Halt())]
        assert "".join(theirs) == "".join(ours)
        assert "\n" in "".join(ours)

    async def test_a_line_that_looks_like_another_notation_of_grammars_is_kept(self, decoder: OpenAIDecoder) -> None:
        rules = ['start: "a ::= b\\n"\n', 'start: "ANNA: é ::= /x/"\n']
        held = Sampling(temperature=1.0, max_tokens=60, grammar=lambda written: rules[bool(written)])
        told = await chunks(decoder, [1], held)
        assert ("".join(chunk.text for chunk in told), told[-1].end) == ("a ::= b\nANNA: é ::= /x/", "stop")

    async def test_rules_that_end_a_text_end_the_row(self, decoder: OpenAIDecoder) -> None:
        rules = ['start: "a\\n"\n', 'start: ""\n']
        held = Sampling(temperature=1.0, max_tokens=60, grammar=lambda written: rules[bool(written)])
        told = await chunks(decoder, [1], held)
        assert ("".join(chunk.text for chunk in told), told[-1].end) == ("a\n", "stop")

    async def test_rules_that_are_no_grammar_leave_the_row_free(self, decoder: OpenAIDecoder) -> None:
        broken = Sampling(temperature=0.0, max_tokens=8, grammar=lambda written: None if written else "start: nope[")
        free = Sampling(temperature=0.0, max_tokens=8)
        assert await texts(decoder, [1], broken) == await texts(decoder, [1], free)

    async def test_an_adapter_writes_what_it_writes_in_process_beside_others_and_none(
        self, decoder: OpenAIDecoder, local: TransformersDecoder, folder: Path, tmp_path: Path
    ) -> None:
        plain = await texts(local, [1], GREEDY)
        for seed, name in enumerate(["one", "two"]):
            assert await decoder.load_adapter(write_adapter(folder, tmp_path / name, seed)) == name
        views = [decoder, decoder.wearing("one"), decoder.wearing("two"), decoder.wearing("one").wearing(None)]
        assert [view.name for view in views] == ["tiny", "tiny+one", "tiny+two", "tiny"]
        told = await asyncio.gather(*(texts(view, [1], GREEDY) for view in views))
        worn = [TransformersDecoder.load(folder, adapter=tmp_path / name, threads=1) for name in ("one", "two")]
        assert told == [plain, *[await texts(one, [1], GREEDY) for one in worn], plain]
        assert len({text for (text,) in told}) == 3
        for one in worn:
            one.close()
        await decoder.drop_adapter("one")
        with pytest.raises(EngineFailedError):
            await chunks(decoder.wearing("one"), [1], GREEDY)
        await decoder.drop_adapter("one")
        await decoder.drop_adapter("two")

    async def test_an_adapter_loaded_again_takes_the_place_of_the_old_one(
        self, decoder: OpenAIDecoder, folder: Path, tmp_path: Path
    ) -> None:
        before = []
        for seed, place in enumerate(["first", "second"]):
            await decoder.load_adapter(write_adapter(folder, tmp_path / place / "same", seed))
            before += await texts(decoder.wearing("same"), [1], GREEDY)
        assert before[0] != before[1]
        await decoder.drop_adapter("same")

    async def test_an_adapter_that_is_not_whole_is_not_offered_to_the_server(
        self, decoder: OpenAIDecoder, folder: Path, tmp_path: Path
    ) -> None:
        weights = write_adapter(folder, tmp_path / "cut", 1) / "adapter_model.safetensors"
        weights.write_bytes(weights.read_bytes()[:-10])
        with pytest.raises(BrokenCheckpointError, match="truncated"):
            await decoder.load_adapter(tmp_path / "cut")

    async def test_an_adapter_that_the_server_refuses_is_a_broken_one(
        self, decoder: OpenAIDecoder, folder: Path, tmp_path: Path
    ) -> None:
        write_adapter(folder, tmp_path / "strange", 1)
        (tmp_path / "strange/adapter_config.json").write_text("{}")
        (tmp_path / "strange/manifest.json").unlink()
        with pytest.raises(BrokenCheckpointError) as caught:
            await decoder.load_adapter(tmp_path / "strange")
        assert caught.value.path == tmp_path / "strange"

    async def test_an_idle_server_has_nobody_waiting(self, decoder: OpenAIDecoder) -> None:
        assert await decoder.waiting() == 0

    async def test_a_model_that_the_server_lacks_is_said_with_those_it_has(self, address: str, folder: Path) -> None:
        with pytest.raises(ServerUnusableError, match="no model other, but tiny"):
            await OpenAIDecoder.connect(address, model="other", tokenizer=folder)
