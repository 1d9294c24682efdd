"""What a person reads when training cannot go on: what is the matter, and what to do."""

import json

from training.embedded.schedule import NothingToLearnError
from training.sources.base import MissingColumnsError, MissingFileError


def sentence(error: BaseException) -> str | None:
    """Return the sentence for an error of preparing or training, or None for another one."""
    match error:
        case MissingFileError():
            return f"{error.path} is not there; docs/training.md lists the files of every data set."
        case MissingColumnsError():
            return f"{error.path} lacks {', '.join(error.columns)}; it must be the file as it was published."
        case NothingToLearnError():
            return f"There is nothing prepared for the task {error}; run: greenlit train prepare --data DATA"
        case json.JSONDecodeError():
            return f"A line of the data is no JSON ({error.msg}); the file may be half downloaded, fetch it anew."
        case _:
            return None
