# ruff: noqa: S311 - no secrets are drawn here
"""A tiny library that nobody wrote before: catalogue rows, two plays, a book, names, for the tests of training."""

import csv
import json
from pathlib import Path
from random import Random

_HEADER = ["title", "type", "director", "cast", "listed_in", "description"]
_HEROES = ["baker", "pilot", "librarian", "diver", "gardener", "clown", "surgeon", "plumber", "poet", "judge"]
_WANTS = ["finds a map", "loses a bet", "buys a ghost ship", "hears a secret", "adopts a goat", "joins a choir"]
_PLACES = ["a sleepy harbor", "the northern desert", "an empty hotel", "the city of glass", "a floating market"]
_SAID = [
    "I have lost the brass key.",
    "Did you look under the piano?",
    "The piano belongs to the bank now.",
    "Then the letter is gone as well.",
    "You never told me about a letter.",
    "It was about the garden and the money.",
    "I want no part of the money.",
    "The garden is all we have left.",
]


def library(folder: Path) -> Path:
    """Write every data set below ``folder`` in its published layout, and return it."""
    _catalogue(folder / "streaming", 60)
    _plays(folder / "plays")
    _prose(folder / "prose")
    _names(folder / "ssa-names")
    return folder


def _catalogue(folder: Path, rows: int) -> None:
    folder.mkdir(parents=True)
    random = Random(3)
    with (folder / "tiny_titles.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(_HEADER)
        for number in range(rows):
            hero, want, place = random.choice(_HEROES), random.choice(_WANTS), random.choice(_PLACES)
            told = f"When a tired {hero} {want} in {place}, the whole family has to pay for it."
            writer.writerow([f"The {hero.title()} Number {number}", "Movie", "", "", "Comedies, Dramas", told])


def _plays(folder: Path) -> None:
    folder.mkdir(parents=True)
    with (folder / "public_domain_plays.jsonl").open("w", encoding="utf-8") as file:
        for play in ("The Brass Key", "Rain on Tuesday", "A Goat for Two"):
            for scene in ("1", "2"):
                row = {"author": "Nobody", "play": play, "act": "1", "scene": scene}
                direction = "(SCENE. A kitchen at night. A lamp burns.)"
                file.write(json.dumps({**row, "speaker": None, "text": "", "text_with_note": direction}) + "\n")
                for number in range(60):
                    who = ("Mrs. Quill", "Albert")[number % 2]
                    said = _SAID[number % len(_SAID)] + (" Tell me, Albert." if number % 2 == 0 else "")
                    noted = f"(quietly) {said}" if number % 5 == 0 else None
                    file.write(json.dumps({**row, "speaker": who, "text": said, "text_with_note": noted}) + "\n")


def _prose(folder: Path) -> None:
    folder.mkdir(parents=True)
    paragraph = '"Where is the key?" she asked, and nobody in the long grey room could say a word.'
    chapter = {"author": "Nobody", "title": "The Long Room", "chapter": "1", "text": "\n\n".join([paragraph] * 60)}
    (folder / "books.jsonl").write_text(json.dumps(chapter) + "\n", encoding="utf-8")


def _names(folder: Path) -> None:
    folder.mkdir(parents=True)
    women = ["Alice", "Bertha", "Carla", "Doris", "Edith", "Flora", "Greta", "Hilda"]
    men = ["Igor", "Jonas", "Karl", "Louis", "Martin", "Norman", "Oscar", "Peter"]
    rows = [f"{name},F,{100 - place}" for place, name in enumerate(women)]
    rows += [f"{name},M,{100 - place}" for place, name in enumerate(men)]
    (folder / "names_1940_2010.csv").write_text("name,sex,count_1940_2010\n" + "\n".join(rows) + "\n", encoding="utf-8")
