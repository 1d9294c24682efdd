from model.decoder import Halt, Sampling
from model.fake import FakeDecoder
from model.tasks import Span


async def test_the_double_does_not_grow_with_every_call() -> None:
    decoder = FakeDecoder(["a word"])
    for seed in range(300):
        async for _ in decoder.decode((Span("TITLE:"),), [seed], Sampling(), Halt()):
            pass
    assert 0 < len(decoder.asked) <= 100
    assert decoder.asked[-1] == (299,)
