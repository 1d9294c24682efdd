import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import OPTConfig, OPTForCausalLM

from tests.model import tiny
from training.packing import Document, Piece
from training.rows import (
    IGNORED,
    DocumentsMixedError,
    NoEndTokenError,
    RowSet,
    TooLittleTextError,
    documents,
    plan,
    require_apart,
)


def invented(lengths: list[int]) -> list[Document]:
    start = 1
    found = []
    for length in lengths:
        found.append(Document(torch.arange(start, start + length + 1, dtype=torch.int32).numpy(), 1 + length // 3))
        start += length + 1
    return found


@given(
    st.lists(st.integers(1, 40), min_size=4, max_size=40),
    st.integers(4, 24),
    st.integers(1, 3),
    st.sampled_from([1.0, 2.0, 3.0]),
)
def test_every_position_is_read_just_once_an_epoch(lengths: list[int], length: int, a_step: int, epochs: float) -> None:
    found = invented(lengths)
    total = sum(map(len, found))
    if total * epochs < length * a_step:
        return
    laid = plan(found, length=length, a_step=a_step, epochs=epochs, steps=0, seed=3)
    counts: dict[tuple[int, int], int] = {}
    for row in laid.rows:
        assert sum(map(len, row)) <= length
        for piece in row:
            for at in range(piece.start, piece.stop):
                counts[piece.document, at] = counts.get((piece.document, at), 0) + 1
    assert set(counts.values()) == {int(epochs)}
    assert (laid.seen, laid.available, laid.read) == (total, total, total * int(epochs))
    assert len(laid.rows) == laid.steps * a_step


def test_only_the_last_rows_of_a_run_are_not_full() -> None:
    laid = plan(invented([7, 30, 11, 5, 19, 23, 2]), length=16, a_step=2, epochs=2, steps=0, seed=1)
    sizes = [sum(map(len, row)) for row in laid.rows]
    assert sizes == sorted(sizes, key=lambda size: size < 16)
    assert sum(size < 16 for size in sizes) <= 2


def test_a_run_of_so_many_steps_reads_on_from_the_beginning() -> None:
    laid = plan(invented([7, 5]), length=8, a_step=2, epochs=1, steps=9, seed=1)
    assert (laid.steps, len(laid.rows)) == (9, 18)
    assert all(sum(map(len, row)) == 8 for row in laid.rows)


def test_half_an_epoch_reads_half_of_the_text() -> None:
    laid = plan(invented([10] * 40), length=20, a_step=2, epochs=0.5, steps=0, seed=1)
    assert (laid.read, laid.seen / laid.available) == (200, 0.5)


def test_padded_rows_hold_one_document_each_and_lose_nothing_either() -> None:
    found = invented([7, 30, 11])
    laid = plan(found, length=16, a_step=1, epochs=1, steps=0, seed=1, packed=False)
    assert sorted(len(row) for row in laid.rows) == [1, 1, 1, 1]
    assert (laid.seen, laid.available) == (48, 48)


def test_the_same_seed_lays_the_same_rows_and_another_one_others() -> None:
    found = invented([3, 9, 14, 6, 2, 8, 11])
    plans = [plan(found, length=12, a_step=1, epochs=2, steps=0, seed=seed) for seed in (4, 4, 5)]
    assert plans[0] == plans[1]
    assert plans[0] != plans[2]


def test_a_text_that_does_not_fill_a_step_is_refused_with_both_numbers() -> None:
    with pytest.raises(TooLittleTextError) as caught:
        plan(invented([9]), length=8, a_step=8, epochs=1, steps=0, seed=1)
    assert (caught.value.rows, caught.value.wanted) == (2, 8)
    with pytest.raises(TooLittleTextError):
        plan([], length=8, a_step=1, epochs=1, steps=5, seed=1)


def test_no_padding_and_no_prompt_has_a_target() -> None:
    found = invented([6, 4])
    row = RowSet([(Piece(0, 0, 6), Piece(1, 0, 4))], found, 16)[0]
    assert row["input_ids"].tolist() == [1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 0, 0, 0, 0, 0, 0]
    x = IGNORED
    assert row["labels"].tolist() == [x, x, 4, 5, 6, 7, x, 10, 11, 12, x, x, x, x, x, x]
    assert row["position_ids"].tolist() == [0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 0, 0, 0, 0, 0, 0]


def test_a_document_cut_in_two_loses_no_target() -> None:
    found = invented([9])
    laid = plan(found, length=5, a_step=1, epochs=1, steps=0, seed=1)
    targets = [
        target for number in range(len(laid.rows)) for target in RowSet(laid.rows, found, 5)[number]["labels"].tolist()
    ]
    assert sorted(target for target in targets if target != IGNORED) == list(range(found[0].scored_from + 1, 11))
    assert laid.scored == 10 - found[0].scored_from


@pytest.mark.parametrize("kind", ["llama", "gpt2", "gptj"])
def test_no_document_sees_another_one_in_its_row(kind: str) -> None:
    """Packed logits are those of every document alone: the trap that no error tells of."""
    torch.manual_seed(1)
    model = tiny.model(kind, 300).eval()  # type: ignore[no-untyped-call]
    found = invented([20, 13, 9])
    row = RowSet([tuple(Piece(number, 0, len(document)) for number, document in enumerate(found))], found, 48)[0]
    with torch.inference_mode():
        packed = model(
            input_ids=row["input_ids"][None], position_ids=row["position_ids"][None], use_cache=False
        ).logits[0]
        at = 0
        for document in found:
            alone = model(input_ids=torch.from_numpy(document.tokens[:-1].astype("int64"))[None]).logits[0]
            torch.testing.assert_close(packed[at : at + len(document)], alone, atol=1e-4, rtol=1e-4)
            at += len(document)


@pytest.mark.parametrize(("kind", "apart"), [("llama", True), ("gpt2", True), ("gptj", True), ("opt", False)])
def test_a_model_that_mixes_the_documents_of_a_row_is_refused(kind: str, *, apart: bool) -> None:
    torch.manual_seed(1)
    if apart:
        require_apart(tiny.model(kind, 300))
        return
    small = OPTConfig(vocab_size=300, hidden_size=32, ffn_dim=48, num_hidden_layers=2, num_attention_heads=2,
                      max_position_embeddings=64, word_embed_proj_dim=32)  # fmt: skip
    with pytest.raises(DocumentsMixedError):
        require_apart(OPTForCausalLM(small))


def test_a_text_without_a_prompt_is_learnt_from_its_first_word_on() -> None:
    (document,) = documents(tiny.tokenizer(), [("", "abc")])
    assert document.tokens[0] == tiny.tokenizer().eos_token_id
    assert document.scored_from == 1


def test_a_control_token_in_a_text_is_only_text() -> None:
    tokenizer = tiny.tokenizer()
    (document,) = documents(tokenizer, [("", f"a {tiny.OTHER} b {tiny.END} c")])
    assert document.tokens.tolist().count(0) == 2
    assert (document.tokens[0], document.tokens[-1], document.scored_from) == (0, 0, 1)
    assert tokenizer.convert_tokens_to_ids(tiny.OTHER) not in document.tokens
    assert tokenizer.decode(document.tokens[1:-1]) == f"a {tiny.OTHER} b {tiny.END} c"


def test_a_tokenizer_that_begins_every_text_begins_these_too() -> None:
    (document,) = documents(tiny.tokenizer(begins=True), [("", "abc")])
    assert (document.tokens[0], document.tokens[-1], document.scored_from) == (0, 0, 1)


def test_a_tokenizer_without_an_end_is_refused() -> None:
    tokenizer = tiny.tokenizer()
    tokenizer.eos_token = None
    with pytest.raises(NoEndTokenError):
        documents(tokenizer, [("", "abc")])
