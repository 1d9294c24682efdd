"""The model card: data, recipe and scores as they were, in plain words, beside the weights."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from training.embedded.recipe import Recipe

_TEXT: Final = """---
license: mit
library_name: transformers
pipeline_tag: text-generation
language: en
---

# {title}

A small language model that pitches shows that do not exist and writes their first page. It ships with GreenLIT so
that everything works at the first start, without a download and without a GPU. It is small: read the limits before you
judge your community's taste by it.

A stock `LlamaForCausalLM` of {parameters:,} parameters ({layers} layers, width {width}, {heads} heads, feed-forward
{hidden}, tied embeddings) with a byte-level BPE vocabulary of {vocabulary:,} tokens. Trained from random weights; no
other model's weights or texts went in, but for the themes, which KeyBERT chose with all-MiniLM-L6-v2.

It knows the four tasks of `model/tasks.py` in exactly that text, and nothing else. `<|end|>` ends every completion;
nothing is added before a prompt. Rows were {row} tokens long: the {context:,} positions it declares work, but what
lies beyond {row} was never practised.

```python
from transformers import AutoModelForCausalLM, AutoTokenizer

model = AutoModelForCausalLM.from_pretrained("model/embedded")
tokenizer = AutoTokenizer.from_pretrained("model/embedded")
prompt = tokenizer("GENRE: comedy\\nTHEME: time travel\\nTITLE:", return_tensors="pt")
print(tokenizer.decode(model.generate(**prompt, max_new_tokens=120)[0]))
```

## Data

What was prepared; the run read about as much of each task as its share of the mix gives
(`training/embedded/recipe.py`).

| what | used for | works | entries | tokens |
|---|---|---|---|---|
{data}

- **Catalogues** of Netflix, Prime Video, Hulu and Disney+ (2021; CC0 as published on Kaggle) and the leads of
  **Wikipedia's film articles** that tell a plot (CC BY-SA 3.0, by its editors): title, genres and the whole sentences
  that tell the story, 8–60 words. Left out: fitness, stand-up, concerts, news, "Special Interest", descriptions that
  name their cast, advertise, or are not English. Each show brings up to {draws} pitches, each with one of its genres
  and another theme, found by KeyBERT.
- **Plays** in the US public domain, mostly 1880–1929 (Standard Ebooks, Project Gutenberg texts without their
  trademark), cut to pages of at most {words} words. Everybody got a given name of today (one of the {names} most
  frequent of each sex; US Social Security counts, public domain), the same through a whole play; headings were read
  out of the opening directions; titles are the plays'. The summary of a page is a template filled with its most
  telling nouns: no person wrote one. Dialect, archaic talk and strong language were left out.
- **Prose** in the US public domain (1890–1963), stretches in which people talk, mostly in the first part of the run.
  A few authors of plays and prose are still protected outside the US, where the term is life plus 70 years.
- One work in 32 (by a hash of its title) was held out whole; the scores below are on those.
- `genres.json` holds words with what they speak for a genre, counted over the training pitches: the writer finishes
  beginnings that fit their genre.
- `titles.trie` holds the keys of existing titles (facts), so that the writer does not pitch them.

A hash of all entries, their counts per source, and the SHA-256 of every file here stand in `manifest.json`.

## Recipe

Entries packed into rows of {row} tokens without padding; no entry sees another; {cut:.0%} of the pieces are the rest
of an entry that was cut (long stagings, mostly). The loss is taken on completions only (all of the prose). Muon for
the matrices ({matrix_rate}), AdamW for embedding and norms ({vector_rate}), rates up over {warm_up:.0%}, flat, then
down linearly to {floor:.0%} over the last {cool_down:.0%}. bf16 computation over fp32 weights, {batch:,} tokens a step.

{steps:,} steps over everything, then {polish_steps:,} from {polish_share:.0%} of the peak rates down over the best
entries (`polish.py`: summaries that tell the story and do not speak of a film, pages on which two or three people with
names answer each other). {positions:,} tokens read ({scored:,} of them predicted), {minutes:.0f} minutes on **one CPU
thread** of a shared machine. Every number is a field of `training/embedded/recipe.py`; make it anew, in an environment
with the `training` extra, with

```sh
OMP_NUM_THREADS=1 MALLOC_MMAP_THRESHOLD_=33554432 MALLOC_TRIM_THRESHOLD_=4000000000 python -c \\
  "from pathlib import Path; from training.embedded.make import make
make(Path('DATA'), Path('WORK'), Path('model/embedded'))"
```

`DATA` has the folders `streaming`, `wikipedia-movies`, `plays`, `prose`, `ssa-names` and `titles`; a killed run goes
on where it was.

## Scores

Held-out works, bits per byte of what the model is to write (uniform bytes would cost 8):

| {tasks} |
|{rules}|
| {bits} |

{written}
{limits}"""

_WRITTEN: Final = """What it writes to the briefs of held-out shows with fixed seeds, beside what people wrote there
(`python -m benchmarks.writing.run`; every model with the writer of this version: the raw rows are without its rules):

| | {names} | people |
|---|{rules}---|
{rows}

"""


def card(
    recipe: Recipe,
    *,
    parameters: int,
    prepared: Mapping[str, Any],
    receipts: Sequence[Mapping[str, Any]],
    scores: Mapping[str, float],
    written: Mapping[str, Any] | None = None,
    limits: str = "",
) -> str:
    """Return the model card as Markdown.

    ``limits`` is its last section, ``written`` what ``benchmarks/writing`` found.
    """
    return _TEXT.format(
        **{name: getattr(recipe, name) for name in recipe.__dataclass_fields__ if name != "name"},
        title=recipe.name,
        **{name: getattr(recipe.preparation, name) for name in ("draws", "words", "names")},
        batch=recipe.row * recipe.micro_batch * recipe.accumulate,
        parameters=parameters,
        data=_data(prepared),
        cut=receipts[0]["cut"],
        positions=sum(receipt["positions"] for receipt in receipts),
        scored=sum(receipt["scored"] for receipt in receipts),
        minutes=sum(receipt["seconds"] for receipt in receipts) / 60,
        tasks=" | ".join(scores),
        rules="---|" * (len(scores) - 1) + "---",
        bits=" | ".join(f"{bits:.2f}" for bits in scores.values()),
        written=_written(written),
        limits=limits,
    )


def _data(prepared: Mapping[str, Any]) -> str:
    rows = []
    for split in ("train", "fine", "held-out"):
        for name, facts in prepared.items():
            if name.startswith(f"{split}."):
                counts = " | ".join(f"{facts[count]:,}" for count in ("works", "entries", "positions"))
                rows.append(f"| {name.partition('.')[2]} | {split} | {counts} |")
    return "\n".join(rows)


def _written(written: Mapping[str, Any] | None) -> str:
    if not written:
        return ""
    models, people = written["models"], written["held-out works"]
    labels = dict.fromkeys(label for figures in models.values() for label in figures)
    rows = []
    for label in labels:
        cells = [str(figures.get(label, "")) for figures in (*models.values(), people)]
        rows.append(f"| {label} | {' | '.join(cells)} |")
    return _WRITTEN.format(names=" | ".join(models), rules="---|" * len(models), rows="\n".join(rows))
