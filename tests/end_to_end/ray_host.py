"""A local Ray, and in it what ``serve run`` makes of a configuration file; until Ctrl-C. SIGHUP: it has changed.

python ray_host.py CONFIG FOLDER
"""

import signal
import sys
from types import FrameType
from typing import Final

import ray
from ray.serve.scripts import cli

_PLACES: Final = 4  # for replicas, whatever the machine has
_STORE: Final = 80 * 1024 * 1024  # bytes; about the least that Ray takes


def main(config: str, folder: str) -> None:
    def again(_number: int, _frame: FrameType | None) -> None:
        cli(["run", "--non-blocking", config], standalone_mode=False)

    ray.init(num_cpus=_PLACES, include_dashboard=False, object_store_memory=_STORE, _temp_dir=folder)
    signal.signal(signal.SIGHUP, again)
    cli(["run", config])


if __name__ == "__main__":
    main(*sys.argv[1:])
