"""A day of a community, as an assumed model of activity makes it: when which brief is ordered."""

from dataclasses import dataclass
from random import Random
from typing import Final, Literal

Task = Literal["pitch", "script"]
Order = tuple[float, Task]  # seconds since midnight UTC, and what

HOUR: Final = 3600.0
DAY: Final = 24 * HOUR
# How many of a day's commands fall into each hour of local time: quiet at four, most at eight and nine in the evening.
HOURS: Final = (
    *(2.0, 1.2, 0.7, 0.5, 0.4, 0.5, 0.8, 1.5, 2.5, 3.0, 3.5, 4.0),
    *(4.5, 4.5, 4.5, 5.0, 5.5, 6.0, 7.0, 8.5, 9.5, 9.5, 7.5, 4.5),
)
WORLD: Final = ((0.40, -6), (0.35, 1), (0.25, 8))  # share of the members, hours from UTC


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """What is assumed about members; none of it was measured."""

    active: float = 0.05
    """Share of the members who order anything on a day."""
    slates: float = 1.5
    """Slates that one of those orders."""
    scripts: float = 0.2
    """Scripts a slate: a pitch of every fifth is greenlit and written."""
    debate: float = 30 * 60.0
    """Seconds between a slate and its script, on average."""
    one_zone_up_to: int = 10_000
    """Members who all live in one time zone; more are spread over the world."""
    biggest: int = 250_000
    """Members of the biggest server, at most."""
    called: float = 0.02
    """Share of those who order a slate when an announcement pings all of them."""
    announced: float = 20 * HOUR
    """When it does, in local time of the first zone."""
    haste: float = 5 * 60.0
    """Seconds after which they do so, on average."""

    def briefs(self, members: int) -> float:
        """Return the briefs to expect on a day, those of the announcement aside."""
        return members * self.active * self.slates * (1 + self.scripts)

    def burst(self, members: int) -> int:
        """Return the slates that the announcement brings."""
        return round(min(members, self.biggest) * self.called)

    def zones(self, members: int) -> tuple[tuple[float, int], ...]:
        """Return where they live."""
        return ((1.0, 0),) if members <= self.one_zone_up_to else WORLD


def orders(members: int, habits: Habits, *, seed: int) -> list[Order]:
    """Return a day's orders by time; the same seed brings the same day."""
    dice = Random(seed)  # noqa: S311 - a simulation
    count = round(members * habits.active * habits.slates)
    zones = habits.zones(members)
    offsets = dice.choices([offset for _, offset in zones], [share for share, _ in zones], k=count)
    hours = dice.choices(range(24), HOURS, k=count)
    slates = [(hour - offset + dice.random()) % 24 * HOUR for hour, offset in zip(hours, offsets, strict=True)]
    begins = (habits.announced - zones[0][1] * HOUR) % DAY
    burst = [begins + dice.expovariate(1 / habits.haste) for _ in range(habits.burst(members))]
    scripts = [
        slate + dice.expovariate(1 / habits.debate) for slate in (*slates, *burst) if dice.random() < habits.scripts
    ]
    found: list[Order] = [(time % DAY, "pitch") for time in (*slates, *burst)]
    found += [(time % DAY, "script") for time in scripts]
    return sorted(found)


def busiest(found: list[Order], span: float) -> range:
    """Return which orders fall into the busiest ``span`` seconds."""
    first, most = 0, range(0)
    for last, (time, _) in enumerate(found):
        while found[first][0] <= time - span:
            first += 1
        most = max(most, range(first, last + 1), key=len)
    return most
