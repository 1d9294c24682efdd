"""Names diversified: every work gets given names of its decade, so that no show's cast is learnt by heart."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Final

from training.company import Company
from training.draws import Draws
from training.given_names import Counts, GivenNames
from training.landmarks import disguised
from training.leads import texts
from training.mentions import Mentions
from training.nicknames import forms
from training.ordinary import ORDINARY
from training.people import LETTERS
from training.records import Line, Scene, Synopsis

AGE: Final = 30  # years: characters are adults
YEAR: Final = 2000  # of a work that does not say when it was made
_WORD: Final = re.compile(rf"{LETTERS}+")
_SHORT: Final = 4  # letters of a nickname that may be something else: mon, chan, beth


class Renamer:
    """Gives the characters of each work names of their own, the same ones for the same counts, seed and leads."""

    def __init__(
        self, counts: Counts, *, seed: int, leads: Mapping[str, Sequence[str]] | None = None, most: int = 0
    ) -> None:
        """Take how often each name was given in each decade, and who leads each show (:func:`training.leads.leads_of`).

        New names are among the ``most`` frequent of their decade and sex; among all if it is 0.

        Raises:
            NoNamesError: a decade has no names for one of the sexes, or there is no decade.
        """
        self._names, self._seed, self._leads = GivenNames(counts, most=most), seed, leads or {}
        cues = [cue for leading in self._leads.values() for cue in leading]
        known = Company(self._names, cues, (), frozenset(_WORD.findall(" ".join(cues).casefold()))).names
        long = (form.casefold() for name in known for form in forms(name) if len(form) > _SHORT)
        self._known, self._unmistakable = known, known.union(long) - ORDINARY

    def renamed(self, scenes: Iterable[Scene]) -> Iterator[Scene]:
        """Yield the scenes with new names, those of one work alike; the scenes of a work must stand together.

        Raises:
            TooManyNamesError: see its docstring.
        """
        for work, together in groupby(scenes, key=lambda scene: scene.work):
            whole = list(together)
            spoken = Counter(line.speaker for scene in whole for line in scene.lines if line.speaker)
            cues = [*(cue for cue, _ in spoken.most_common()), *self._leads.get(whole[0].show or "", ())]
            read = [text for scene in whole for text in texts(scene)]
            mentions = self._mentions(work, cues, read, whole[0].year)
            yield from (self._scene(scene, mentions) for scene in whole)

    def synopsis(self, synopsis: Synopsis, show: str) -> Synopsis:
        """Return what happens in a work of ``show``, told with new names for its leads.

        Raises:
            TooManyNamesError: see its docstring.
        """
        cues, text = self._leads.get(show, ()), (synopsis.title, synopsis.text)
        new = self._text(self._mentions(synopsis.work, cues, text, synopsis.year), synopsis.work)
        return replace(
            synopsis, title=new(synopsis.title), text=new(synopsis.text), keywords=tuple(map(new, synopsis.keywords))
        )

    def _scene(self, scene: Scene, mentions: Mentions) -> Scene:
        new = self._text(mentions, scene.work)
        return replace(
            scene,
            title=new(scene.title),
            summary=None if scene.summary is None else new(scene.summary),
            opening=None if scene.opening is None else new(scene.opening),
            lines=tuple(
                Line(
                    None if line.speaker is None else mentions.cue(line.speaker),
                    new(line.text),
                    None if line.noted is None else new(line.noted),
                )
                for line in scene.lines
            ),
        )

    def _text(self, mentions: Mentions, work: str) -> Callable[[str], str]:
        return lambda text: mentions.replaced(disguised(text, work, self._seed))

    def _mentions(self, work: str, cues: Iterable[str], read: Sequence[str], year: int | None) -> Mentions:
        company = Company(self._names, cues, read, self._known)
        used = self._known | company.names | company.capitals
        draws = Draws(self._names, seed=self._seed, work=work, year=(year or YEAR) - AGE, used=used)
        return company.mentions(draws, self._unmistakable)
