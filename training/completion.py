"""The last-20-words task: a text is cut before its end, the model completes it, and the true end is the measure.

The lyrics original scored this with "BLEU", handing NLTK strings where it wants lists of words: every character of the
true end became a reference of its own. What it measured is the share of different characters in common, to the power of
a quarter, so that unrelated text gets about 0.67, a perfect copy 0.74 and " I." nearly 1. That figure stands in the
table as ``original_metric``, with its floor and ceiling, only to show that it says nothing.
"""

import re
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from random import Random
from statistics import mean
from typing import Final

from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF
from tqdm import tqdm

from model.decoder import Decoder, Halt, Sampling
from model.tasks import Span
from training.examples import Example
from training.judging import finished
from training.sources.lyrics import hold_out

SAMPLING: Final = Sampling(temperature=0.8, top_p=0.9, max_tokens=160)
_ORDERS: Final = 10
_ROOM: Final = 2  # a text may have so many times the words held out before it is cut
_SENTENCE: Final = re.compile(r".*?[.!?…][\"')]*(?= |$)")
Figures = dict[str, float]


@dataclass(frozen=True, slots=True)
class Held:
    """A text without its end, and the end."""

    beginning: str
    ending: str


def held(examples: Sequence[Example], words: int = 20) -> list[Held]:
    """Return the texts long enough to lose their last ``words``, each once."""
    cut = (hold_out(example.completion, words) for example in examples)
    return list(dict.fromkeys(Held(*parts) for parts in cut if parts))


async def complete(
    decoder: Decoder,
    texts: Sequence[Held],
    *,
    fit: Callable[[str], str] = str,
    words: int = 20,
    sampling: Sampling = SAMPLING,
    seed: int = 0,
) -> list[str]:
    """Return what ``decoder`` writes after each beginning, until there are words enough and a sentence's end.

    ``fit`` shortens a beginning to what the model can read. The same seed gives the same texts.

    Raises:
        PromptTooLongError: a beginning leaves no room to write.
    """
    written = []
    for number, text in enumerate(tqdm(texts, desc="completing", unit="text", disable=None, leave=False)):
        prompt = fit(text.beginning)
        written.append(await _completed(decoder, prompt, words, sampling, seed + number))
    return written


async def _completed(decoder: Decoder, beginning: str, words: int, sampling: Sampling, seed: int) -> str:
    halt, text = Halt(), ""
    async with aclosing(decoder.decode((Span(beginning, foreign=True),), [seed], sampling, halt)) as chunks:
        async for chunk in chunks:
            text += chunk.text
            if _enough(text, words):
                halt.rows.add(0)
    return text


def _enough(text: str, words: int) -> bool:
    count = len(text.split()) - 1  # the last may grow
    return count >= _ROOM * words or (count >= words and finished(" ".join(text.split()[:-1])))


def to_words(text: str, words: int) -> str:
    """Return the first ``words`` words of ``text``, parted by single spaces."""
    return " ".join(text.split()[:words])


def to_sentence(text: str, words: int) -> str:
    """Return ``text`` up to the end of a sentence: the first with ``words`` words, or the last with fewer.

    Without any it is cut like :func:`to_words`.
    """
    plain = " ".join(text.split())
    ended = ""
    for sentence in _SENTENCE.finditer(plain):
        ended = plain[: sentence.end()]
        if len(ended.split()) >= words:
            break
    return ended.strip() or to_words(text, words)


def completion_figures(written: Sequence[str], texts: Sequence[Held], *, words: int = 20, seed: int = 0) -> Figures:
    """Return chrF and token BLEU (0–100) of what was written against the true ends; nothing without any.

    Beside them the ``_floor`` (the same texts against the ends of others, the mean of up to ten orders: what is above
    it was read out of the beginning) and the ``_ceiling`` (the true end itself); and both scores of the text up to a
    sentence's end. A single text has no floor. Who stops early scores low: see ``completion_words``.
    """
    if not written:
        return {}
    true = [to_words(text.ending, words) for text in texts]
    cut = [to_words(text, words) for text in written]
    sentences = [to_sentence(text, words) for text in written]
    orders = _orders(true, seed)
    return {
        "completions": len(written),
        "completion_words": round(mean(len(text.split()) for text in cut), 1),
        "completions_ended": round(mean(map(finished, sentences)), 3),
        **_scores(cut, true),
        **_named("to_sentence", _corpus(sentences, true)),
        **_named("floor", _mean([_scores(cut, others) for others in orders])),
        **_named("to_sentence_floor", _mean([_corpus(sentences, others) for others in orders])),
        **_named("ceiling", _scores(true, true)),
    }


def _named(suffix: str, figures: Figures) -> Figures:
    return {f"{name}_{suffix}": figure for name, figure in figures.items()}


def _mean(every: Sequence[Figures]) -> Figures:
    return {name: round(mean(figures[name] for figures in every), 3) for name in every[0]} if every else {}


def _scores(written: Sequence[str], true: Sequence[str]) -> Figures:
    by_sentence = BLEU(tokenize="13a", effective_order=True)
    each = [by_sentence.sentence_score(text, [end]).score for text, end in zip(written, true, strict=True)]
    original = [original_metric(text, end) for text, end in zip(written, true, strict=True)]
    return {
        **_corpus(written, true),
        "sentence_bleu": round(mean(each), 3),
        "original_metric": round(mean(original), 3),
    }


def _corpus(written: Sequence[str], true: Sequence[str]) -> Figures:
    return {
        "chrf": round(CHRF().corpus_score(written, [true]).score, 3),
        "bleu": round(BLEU(tokenize="13a").corpus_score(written, [true]).score, 3),
    }


def _orders(true: Sequence[str], seed: int) -> list[list[str]]:
    """Return the ends in other orders, each at the place of another text in every one."""
    order = list(range(len(true)))
    Random(seed).shuffle(order)  # noqa: S311 -- no secret
    orders = []
    for shift in range(1, min(len(true), _ORDERS + 1)):
        moved = dict(zip(order, [*order[shift:], *order[:shift]], strict=True))
        orders.append([true[moved[place]] for place in range(len(true))])
    return orders


def original_metric(written: str, true: str) -> float:
    """Return what the lyrics original called BLEU: (different characters in common ÷ characters written) ** ¼."""
    return (len(set(written) & set(true)) / len(written)) ** 0.25 if written else 0.0
