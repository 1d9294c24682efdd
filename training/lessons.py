"""What records teach: a synopsis becomes pitches, a scene becomes dialogs, scripts and stagings, a text passages."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from random import Random
from typing import Final

from model import briefs
from model.briefs import BadBriefError, DialogBrief, PitchBrief, ScriptBrief, StagingBrief, Theme
from model.drafts import DialogDraft, PitchDraft, ScriptDraft
from model.screenplay import lines
from training.cleaning import Show, sentences, show_of
from training.deduplication import distinct, lend
from training.examples import Entry, Passage, passages
from training.loglines import Rarity, logline
from training.modern import of_our_days
from training.records import Scene, Synopsis, Text
from training.scenes import SPEECH, Page, pages
from training.sources import prose

LeftOut = Counter[str]
_NO_SHOW: Final = "synopsis that makes no show"
_NO_THEME: Final = "show without a theme"
_OLD: Final = "page of archaic talk or dialect"
_UNTOLD: Final = "page of a work nobody summarised"


def shows(synopses: Sequence[Synopsis], left_out: LeftOut) -> list[Show]:
    """Return the clean shows, every work once, with the themes that people gave them."""
    cleaned = [show for synopsis in synopses if (show := show_of(synopsis))]
    left_out[_NO_SHOW] += len(synopses) - len(cleaned)
    kept, doubles = distinct(cleaned)
    left_out.update(doubles)
    return lend(kept, (synopsis for synopsis in synopses if synopsis.keywords))


def pitches(
    kept: Sequence[Show],
    find: Callable[[Sequence[str]], list[tuple[Theme, ...]]],
    *,
    draws: int,
    random: Random,
    left_out: LeftOut,
) -> Iterator[Entry]:
    """Yield up to ``draws`` pitches a show, each with another theme; ``find`` brings those that nobody gave.

    The split goes by the clean title: a work falls on the same side whatever a source calls it.
    """
    bare = [show.summary for show in kept if not show.themes]
    found = dict(zip(bare, find(bare), strict=True))
    for show in kept:
        their = list(show.themes or found[show.summary])
        left_out[_NO_THEME] += not their
        random.shuffle(their)
        for theme in their[:draws]:
            brief = PitchBrief(genre=random.choice(show.genres), theme=theme)
            draft = PitchDraft(title=show.title, summary=show.summary)
            yield Entry(work=show.title, brief=brief, draft=draft, source=show.source)


def staged(
    scenes: Iterable[Scene],
    *,
    words: int,
    speech: int = SPEECH,
    modern: bool = False,
    random: Random,
    left_out: LeftOut,
) -> Iterator[Entry]:
    """Yield dialog, script and staging of every page; a play's summary is a logline made of its telling nouns.

    With ``modern`` pages of archaic talk or dialect are left out.
    """
    found = [(scene, page) for scene in scenes for page in pages(scene, words=words, speech=speech)]
    if modern:
        every, found = len(found), [(scene, page) for scene, page in found if _is_modern(page)]
        left_out[_OLD] += every - len(found)
    untold = [page for scene, page in found if scene.summary is None and page.script]
    rarity = Rarity(" ".join(turn.speech for turn in page.dialog) for page in untold)
    for scene, page in found:
        told = _told(scene, page, rarity, random)
        if told is None:
            left_out[_UNTOLD] += 1
        yield from _page_entries(scene, page, told)


def _is_modern(page: Page) -> bool:
    return of_our_days(lines(page.script.elements if page.script else page.dialog))


def _told(scene: Scene, page: Page, rarity: Rarity, random: Random) -> tuple[str, str] | None:
    text = scene.summary or (logline(page.script, rarity, random) if page.script else None)
    try:
        return (briefs.title(scene.title), _short(text)) if text else None
    except BadBriefError:
        return None


def _short(text: str) -> str:
    """Return the first whole sentences that fit into a brief."""
    kept = ""
    for sentence in sentences(" ".join(text.split())):
        if len(kept) + 1 + len(sentence) > briefs.MAX_SUMMARY:
            break
        kept = f"{kept} {sentence}".strip()
    return briefs.summary(kept)


def _page_entries(scene: Scene, page: Page, told: tuple[str, str] | None) -> Iterator[Entry]:
    if told:
        title, summary = told
        dialog = DialogBrief(title=title, summary=summary)
        yield Entry(work=scene.work, brief=dialog, draft=DialogDraft(page.dialog), source=scene.source)
        if page.script:
            script = ScriptBrief(title=title, summary=summary)
            yield Entry(work=scene.work, brief=script, draft=ScriptDraft(page.script), source=scene.source)
    if page.script:
        try:
            staging = StagingBrief(dialog=page.dialog)
        except BadBriefError:
            return
        yield Entry(work=scene.work, brief=staging, draft=ScriptDraft(page.script), source=scene.source)


def read_on(texts: Iterable[Text], *, words: int) -> Iterator[Passage]:
    """Yield of novels the stretches of whole paragraphs in which people talk, and every other text as it is."""
    for text in texts:
        if text.source != prose.SOURCE.name:
            yield Passage(work=text.work, text=text.text.strip(), source=text.source)
            continue
        for passage in passages(text.work, text.text, words):
            yield Passage(work=passage.work, text=passage.text, source=text.source)
