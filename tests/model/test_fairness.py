"""The order of service, without a clock and without an engine."""

from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.fairness import Ask, FairQueue

NAMES = st.sampled_from("abc")
ASKS = st.lists(st.tuples(NAMES, NAMES, st.integers(1, 9)), max_size=20)


def ask(server: str, member: str = "", cost: int = 100) -> Ask:
    return Ask(server=server, member=member, cost=cost)


def queue(*asks: Ask) -> FairQueue[Ask]:
    made: FairQueue[Ask] = FairQueue()
    for one in asks:
        made.enter(one)
    return made


def served(line: FairQueue[Ask], count: int | None = None) -> list[str]:
    """Call so many, one after another, and settle each with what it was reckoned to cost."""
    called = []
    for _ in range(len(line) if count is None else count):
        one = line.call()
        called.append(one.server + one.member)
        line.settle(one, one.cost)
    return called


def test_one_member_of_one_server_is_served_in_the_order_of_arrival() -> None:
    asks = [ask("", "", cost) for cost in (900, 1, 40, 700)]
    assert queue(*asks).order() == asks


def test_a_server_that_floods_delays_another_s_first_brief_by_one_at_most() -> None:
    line = queue(*[ask("flood") for _ in range(100)])
    for _ in range(8):
        line.call()
    line.enter(ask("small"))
    assert line.order()[0].server == "small"


def test_servers_that_had_equally_much_take_turns() -> None:
    line = queue(*[ask("f") for _ in range(4)], ask("a"), ask("b"), ask("a"))
    assert served(line) == ["f", "a", "b", "f", "a", "f", "f"]


def test_what_counts_is_tokens_not_briefs() -> None:
    line = queue(*[ask("long", cost=300) for _ in range(3)], *[ask("short", cost=100) for _ in range(7)])
    assert served(line)[:8] == ["long", "short", "short", "short", "long", "short", "short", "short"]


def test_what_a_brief_really_took_is_settled_afterwards() -> None:
    line = queue(ask("a"), ask("b"), ask("a"), ask("b"))
    first, second = line.call(), line.call()
    line.settle(first, 5_000)
    line.settle(second, 10)
    assert [one.server for one in line.order()] == ["b", "a"]


def test_a_member_cannot_take_every_turn_of_the_server() -> None:
    line = queue(*[ask("s", "greedy") for _ in range(9)], ask("s", "modest"))
    assert served(line, 2) == ["sgreedy", "smodest"]


def test_many_members_give_a_server_no_more_turns() -> None:
    line = queue(*[ask("big", str(number)) for number in range(12)], *[ask("small", "x") for _ in range(4)])
    assert Counter(name[:3] for name in served(line, 8)) == {"big": 4, "sma": 4}


def test_leaving_and_coming_back_forgives_nothing_while_others_wait() -> None:
    line = queue(ask("a"), *[ask("b") for _ in range(3)])
    assert served(line, 1) == ["a"]
    line.enter(ask("a"))
    assert served(line, 3) == ["b", "b", "a"]  # as much each after the first of them, and that one came first


def test_time_away_is_no_credit() -> None:
    line = queue(*[ask("busy") for _ in range(50)])
    served(line, 30)
    for _ in range(10):
        line.enter(ask("late"))
    assert Counter(served(line, 10)) == {"busy": 5, "late": 5}


def test_a_server_that_fails_for_nothing_is_charged_all_the_same() -> None:
    line = queue(*[ask("broken") for _ in range(5)], *[ask("sound") for _ in range(5)])
    called = []
    for _ in range(6):
        one = line.call()
        called.append(one.server)
        line.settle(one, None if one.server == "broken" else one.cost)
    assert Counter(called) == {"broken": 3, "sound": 3}


def test_an_empty_line_remembers_nobody() -> None:
    line = queue(*[ask(str(number), str(number)) for number in range(50)])
    served(line)
    assert not line._all.inside


