"""What a source yields: frozen records as the data set has them, each of one work."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Synopsis:
    """A work and what it is about, as printed there; pitches are learnt from it.

    ``labels`` are its genres in the source's own words, ``keywords`` themes that people gave it, ``people`` its cast
    and directors.
    """

    source: str
    work: str
    title: str
    text: str
    labels: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    year: int | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A speech, or what is seen when ``speaker`` is None.

    ``text`` is the speech alone; ``noted`` the same with the directions that stand inside it, where there are some.
    """

    speaker: str | None
    text: str
    noted: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A scene of a film, an episode or a play: dialogs and scripts are learnt from it.

    ``work`` is what the split goes by (film, episode, play), ``show`` the series it belongs to, ``summary`` what the
    work is about, ``opening`` where it plays and who is there.
    """

    source: str
    work: str
    title: str
    lines: tuple[Line, ...]
    summary: str | None = None
    opening: str | None = None
    show: str | None = None
    labels: tuple[str, ...] = ()
    year: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A piece of plain text, learnt as it is."""

    source: str
    work: str
    text: str


Record = Synopsis | Scene | Text
