import asyncio

from starlette.types import Message, Scope

from model import wire
from model.briefs import ScriptBrief
from model.events import KEEP_ALIVE
from model.fake import FakeDecoder
from model.originality import TitleIndex
from model.server import create_app
from model.worker import Worker
from model.writer import Writer

SCOPE: Scope = {"type": "http", "method": "POST", "path": "/v1/drafts", "query_string": b"", "headers": []}
BODY = wire.brief_to_json(ScriptBrief(title="Salt", summary="Two sisters inherit a lighthouse.")).encode()


async def test_silence_is_broken_by_a_sign_of_life_until_the_writing_goes_on() -> None:
    go_on = asyncio.Event()
    worker = Worker(capacity=1)
    worker.open(Writer(FakeDecoder(gate=go_on.wait), TitleIndex.of([])))
    bodies: list[bytes] = []
    asked: list[Message] = [{"type": "http.request", "body": BODY, "more_body": False}]

    async def receive() -> Message:
        return asked.pop() if asked else await asyncio.Future()

    async def send(message: Message) -> None:
        bodies.append(message.get("body", b""))
        if bodies[-1] == KEEP_ALIVE:
            go_on.set()

    app = create_app(worker, token=None, status=worker.status, dresser=lambda: worker.dresser, keep_alive=0.001)
    await app(SCOPE, receive, send)
    assert KEEP_ALIVE in bodies
    assert bodies[-2].startswith(b"event: finished\n")
    assert bodies[-1] == b""
