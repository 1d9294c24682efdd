# ruff: noqa: SIM905 - word lists read better as lines of words
"""Shows made of word lists: what the writer without a model writes."""

import random
from collections.abc import Sequence
from typing import Final

from model import screenplay
from model.drafts import DialogDraft, Draft, PitchDraft, ScriptDraft
from model.screenplay import Direction, Element, Heading, Script, Turn
from model.tasks import Prompt, completion, text

_FIRST: Final = (
    "Borrowed Crooked Paper Quiet Salted Tin Velvet Winter Copper Hollow Lucky Midnight Plywood Rented Second-Hand "
    "Sideways Tangerine Unfinished Walking Yellow Brass Cardboard Distant Electric Foggy Gentle Humming Inflatable"
).split()
_SECOND: Final = (
    "Almanac Bakery Caravan Detour Embassy Ferry Greenhouse Harbour Icehouse Jubilee Kiosk Lighthouse Motel Nocturne "
    "Orchard Parade Quarry Rooftop Switchboard Tollbooth Umbrella Viaduct Wardrobe Xylophone Yearbook Aquarium Ballroom"
).split()
_THIRD: Final = (
    "for Beginners|at the End of the Line|and Other Excuses|in Aisle Nine|by Moonlight|of Lower Marrow|on Stilts|"
    "After Closing Time|Without a Map|for Two|in Reverse|Before Breakfast|under Glass|of the Northern Ferry"
).split("|")
_NAMES: Final = "Anna Ben Carla Dev Ella Femi Greta Hugo Ines Jonah Kim Lena Milo Nora Omar Petra Quinn Rosa".split()
_JOBS: Final = "baker|night guard|retired referee|piano tuner|lighthouse keeper|tax inspector|school nurse".split("|")
_WANTS: Final = (
    "win back the house|find out who moved the statue|keep a promise made by post|open the last cinema in town|"
    "return what was never theirs|outlive a very small curse"
).split("|")
_PLACES: Final = "KITCHEN|BUS STATION|ROOFTOP|CORNER SHOP|HOSPITAL CORRIDOR|REHEARSAL ROOM|FERRY DECK".split("|")
_TIMES: Final = "DAY|NIGHT|DAWN|EVENING".split("|")
_SEEN: Final = (
    "A kettle starts to whistle. Nobody moves.|Rain against the window.|A telephone rings once and stops.|"
    "Someone has left a suitcase by the door."
).split("|")
_SAID: Final = (
    "You said you would be here before the rain.|I was. The rain was early.|Then we do it my way.|"
    "Nobody has ever done it your way and come back.|Did you read the letter?|Twice. It gets shorter every time.|"
    "Keep your voice down.|This is my quiet voice.|What are you not telling me?|Only the part with your name in it.|"
    "We have an hour.|We had an hour."
).split("|")


def written(prompt: Prompt, seed: int) -> str:
    """Return the text of what :func:`invent` brings, or a speech where the prompt ends in the name of a speaker."""
    if text(prompt).endswith(": "):
        return random.Random(f"{seed}:{text(prompt)}").choice(_SAID) + "\n"  # noqa: S311 - speeches, not secrets
    return completion(invent(prompt, seed))


def invent(prompt: Prompt, seed: int) -> Draft:
    """Return a draft for ``prompt`` that always reads back; the same for the same two arguments."""
    dice = random.Random(f"{seed}:{text(prompt)}")  # noqa: S311 - shows, not secrets
    asked = text(prompt)
    if asked.endswith("TITLE:"):
        return _pitch(dice, theme=prompt[3].text)
    if asked.startswith("DIALOG:"):
        return _staged(dice, screenplay.read_turns(prompt[1].text))
    turns = _turns(dice)
    return DialogDraft(turns) if asked.endswith("DIALOG:\n") else _staged(dice, turns)


def _pitch(dice: random.Random, theme: str) -> PitchDraft:
    title = f"The {dice.choice(_FIRST)} {dice.choice(_SECOND)} {dice.choice(_THIRD)}"
    one, other = dice.sample(_NAMES, 2)
    summary = (
        f"{one}, a {dice.choice(_JOBS)}, and {other} have three days to {dice.choice(_WANTS)}, and {theme} is no help."
    )
    return PitchDraft(title=title, summary=summary)


def _turns(dice: random.Random) -> tuple[Turn, ...]:
    cues = [name.upper() for name in dice.sample(_NAMES, 2)]
    return tuple(
        Turn(cues[number % 2], speech) for number, speech in enumerate(dice.sample(_SAID, dice.randint(6, 10)))
    )


def _staged(dice: random.Random, turns: Sequence[Turn]) -> ScriptDraft:
    heading = Heading(f"INT. {dice.choice(_PLACES)} - {dice.choice(_TIMES)}")
    elements: tuple[Element, ...] = (heading, Direction(dice.choice(_SEEN)), *turns)
    return ScriptDraft(Script(elements))
