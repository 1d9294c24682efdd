"""``transformers.generate``, one request after the other, fp32."""

from functools import partial

from benchmarks.worker.rivals.serving import serve
from benchmarks.worker.rivals.transformers_batched import load

if __name__ == "__main__":
    serve(__doc__, partial(load, most=1))
