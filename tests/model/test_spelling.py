import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.engines.spelling import Spelling, control_ids, encode
from model.tasks import Span
from tests.model import tiny

TOKENIZER = tiny.tokenizer()
BEGINNING = tiny.tokenizer(begins=True)


@given(st.text(), st.text())
def test_text_comes_out_whole_and_as_it_was(prompt: str, written: str) -> None:
    spelling = Spelling(TOKENIZER, TOKENIZER.encode(prompt, split_special_tokens=True))
    pieces = [spelling.add(token) for token in TOKENIZER.encode(written, split_special_tokens=True)]
    assert "".join([*pieces, spelling.rest()]) == written.rstrip("\ufffd")


def test_half_a_character_is_never_shown() -> None:
    ids = TOKENIZER.encode("雪")
    spelling = Spelling(TOKENIZER, [])
    assert [spelling.add(token) for token in ids] == [""] * (len(ids) - 1) + ["雪"]
    broken = Spelling(TOKENIZER, [])
    broken.add(ids[0])
    assert broken.rest() == ""


@pytest.mark.parametrize("text", [tiny.END, tiny.OTHER, f"snow {tiny.END}\n{tiny.OTHER}", f"<{tiny.END}>"])
def test_what_a_member_writes_never_becomes_a_control_token(text: str) -> None:
    ids = encode(TOKENIZER, (Span("TITLE: "), Span(text, foreign=True), Span("\nSCRIPT:\n")))
    assert not set(ids) & control_ids(TOKENIZER)
    assert TOKENIZER.decode(ids) == f"TITLE: {text}\nSCRIPT:\n"


def test_a_beginning_token_stands_once_and_first_only_if_the_tokenizer_wants_one() -> None:
    prompt = (Span("TITLE: "), Span(tiny.END, foreign=True), Span("\nSCRIPT:\n"))
    bos = BEGINNING.bos_token_id
    with_one, without = encode(BEGINNING, prompt), encode(TOKENIZER, prompt)
    assert with_one == [bos, *without]
    assert bos not in without


def test_control_ids_are_those_of_control_tokens() -> None:
    assert control_ids(TOKENIZER) == {0, 1}
