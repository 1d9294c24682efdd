import re
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from training.draws import FAMOUS, TooManyNamesError
from training.given_names import GivenNames, NoNamesError
from training.landmarks import disguised, gives_away
from training.leads import leads_of
from training.names import Renamer
from training.people import Person, people, told_sex
from training.records import Line, Scene, Synopsis
from training.sources import known
from training.sources.first_names import by_decade

SHARED = Path(__file__).parents[2] / "../shared/data"
WOMEN = "Alma Brenda Carla Doris Edith Flora Gilda Hilda Irma Judith Lena Norma Olga Paula Rita Tessa Ursula Vera Wanda"
MEN = (
    "Alvin Boris Conrad Dexter Elmer Floyd Gus Hubert Igor Jasper Karl Leroy Milton Nigel Otto Percy Rufus Seth Vernon"
)
OLD = {
    "F": {"Beatrix": 9000, "Minna": 9000, "Grace": 4000, "May": 3000},
    "M": {"Morris": 9000, "Tobias": 9000, "Will": 5000, "Mark": 5000, "Ross": 2000, "Richard": 2000, "Elizabeth": 20},
}
DECADE = {"F": dict.fromkeys(WOMEN.split(), 2000) | OLD["F"], "M": dict.fromkeys(MEN.split(), 2000) | OLD["M"]}
COUNTS = {1960: DECADE, 1970: DECADE}


def scene(
    *lines: tuple[str | None, str] | tuple[str | None, str, str],
    work: str = "Pier s01e01",
    title: str = "The Pier",
    summary: str | None = None,
    opening: str | None = None,
    show: str | None = None,
    year: int | None = 1995,
) -> Scene:
    told = tuple(Line(*line) for line in lines)
    return Scene(
        source="test", work=work, title=title, lines=told, summary=summary, opening=opening, show=show, year=year
    )


def renamed(one: Scene, *, seed: int = 1, leads: Mapping[str, tuple[str, ...]] | None = None) -> Scene:
    return next(Renamer(COUNTS, seed=seed, leads=leads).renamed([one]))


def test_a_character_has_one_new_name_in_cues_speeches_and_directions_of_all_scenes() -> None:
    first = scene(
        ("Beatrix Vane", "Where is Tobias?"),
        ("Tobias Vane", "Here, Beatrix!", "(Beatrix turns) Here, Beatrix!"),
        (None, "(Tobias bows.)"),
    )
    second = scene(("Tobias Vane", "Good night, TOBIAS says, and Beatrix's lamp goes out."), opening="[Beatrix's room]")
    one, two = Renamer(COUNTS, seed=1).renamed([first, second])
    her, family = one.lines[0].speaker.split()  # type: ignore[union-attr]
    him = one.lines[1].speaker.split()[0]  # type: ignore[union-attr]
    assert one.lines[1].speaker == f"{him} {family}"
    assert one.lines[0].text == f"Where is {him}?"
    assert one.lines[1].noted == f"({her} turns) Here, {her}!"
    assert one.lines[2].text == f"({him} bows.)"
    assert two.lines[0].text == f"Good night, {him.upper()} says, and {her}'s lamp goes out."
    assert two.opening == f"[{her}'s room]"
    assert her in DECADE["F"]
    assert him in DECADE["M"]


def test_title_and_summary_are_told_with_the_new_names() -> None:
    new = renamed(scene(("Beatrix", "Hm."), title="The One Where Beatrix Sails", summary="Beatrix buys a boat."))
    assert new.title == f"The One Where {new.lines[0].speaker} Sails"
    assert new.summary == f"{new.lines[0].speaker} buys a boat."


def test_the_same_seed_gives_the_same_names_and_another_seed_or_work_others() -> None:
    lines = (("Beatrix", "Tobias?"), ("Tobias", "Minna?"), ("Minna", "Morris?"), ("Morris", "Beatrix!"))
    one = scene(*lines)
    assert renamed(one) == renamed(one)
    assert renamed(one, seed=2) != renamed(one)
    assert renamed(replace(one, work="Pier s01e02")).lines != renamed(one).lines


