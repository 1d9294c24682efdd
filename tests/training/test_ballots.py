from random import Random

import pytest

from db.feedback import Ballot, Shown
from db.ids import MemberId, PitchId, SlateId
from training.ballots import of_one_vote, propensities, tallies


def card(slate: int, size: int = 3) -> list[Shown]:
    return [
        Shown(
            slate_id=SlateId(slate),
            pitch_id=PitchId(slate * 10 + slot),
            slot=slot,
            genre="comedy",
            theme=None,
            title=f"Title {slate} {slot}",
            summary="A baker.",
            greenlit=False,
        )
        for slot in range(size)
    ]


def ballot(slate: int, slot: int, member: str) -> Ballot:
    return Ballot(slate_id=SlateId(slate), pitch_id=PitchId(slate * 10 + slot), member_id=MemberId(member))


def test_the_votes_of_a_member_together_weigh_no_more_than_the_median_members() -> None:
    cast = [ballot(slate, 0, "troll") for slate in range(100)]
    cast += [ballot(slate, 1, f"m{member}") for member in range(9) for slate in range(4)]
    weight = of_one_vote(cast)
    assert weight[MemberId("m0")] == 1
    assert weight[MemberId("troll")] * 100 == pytest.approx(4)


def test_a_tenth_of_trolls_with_all_the_votes_does_not_decide_who_wins() -> None:
    random = Random(1)  # noqa: S311 -- no secret
    cards = [card(slate) for slate in range(60)]
    cast = [ballot(slate, 2, f"troll{number}") for number in range(10) for slate in range(60)]
    for member in range(90):
        cast += [ballot(slate, 1, f"m{member}") for slate in random.sample(range(60), 5)]
    found = tallies([one for each in cards for one in each], cast)
    winners = [tally.ranked[0].slot for tally in found]
    raw = [max(tally.cast, key=tally.cast.__getitem__) % 10 for tally in found]
    assert raw.count(2) > 40
    assert winners.count(1) == 60


def test_a_place_that_is_chosen_for_itself_loses_what_it_gets_for_it() -> None:
    random = Random(2)  # noqa: S311 -- no secret
    cards = {SlateId(slate): card(slate) for slate in range(200)}
    cast = []
    for slate in range(200):
        for member in range(5):
            lazy = random.random() < 0.4
            cast.append(ballot(slate, 0 if lazy else random.randrange(3), f"{slate}-{member}"))
    place = propensities(cards, cast)
    assert place[0] == pytest.approx(3 * (0.4 + 0.2), rel=0.1)
    assert place[1] == pytest.approx(3 * 0.2, rel=0.1)


def test_few_votes_say_little_about_places() -> None:
    place = propensities({SlateId(1): card(1)}, [ballot(1, 0, "a"), ballot(1, 0, "b")])
    assert place[0] < 1.1


def test_position_bias_does_not_make_a_winner() -> None:
    """Everybody clicks the first title half of the time; by taste all would take the second."""
    cast = []
    cards = [card(slate) for slate in range(100)]
    for slate in range(100):
        liked = slate % 3
        cast += [ballot(slate, 0, f"{slate}-lazy{n}") for n in range(5)]
        cast += [ballot(slate, liked, f"{slate}-keen{n}") for n in range(4)]
    found = tallies([one for each in cards for one in each], cast)
    assert [tally.ranked[0].slot for tally in found] == [slate % 3 for slate in range(100)]


def test_more_voters_and_a_clearer_distance_weigh_more() -> None:
    def margin(won: int, lost: int) -> float:
        cast = [ballot(1, 0, f"w{n}") for n in range(won)] + [ballot(1, 1, f"l{n}") for n in range(lost)]
        (tally,) = tallies(card(1), cast)
        return tally.margin(tally.card[0], tally.card[1])

    assert margin(1, 0) < margin(5, 0) < margin(50, 0) < 1
    assert margin(5, 4) < margin(5, 1)
    assert margin(8, 2) > margin(4, 1)
