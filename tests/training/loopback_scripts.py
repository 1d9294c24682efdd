"""A site of ours on 127.0.0.1 in IMSDb's page layout, with screenplays that nobody wrote before."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Final
from urllib.parse import quote, unquote

ROBOTS: Final = "User-agent: *\nDisallow: /scripts/Forbidden-Key.html\nDisallow: /genre/Secret\n"

TYPED: Final = """\
                          THE BRASS KEY

                            Written by
                              Nobody

<b>1    INT. KITCHEN - NIGHT                                  1
</b>
     A lamp burns. ANNA (40) puts the kettle on and looks
     at the door.

<b>                              ANNA (V.O.)
</b>               Who was it that took the key from
               the drawer?
                         (beat)
               Not the cat.

                                                            2.

<b>2    EXT. GARDEN - DAY                                     2
</b>
     Ben digs.

<b>                              BEN
</b>               It was never in the house. Dig{dash}there.

"""


def screenplay(number: int, dash: str = " ") -> str:
    """Return the inside of a ``<pre>``, another one for every number."""
    return "".join(TYPED.replace("{dash}", dash).replace("kettle", f"kettle {number}-{part}") for part in range(3))


@dataclass(slots=True)
class Film:
    """A film of the site; ``script`` is the whole body of its script page."""

    title: str
    genres: tuple[str, ...]
    script: bytes
    status: int = 200

    @property
    def path(self) -> str:
        """Where the script is."""
        return f"/scripts/{self.title.replace(' ', '-').replace(',', '')}.html"


def page(typed: str, encoding: str = "utf-8") -> bytes:
    """Return a script page as the site has it, furniture about the ``<pre>`` and all."""
    html = (
        '<html><head><meta charset="utf-8"><title>Script</title></head><body><table><tr><td>All Scripts</td></tr>'
        f'</table><table><tr><td class="scrtext"><pre>{typed}</pre><table class="script-details"><tr>'
        "<td>Genres: Drama</td></tr></table></td></tr></table></body></html>"
    )
    return html.encode(encoding)


def films() -> list[Film]:
    """Return the films: three that are whole, and one of every trouble."""
    return [
        Film("Brass Key, The", ("Comedy", "Drama"), page(screenplay(1))),
        Film("Rain on Tuesday", ("Comedy",), page(screenplay(2, "\u2014"), "cp1252")),
        Film("A Goat for Two", ("Drama",), page(screenplay(3))),
        Film("Forbidden Key", ("Comedy",), page(screenplay(4))),
        Film("Notice Only", ("Drama",), page("This script was removed.")),
        Film("Goat Again", ("Drama",), page(screenplay(3))),
        Film("Always Broken", ("Drama",), b"broken", status=500),
    ]


@dataclass(slots=True)
class Site:
    """The site: what was asked of it, and a way to keep an asker waiting."""

    films: list[Film] = field(default_factory=films)
    asked: Counter[str] = field(default_factory=Counter)
    agents: set[str] = field(default_factory=set)
    hold: str = ""
    held: Event = field(default_factory=Event)
    release: Event = field(default_factory=Event)
    address: str = ""

    def answer(self, path: str) -> tuple[int, str, bytes]:
        """Return status, content type and body of a page."""
        self.asked[path] += 1
        if path == self.hold:
            self.held.set()
            self.release.wait(30)
        if path == "/robots.txt":
            return 200, "text/plain", ROBOTS.encode()
        for film in self.films:
            if path == film.path:
                return film.status, "text/html", film.script
            if path == f"/Movie Scripts/{film.title} Script.html":
                return 200, "text/html", _details(film).encode()
        listed = [
            film for film in self.films if path == "/all-scripts.html" or path.removeprefix("/genre/") in film.genres
        ]
        known = path in {"/all-scripts.html", "/genre/Empty"} or listed
        return (200, "text/html", _list(listed).encode()) if known else (404, "text/html", b"not here")


def _list(listed: list[Film]) -> str:
    rows = "".join(f'<p><a href="/Movie Scripts/{film.title} Script.html">{film.title}</a><br></p>' for film in listed)
    away = '<a href="http://elsewhere.invalid/Movie Scripts/Away Script.html">Away</a>' if listed else ""
    return f"<html><body>{away}{rows}</body></html>"


def _details(film: Film) -> str:
    genres = "".join(f'<a href="/genre/{genre}" title="{genre} Scripts">{genre}</a>&nbsp;' for genre in film.genres)
    return (
        '<html><body><a href="/genre/Action">Action</a><table class="script-details"><tr><td>'
        f"<h1>{film.title}</h1></td></tr><tr><td><b>Writers</b>"
        f' <a href="/writer.php?w=Ada Quill" title="x">Ada Quill</a><br><b>Genres</b> {genres}<br>'
        f'<a href="{quote(film.path)}">Read "{film.title}" Script</a></td></tr></table></body></html>'
    )


@contextmanager
def serving(site: Site) -> Iterator[Site]:
    """Serve the site while the block runs; its ``address`` says where."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            site.agents.add(self.headers.get("User-Agent", ""))
            status, kind, body = site.answer(unquote(self.path))
            try:
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            except OSError:  # the asker was killed
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            """Keep the test's output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    site.address = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield site
    finally:
        site.release.set()
        server.shutdown()
        thread.join()
        server.server_close()