def test_no_two_of_a_cast_share_a_name_or_a_first_letter() -> None:
    new = renamed(scene(*((cue, "Hm.") for cue in ("Beatrix", "Minna", "Grace", "Tobias", "Morris", "Mark"))))
    names = [line.speaker or "" for line in new.lines]
    assert len({name[0] for name in names}) == len(names) == 6


def test_a_new_name_is_none_that_stands_in_the_work_already() -> None:
    taken = " ".join(name for name in WOMEN.split() if name != "Tessa")
    assert renamed(scene(("Beatrix", f"I know {taken}."))).lines[0].speaker in {"Tessa", "Grace", "May", "Minna"}


def test_nobody_gets_the_name_of_somebody_famous() -> None:
    counts = {1960: {"F": {"Rachel": 9, "Rachelle": 9, "Alma": 9}, "M": {"Ross": 9, "Otto": 9}}}
    new = next(Renamer(counts, seed=1).renamed([scene(("Rachel", "Ross?"), ("Ross", "Rachel?"))]))
    assert {line.speaker for line in new.lines} == {"Alma", "Otto"}
    assert {"rachel", "ross"} <= FAMOUS


def test_more_characters_than_names_is_an_error_with_the_work() -> None:
    counts = {1960: {"F": {"Alma": 1}, "M": {"Otto": 1}}}
    with pytest.raises(TooManyNamesError, match="Pier s01e01"):
        list(Renamer(counts, seed=1).renamed([scene(("Mrs Anna Ox", "I."), ("Mrs Berta Ox", "I."))]))


@pytest.mark.parametrize("counts", [{}, {1960: {"F": {"Alma": 1}}}, {1960: {"F": {"Alma": 1}, "M": {}}}])
def test_counts_without_names_for_a_sex_are_refused_at_once(counts: dict[int, dict[str, dict[str, int]]]) -> None:
    with pytest.raises(NoNamesError):
        Renamer(counts, seed=1)


def test_names_come_from_the_decade_in_which_characters_were_born() -> None:
    early, late = {"F": {"Alma": 1}, "M": {"Otto": 1}}, {"F": {"Zoe": 1}, "M": {"Kyle": 1}}
    renamer = Renamer({1920: early, 1990: late}, seed=1)
    films = (scene(("Mrs Anna Ox", "I."), work="old", year=1950), scene(("Mrs Anna Ox", "I."), work="new", year=2021))
    assert [one.lines[0].speaker.split()[1] for one in renamer.renamed(films) if one.lines[0].speaker] == [
        "Alma",
        "Zoe",
    ]


@pytest.mark.parametrize(
    "cue", ["Waitress", "Priest On TV", "The Director", "#ALL#", "Both", "Guy #2", "Second Girl", "Old Woman", "All"]
)
def test_a_cue_that_is_a_function_stays(cue: str) -> None:
    assert renamed(scene((cue, "Next."), ("Beatrix", "Thank you."))).lines[0].speaker == cue


def test_names_inside_the_cue_of_a_group_or_of_a_relative_are_replaced() -> None:
    new = renamed(scene(("Beatrix", "a"), ("Tobias", "b"), ("Beatrix and Tobias", "c"), ("Tobias's Sister", "d")))
    her, him, both, sister = (line.speaker for line in new.lines)
    assert both == f"{her} and {him}"
    assert sister == f"{him}'s Sister"


def test_leads_who_do_not_speak_in_an_episode_are_renamed_when_they_are_mentioned() -> None:
    leads = {"Pier": ("Beatrix Vane", "Tobias Vane")}
    new = renamed(scene(("Minna", "Miss Vane is out. Beatrix left. beatrix!"), show="Pier"), leads=leads)
    assert "Beatrix" not in new.lines[0].text
    assert "beatrix" not in new.lines[0].text
    assert "Vane" not in new.lines[0].text


def test_a_lead_is_found_by_how_much_is_said_and_gets_the_surname_that_is_said() -> None:
    lines = [("Tobias", "Beatrix Vane!"), ("Beatrix", "Yes?"), ("Beatrix", "Well?")] * 6
    assert leads_of([scene(*lines, show="Pier"), scene(("Nobody", "Hm."))]) == {"Pier": ("Beatrix Vane", "Tobias")}