def test_accounts_that_no_longer_matter_are_forgotten() -> None:
    line = queue(*[ask("stays") for _ in range(400)])
    for number in range(200):
        line.enter(ask(f"visitor {number}"))
        served(line, 2)
    assert len(line._all.inside) < 10


def test_a_full_line_makes_room_at_the_expense_of_who_has_most_in_it() -> None:
    newest = ask("flood", "x")
    line = queue(ask("flood", "y"), ask("flood", "x"), ask("small"), newest)
    assert line.crowding("new", "") is newest
    assert line.crowding("small", "") is newest
    assert line.crowding("flood", "y") is None  # x has one more: taking it away would only turn the tables
    line.enter(ask("flood", "x"))
    pushed = line.crowding("flood", "y")
    assert pushed
    assert pushed.member == "x"
    assert line.crowding("flood", "x") is None
    assert queue().crowding("new", "") is None
    assert queue(ask("one")).crowding("new", "") is None  # equally fair as it is


@given(ASKS)
def test_the_order_told_is_the_order_served(asks: Sequence[tuple[str, str, int]]) -> None:
    line = queue(*[ask(*one) for one in asks])
    told = line.order()
    assert sorted(map(id, told)) == sorted(map(id, line.order()))
    calls: list[Ask] = []
    for _ in range(len(told)):
        assert line.order() == told[len(calls) :]
        calls.append(line.call())
        line.settle(calls[-1], calls[-1].cost)
    assert calls == told


@given(ASKS, st.integers(1, 30))
def test_nobody_s_place_gets_worse_because_one_who_waits_already_asks_for_more(
    asks: Sequence[tuple[str, str, int]], more: int
) -> None:
    """A flood goes behind everybody whose turn comes before the flooder's present last one."""
    line = queue(ask("f", "f", 1), *[ask(*one) for one in asks])
    before = line.order()
    last = max(place for place, one in enumerate(before) if one.server == "f")
    for _ in range(more):
        line.enter(ask("f", "f", 1))
    assert line.order()[: last + 1] == before[: last + 1]


@given(
    st.lists(st.one_of(st.tuples(NAMES, NAMES), st.sampled_from(["call", "leave", "settle", "fail"])), max_size=60),
)
def test_accounts_balance_whatever_happens(steps: list[tuple[str, str] | str]) -> None:
    line = queue()
    written: list[Ask] = []
    for number, step in enumerate(steps):
        if isinstance(step, tuple):
            line.enter(ask(*step, cost=number + 1))
        elif step == "call" and len(line):
            written.append(line.call())
        elif step == "leave" and len(line):
            line.leave(line.order()[number % len(line)])
        elif step in {"settle", "fail"} and written:
            line.settle(written.pop(number % len(written)), number if step == "settle" else None)
        everybody = line._all
        assert everybody.held == len(line) + len(written)
        for server in everybody.inside.values():
            assert server.charged == sum(one.cost for one in written if line._all.inside[one.server] is server)
            assert server.held == sum(member.held for member in server.inside.values())
            assert server.waiting == sum(len(member.asks) for member in server.inside.values())


def jain(shares: Sequence[int]) -> float:
    return sum(shares) ** 2 / (len(shares) * sum(share**2 for share in shares))


@pytest.mark.parametrize("at_once", [1, 4, 8])
def test_one_flood_among_nine_others_leaves_everybody_an_equal_share(at_once: int) -> None:
    """Nine servers ask as soon as they are answered, the tenth for a hundred at once; no cost is as reckoned."""
    line = queue(*[ask("flood", "bot", 80) for _ in range(100)])
    for number in range(9):
        line.enter(ask(f"s{number}", "m", 80))
        line.enter(ask(f"s{number}", "n", 80))
    written: list[Ask] = [line.call() for _ in range(at_once)]
    tokens: Counter[str] = Counter()
    for step in range(400):
        done = written.pop(step * 7 % len(written))
        took = 40 + step * 37 % 120
        line.settle(done, took)
        tokens[done.server] += took
        line.enter(ask(done.server, done.member, 80))
        written.append(line.call())
    assert len(tokens) == 10
    assert jain(list(tokens.values())) >= 0.95
