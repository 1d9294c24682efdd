from hypothesis import given
from hypothesis import strategies as st

from model.screenplay import Turn
from training.judging import (
    Runs,
    carried,
    distinct,
    distinct_grams,
    finished,
    keeps_its_cast,
    repeated_grams,
    share,
    stays_in_cast,
)

LEARNT = "One morning the old baker finds a map under the oven and leaves."
FEW_WORDS = st.lists(st.sampled_from(["sea", "goat", "map"]), max_size=14).map(" ".join)


def plain_runs(texts: list[str], length: int) -> set[tuple[str, ...]]:
    return {
        tuple(words[at : at + length])
        for words in (text.split() for text in texts)
        for at in range(len(words) - length + 1)
    }


def test_eight_words_of_the_training_text_are_a_copy_and_seven_are_not() -> None:
    runs = Runs([LEARNT])
    assert runs.copied("She says the old baker finds a map under the bed.")
    assert not runs.copied("She says old baker finds a map under the bed.")


def test_case_and_punctuation_hide_no_copy() -> None:
    assert Runs([LEARNT]).copied("THE OLD BAKER—finds a map; under the... OVEN?!")


def test_no_run_goes_from_one_text_into_the_next() -> None:
    runs = Runs(["one two three four", "five six seven eight"])
    assert not runs.copied("one two three four five six seven eight")
    assert len(runs) == 0


def test_the_longest_stretch_is_counted_in_words() -> None:
    runs = Runs([LEARNT])
    assert runs.longest(LEARNT) == 13
    assert runs.longest("Well, the old baker finds a map under the oven. The end.") == 9
    assert runs.longest("Nothing of this was there.") == 0


@given(st.lists(FEW_WORDS, max_size=6), FEW_WORDS)
def test_runs_find_what_a_set_of_all_runs_finds(texts: list[str], text: str) -> None:
    known = plain_runs(texts, 3)
    assert Runs(texts, 3).copied(text) == bool(known & plain_runs([text], 3))
    assert len(Runs(texts, 3)) == len(known)


def test_without_training_text_nothing_is_copied() -> None:
    runs = Runs([])
    assert not runs.copied(LEARNT)
    assert not runs.copied("")
    assert runs.longest(LEARNT) == 0


def test_many_long_texts_are_taken_in_several_blocks() -> None:
    texts = [" ".join(f"w{number}x{word}" for word in range(50_000)) for number in range(4)]
    runs = Runs(texts)
    assert len(runs) == 4 * (50_000 - 7)
    assert runs.longest(texts[3]) == 50_000


def test_different_runs_of_words_are_counted_over_all_texts() -> None:
    assert distinct_grams(["the goat sings", "The goat sleeps"], 1) == round(4 / 6, 3)
    assert distinct_grams(["the goat sings", "The goat sleeps"], 2) == 0.75
    assert distinct_grams(["goat"], 2) == 0.0


def test_a_text_that_says_the_same_again_repeats_its_runs() -> None:
    assert repeated_grams("we sing and dance all night") == 0
    assert repeated_grams("no no no no no no no") == 0.75
    assert repeated_grams("so short") == 0


def test_only_the_cast_may_speak() -> None:
    script = "CAST: ANNA, BEN\n[INT. KITCHEN - NIGHT]\nANNA: No.\nBEN (low): Yes."
    assert stays_in_cast(script)
    assert not stays_in_cast(script + "\nCARL: Who, me?")
    assert not stays_in_cast("[INT. KITCHEN - NIGHT]\nANNA: No.")


def test_a_line_that_is_none_does_not_hide_a_stranger() -> None:
    assert not stays_in_cast("CAST: ANNA\nwhat is this\nBEN: Me.")


def test_two_speakers_need_two_turns_each() -> None:
    anna, ben = Turn("ANNA", "No."), Turn("BEN", "Yes.")
    assert keeps_its_cast([anna, ben, anna, ben])
    assert not keeps_its_cast([anna, ben, anna])
    assert not keeps_its_cast([anna, anna])


def test_what_ends_on_a_sentence_is_finished() -> None:
    assert all(map(finished, ["Go.", "Go?", 'He said, "Go!"', "And then…"]))
    assert not any(map(finished, ["Go", "Go,", ""]))


def test_telling_words_of_the_brief_are_looked_for_in_the_text() -> None:
    assert carried("haunted house by the lake", "A Haunted lake.") == 0.5
    assert carried("a cat", "A cat.") == 0.0


def test_shares_are_rounded_and_nothing_is_none() -> None:
    assert share([True, False, False]) == 0.333
    assert share([]) == 0.0
    assert distinct(["Up", "up", "Down"]) == 0.667
