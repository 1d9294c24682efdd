"""Collects the screenplays of imsdb.com slowly and once each: a Scrapy spider in a process of its own.

A resumed crawl needs the rows that are written already and an HTTP cache of film pages. Scrapy's JOBDIR is not used:
killed hard, it takes pages for seen whose links it has lost.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlsplit

from filelock import FileLock, Timeout
from scrapy import Request, Spider
from scrapy.crawler import CrawlerProcess
from scrapy.exceptions import CloseSpider, IgnoreRequest
from scrapy.extensions.httpcache import DummyPolicy
from scrapy.http import Response, TextResponse
from scrapy.selector import SelectorList
from scrapy.spidermiddlewares.httperror import HttpError
from twisted.python.failure import Failure

from training import shelf
from training.shelf import Shelf
from training.sources.imsdb import FILE

SITE: Final = "https://imsdb.com"
_PATIENCE: Final = 10  # pages in a row that do not come
_MONTH: Final = 30 * 24 * 3600
_CONTACT: Final = re.compile(r"[!-~]+@[!-~]+\.[!-~]+|https?://[!-~]+")


class CrawlError(Exception):
    """The screenplays cannot be collected; ``about`` is the address, folder or value that it is about."""

    def __init__(self, about: str) -> None:
        super().__init__(about)
        self.about = about


class BadContactError(CrawlError):
    """The contact is neither an e-mail address nor a web address."""


class CrawlRunningError(CrawlError):
    """Another crawl is writing to this folder."""


class UnreachablePageError(CrawlError):
    """The page from which to start, or ten pages in a row, did not come."""


class ForbiddenPageError(CrawlError):
    """robots.txt forbids the page from which to start."""


class NoFilmsListedError(CrawlError):
    """The page from which to start lists no film: another site, or another layout."""


class CrawlBrokenError(CrawlError):
    """The crawl ended for a reason that nobody foresaw; the log on standard error says more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What to collect and how; ``genres`` as the site names them, or none for its whole list."""

    site: str
    genres: tuple[str, ...]
    limit: int | None
    contact: str
    delay: float

    @property
    def lists(self) -> list[str]:
        """The pages from which to start."""
        return [f"{self.site}/genre/{quote(genre)}" for genre in self.genres] or [f"{self.site}/all-scripts.html"]


def crawl(
    folder: Path,
    *,
    site: str = SITE,
    genres: Sequence[str] = (),
    limit: int | None = None,
    contact: str,
    delay: float = 2.0,
) -> int:
    """Collect screenplays into ``folder/screenplays.jsonl`` until it holds ``limit``, and return how many it holds.

    ``contact`` is how the site reaches you, ``delay`` seconds between two pages. Stopped at any moment, it goes on
    where it was when called again.

    Raises:
        CrawlError: one of its kinds, see their docstrings.
    """
    if not _CONTACT.fullmatch(contact):
        raise BadContactError(contact)
    if not site.startswith(("http://", "https://")):
        raise UnreachablePageError(site)
    folder.mkdir(parents=True, exist_ok=True)
    order = Order(site=site.rstrip("/"), genres=tuple(genres), limit=limit, contact=contact, delay=delay)
    with subprocess.Popen(command(folder, order), stdout=subprocess.PIPE, env=_environment()) as child:  # noqa: S603 - ourselves
        told, _ = child.communicate()
    if child.returncode:
        raise CrawlBrokenError(str(child.returncode))
    problem, about = json.loads(told)
    if problem:
        raise {kind.__name__: kind for kind in CrawlError.__subclasses__()}[problem](about)
    return shelf.count(folder / FILE)


def command(folder: Path, order: Order) -> list[str]:
    """Return the command that crawls in a process of its own and writes ``[problem or null, about]`` at its end."""
    return [sys.executable, "-m", "training.spider", str(folder.resolve()), json.dumps(asdict(order))]


def _environment() -> dict[str, str]:
    paths = (str(Path(__file__).resolve().parents[1]), os.environ.get("PYTHONPATH"))
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}


class Pages(DummyPolicy):
    """What is cached: every page but robots.txt, which may change."""

    def should_cache_request(self, request: Request) -> bool:
        """Say whether the answer to ``request`` is kept."""
        return super().should_cache_request(request) and urlsplit(request.url).path != "/robots.txt"


class Screenplays(Spider):
    """From the lists to the films, from a film to its script."""

    name = "screenplays"

    def __init__(self, order: Order, kept: Shelf) -> None:
        super().__init__(allowed_domains=[urlsplit(order.site).hostname])
        self.order, self.shelf = order, kept
        self.problem: tuple[str, str] | None = None
        self._missed = 0

    async def start(self) -> AsyncIterator[Request]:
        """Yield the lists; they are always asked for anew."""
        for address in self.order.lists if not self.shelf.full else ():
            yield Request(address, self.films, errback=self.no_list, meta={"dont_cache": True}, priority=2)

    def films(self, response: Response) -> Iterator[Request]:
        """Follow every film of a list."""
        links = response.css('a[href*="/Movie Scripts/"], a[href*="/Movie%20Scripts/"]')
        if not links:
            self._stop(NoFilmsListedError, response.url)
        for link in links:
            yield response.follow(link.attrib["href"], self.film, errback=self.missed)

    def film(self, response: Response) -> Iterator[Request]:
        """Follow a film to its script, unless that is on the shelf."""
        self._missed = 0
        details = response.css("table.script-details")
        row = {
            "title": " ".join((details.css("h1::text").get() or "").split()),
            "genres": _names(details, "/genre/"),
            "writers": _names(details, "writer.php"),
        }
        for link in details.css('a[href*="/scripts/"][href$=".html"]')[:1]:
            asked = response.follow(link.attrib["href"], self.script, errback=self.missed, priority=1)
            if not self.shelf.has(asked.url):
                yield asked.replace(cb_kwargs={"row": {**row, "url": asked.url}}, meta={"dont_cache": True})

    def script(self, response: Response, row: dict[str, Any]) -> None:
        """Put the script on the shelf, if the page has one."""
        self._missed = 0
        if text := shelf.typed(response.body) if isinstance(response, TextResponse) else "":
            self.shelf.add({**row, "text": text})
        if self.shelf.full:
            raise CloseSpider("limit")

    def no_list(self, failure: Failure) -> None:
        """End the crawl: without its lists it would be partial, and nobody would know."""
        self._stop(UnreachablePageError if _lost(failure) else ForbiddenPageError, _address(failure))

    def missed(self, failure: Failure) -> None:
        """Pass over a page that does not come; the next crawl asks for it again."""
        self._missed += _lost(failure)
        if self._missed >= _PATIENCE:
            self._stop(UnreachablePageError, _address(failure))

    def _stop(self, problem: type[CrawlError], about: str) -> None:
        self.problem = (problem.__name__, about)
        raise CloseSpider(problem.__name__)


def _lost(failure: Failure) -> bool:  # what robots.txt forbids is not
    return isinstance(failure.value, HttpError) or not isinstance(failure.value, IgnoreRequest)


def _address(failure: Failure) -> str:
    request: Request = failure.request  # type: ignore[attr-defined]  # Scrapy puts it there
    return request.url


def _names(details: SelectorList, part: str) -> list[str]:
    found = details.css(f'a[href*="{part}"]::text').getall()
    return list(dict.fromkeys(name for name in (" ".join(text.split()) for text in found) if name))


def _settings(folder: Path, order: Order) -> dict[str, Any]:
    return {
        "USER_AGENT": f"GreenLIT (+{order.contact})",
        "ROBOTSTXT_OBEY": True,
        "ROBOTSTXT_USER_AGENT": "GreenLIT",
        "CONCURRENT_REQUESTS": 1,
        "DOWNLOAD_DELAY": order.delay,
        "AUTOTHROTTLE_ENABLED": True,
        "AUTOTHROTTLE_START_DELAY": order.delay,
        "HTTPCACHE_ENABLED": True,
        "HTTPCACHE_DIR": str(folder / ".pages"),
        "HTTPCACHE_EXPIRATION_SECS": _MONTH,
        "HTTPCACHE_GZIP": True,
        "HTTPCACHE_IGNORE_HTTP_CODES": [*range(400, 600)],
        "HTTPCACHE_POLICY": Pages,
        "COOKIES_ENABLED": False,
        "TELNETCONSOLE_ENABLED": False,
        "LOG_LEVEL": "WARNING",
    }


def _run(folder: Path, order: Order) -> tuple[str, str] | None:
    try:
        with FileLock(folder / ".lock", timeout=0), closing(Shelf.opened(folder / FILE, order.limit)) as kept:
            process = CrawlerProcess(_settings(folder, order))
            crawler = process.create_crawler(Screenplays)
            process.crawl(crawler, order=order, kept=kept)
            process.start()
    except Timeout:
        return CrawlRunningError.__name__, str(folder)
    spider = crawler.spider
    return spider.problem if isinstance(spider, Screenplays) else (CrawlBrokenError.__name__, str(folder))


if __name__ == "__main__":
    _folder, _order = Path(sys.argv[1]), json.loads(sys.argv[2])
    _told = _run(_folder, Order(**{**_order, "genres": tuple(_order["genres"])}))
    sys.stdout.write(json.dumps(_told or (None, None)))