def said(text: str, *, cast: tuple[str, ...] = ("Beatrix", "Ross")) -> str:
    """Return ``text`` with the new names of the first two of the cast as HER and HIM."""
    new = renamed(scene(*((cue, "Hm.") for cue in cast), ("Beatrix", text)))
    her, him = ((line.speaker or "").split()[0] for line in new.lines[:2])
    return new.lines[-1].text.replace(her, "HER").replace(him, "HIM")


@pytest.mark.parametrize(
    ("text", "new"),
    [
        ("Ross, Ross! (Beatrix)", "HIM, HIM! (HER)"),
        ("At Ross's door and Ross' window.", "At HIM's door and HIM's window."),
        ("Ross'll come; Ross’d better.", "HIM'll come; HIM’d better."),
        ("Across the gross Rosslare.", "Across the gross Rosslare."),
        ("He said 'Hello, Ross' to us.", "He said 'Hello, HIM' to us."),
    ],
)
def test_whole_words_and_possessives_are_replaced(text: str, new: str) -> None:
    assert said(text) == new


def test_a_stretched_name_a_stutter_and_a_broken_off_name_are_replaced() -> None:
    text = renamed(scene(("Beatrix", "Hm."), ("Beatrix", "Beatrixxx! B-B-Beatrix! Be-Beatrix! Beat-- oh."))).lines
    her = text[0].speaker or ""
    new = f"{her}{her[-1] * 2}! {her[0]}-{her[0]}-{her}! {her[:2]}-{her}! {her[:4]}-- oh."
    assert text[1].text == new


def test_nicknames_and_full_names_become_those_of_the_new_name() -> None:
    counts = {1960: {"F": {"Rebecca": 9}, "M": {"Thomas": 9, "Walter": 9, "Richard": 9}}}
    lines = (("Richard", "Hm."), ("Waitress", "Dick? Ricky? Rick and Richard."))
    one = next(Renamer(counts, seed=1).renamed([scene(*lines)]))
    him = one.lines[0].speaker
    short = {"Thomas": "Tom", "Walter": "Walt"}[him or ""]
    assert one.lines[1].text == f"{short}? Ricky? {short} and {him}."


def test_a_family_keeps_one_surname_in_every_form() -> None:
    new = renamed(scene(("Beatrix Vane", "a"), ("Tobias Vane", "The Vanes! Mr. Vane's hat!"), ("Mr. Vane", "b")))
    family = (new.lines[0].speaker or "").split()[1]
    plural = family + ("es" if family[-1] in "sxz" else "s")
    assert new.lines[1].text == f"The {plural}! Mr. {family}'s hat!"
    assert new.lines[2].speaker == f"Mr. {family}"


def test_a_new_name_that_is_an_old_one_elsewhere_is_not_replaced_again() -> None:
    lines = (("Beatrix", "Tobias and Minna."), ("Tobias", "Minna and Beatrix."), ("Minna", "Beatrix and Tobias."))
    new = renamed(scene(*lines))
    a, b, c = (line.speaker for line in new.lines)
    assert [line.text for line in new.lines] == [f"{b} and {c}.", f"{c} and {a}.", f"{a} and {b}."]


@pytest.mark.parametrize(
    "text",
    [
        "Will you pass the salt?",
        "It is against my will.",
        "WILL YOU STOP?",
        "Will this never end?",
        "Mark my words.",
        "May I? In May, perhaps.",
        "On May 4 it rained.",
        "Grace under pressure.",
    ],
)
def test_an_ordinary_word_is_no_name(text: str) -> None:
    cast = tuple((cue, "Hm.") for cue in ("Will", "Mark", "May", "Grace"))
    assert renamed(scene(*cast, ("Beatrix", text))).lines[-1].text == text


@pytest.mark.parametrize(
    "text",
    ["I saw {}.", "{}, come here!", "{}'s hat.", "{} is late.", "({} sits down.) Well.", "You and {} must talk."],
)
def test_a_name_that_is_an_ordinary_word_is_replaced_where_a_name_is_meant(text: str) -> None:
    new = renamed(scene(("Will", "Hm."), ("Beatrix", text.format("Will"))))
    assert new.lines[1].text == text.format(new.lines[0].speaker)


