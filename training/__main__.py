"""``python -m training watch``: the same as ``greenlit train watch``, without the front door."""

import sys

from training.commands import app
from training.sentences import sentence


def main() -> None:
    """Run a command of training; its errors become sentences."""
    try:
        app()
    except Exception as error:
        told = sentence(error)
        if told is None:
            raise
        sys.stderr.write(f"{told}\n")
        raise SystemExit(1) from error


if __name__ == "__main__":
    main()
