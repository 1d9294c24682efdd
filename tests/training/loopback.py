"""A web server on the loopback that has files, and misbehaves as real ones do when it is told to."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


@dataclass(slots=True)
class Shelf:
    """What our server has, how it misbehaves at the next requests, and what it was asked for."""

    files: dict[str, bytes] = field(default_factory=dict)
    version: str = '"1"'
    statuses: list[int] = field(default_factory=list)
    cuts: list[int] = field(default_factory=list)  # break off after so many bytes
    ranges: list[str] = field(default_factory=list)  # one for every request
    url: str = ""


def _handler(shelf: Shelf) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Keep quiet."""

        def do_GET(self) -> None:
            shelf.ranges.append(self.headers.get("Range", ""))
            content = shelf.files.get(self.path)
            status = shelf.statuses.pop(0) if shelf.statuses else 200 if content is not None else 404
            if status != 200 or content is None:
                self.send_error(status)
                return
            self._send(content)

        def _send(self, content: bytes) -> None:
            start = 0
            if self.headers.get("If-Range") == shelf.version:
                start = int(self.headers["Range"].removeprefix("bytes=").rstrip("-"))
            if start >= len(content):
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(content)}")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self.send_response(206 if start else 200)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
            if shelf.version:
                self.send_header("ETag", shelf.version)
            self.send_header("Content-Length", str(len(content) - start))
            self.end_headers()
            self.wfile.write(content[start:][: shelf.cuts.pop(0) if shelf.cuts else None])

    return Handler


@contextmanager
def serving(shelf: Shelf) -> Iterator[Shelf]:
    """Serve the shelf at ``shelf.url``."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _handler(shelf)) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        shelf.url = f"http://127.0.0.1:{server.server_address[1]}"
        try:
            yield shelf
        finally:
            server.shutdown()
            thread.join()