def test_an_ordinary_surname_is_replaced_only_as_a_surname() -> None:
    new = renamed(
        scene(("Beatrix Green", "Hm."), ("Tobias", "Green paint for Beatrix Green, Dr. Green and a green door."))
    )
    her, family = (new.lines[0].speaker or "").split()
    assert new.lines[1].text == f"Green paint for {her} {family}, Dr. {family} and a green door."


@pytest.mark.parametrize(
    ("cue", "person"),
    [
        ("Beatrix Vane", Person("Beatrix", ("Vane",))),
        ("Mr. Vane", Person(None, ("Vane",), "M")),
        ("Aunt Millie", Person("Millie", (), "F")),
        ("Dr. Otto Vane Jr.", Person("Otto", ("Vane",))),
        ("Paul the Baker", Person("Paul")),
        ("Steve (a clerk)", Person("Steve")),
        ("COUNT VON KLOTZ", Person(None, ("KLOTZ",), "M")),
        ("D.A. Vane", Person(None, ("Vane",))),
        ("Mary-Ann", Person("Mary")),
    ],
)
def test_a_cue_tells_given_name_surname_and_sex(cue: str, person: Person) -> None:
    assert list(people(cue, {"beatrix", "otto", "paul"}, set())) == [person]


def test_titles_then_sure_names_then_pronouns_tell_the_sex() -> None:
    lines = "Quilla lost her key. Quilla says she sings. QUILLA shuts her eyes."
    assert told_sex("quilla", lines) == "F"
    assert told_sex("quilla", "Quilla lost his key.") is None
    assert renamed(scene(("Quilla", "Hm."), (None, lines))).lines[0].speaker in DECADE["F"]
    assert GivenNames(COUNTS).sex("elizabeth") == "M"
    assert (renamed(scene(("Mrs Morris Vane", "Hm."))).lines[0].speaker or "").split()[1] in DECADE["F"]


def test_a_landmark_becomes_the_same_generic_place_throughout_a_work() -> None:
    first, second = (disguised(text, "e1", 1) for text in ("[Scene: Central Perk, noon]", "We met at Central Perk."))
    place = first.removeprefix("[Scene: ").removesuffix(", noon]")
    assert place in {"Coffee Shop", "Coffee House", "Corner Café"}
    assert second == f"We met at the {place}."
    assert len({disguised("Central Perk", f"e{number}", 1) for number in range(20)}) == 3
    assert disguised("CENTRAL PERK", "e1", 1) == place.upper()
    assert disguised("A walk in Central Park.", "e1", 1) == "A walk in Central Park."
    assert not gives_away(first)


def test_a_synopsis_is_told_with_new_names_for_the_leads() -> None:
    told = Synopsis(source="s", work="e1", title="Beatrix Sails", text="Tobias drops Beatrix's key at Central Perk.")
    new = Renamer(COUNTS, seed=1, leads={"Pier": ("Beatrix Vane", "Tobias Vane")}).synopsis(told, "Pier")
    assert not {"Beatrix", "Tobias"} & set(f"{new.title} {new.text}".replace("'", " ").split())
    assert new.title.split()[0] in new.text
    assert not gives_away(new.text)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    for name in ("friends-corpus", "ssa-names"):
        archive = SHARED / f"{name}.tar.xz"
        if not archive.is_file():
            pytest.skip("no shared data beside the checkout")
        with tarfile.open(archive) as packed:
            packed.extractall(folder, filter="data")
    return folder


@pytest.mark.shared
def test_no_lead_of_friends_is_left_in_cues_speeches_and_directions(data: Path) -> None:
    scenes = [one for one in known()["friends-corpus"].read(data / "friends-corpus") if isinstance(one, Scene)][:400]
    renamer = Renamer(by_decade(data / "ssa-names"), seed=1, leads=leads_of(scenes))
    leads = {"Rachel", "Monica", "Phoebe", "Chandler", "Ross", "Joey", "Rach", "Pheebs", "Geller", "Tribbiani"}
    assert leads.intersection(word for one in scenes for word in words(one))
    assert not leads.intersection(word for one in renamer.renamed(scenes) for word in words(one))


def words(one: Scene) -> Iterator[str]:
    for line in one.lines:
        yield from re.findall(r"\w+", f"{line.speaker} {line.noted or line.text}")
