"""What every command of training does: quiet its libraries, and tell the end in a sentence or as JSON."""

import json
import logging

import typer


def configure() -> None:
    """Show our own log on standard error, and of the libraries' only what went wrong."""
    logging.basicConfig(format="%(asctime)s %(message)s")
    logging.getLogger("training").setLevel(logging.INFO)
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)  # tells every retry twice
    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)  # recommends kernels each time it is imported
    from transformers.utils import logging as hf_logging  # noqa: PLC0415 -- seconds to import

    hf_logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    hf_logging.disable_progress_bar()  # type: ignore[no-untyped-call]


def report(as_json: bool, sentence: str, **facts: object) -> None:  # noqa: FBT001 – the flag of every command
    """Print ``sentence``, or it and the ``facts`` as one JSON object."""
    typer.echo(json.dumps({"sentence": sentence, **facts}, ensure_ascii=False) if as_json else sentence)
