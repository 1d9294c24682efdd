import pytest

from training.corpus import Corpus, EmptyCorpusError, of_texts
from training.examples import held_out
from training.records import Text


def texts(number: int, size: int = 50) -> list[Text]:
    return [Text(source="s", work=f"work {n}", text=f"Text {n}.\n" * size) for n in range(number)]


def test_many_works_are_split_by_work() -> None:
    corpus = of_texts(texts(100))
    assert all(held_out(example.work) for example in corpus.held_out)
    assert len(corpus.train) + len(corpus.held_out) == 100


def test_of_a_few_works_the_ends_are_held_out_and_nothing_is_lost() -> None:
    given = texts(2)
    corpus = of_texts(given)
    joined = [first.completion + last.completion for first, last in zip(corpus.train, corpus.held_out, strict=True)]
    assert joined == [text.text for text in given]
    assert all(
        0 < len(last.completion) < len(first.completion) / 10
        for first, last in zip(corpus.train, corpus.held_out, strict=True)
    )


def test_one_giant_line_is_cut_too() -> None:
    corpus = of_texts([Text(source="s", work="w", text="word " * 10_000)])
    assert len(corpus.train[0].completion) + len(corpus.held_out[0].completion) == 50_000


def test_nothing_at_all_is_refused() -> None:
    with pytest.raises(EmptyCorpusError):
        of_texts([])
    with pytest.raises(EmptyCorpusError):
        Corpus(train=[], held_out=[])


def test_the_digest_changes_with_any_word() -> None:
    assert of_texts(texts(3)).digest == of_texts(texts(3)).digest != of_texts(texts(3, 51)).digest
