"""The spider against a site of ours: polite, complete, and the same after a kill."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.training.loopback_scripts import Site, page, screenplay, serving
from training import shelf, spider
from training.shelf import Shelf
from training.sources import imsdb
from training.spider import (
    BadContactError,
    CrawlBrokenError,
    CrawlError,
    CrawlRunningError,
    ForbiddenPageError,
    NoFilmsListedError,
    Order,
    UnreachablePageError,
)

CONTACT = "room@example.org"


@pytest.fixture
def site() -> Iterator[Site]:
    with serving(Site()) as served:
        yield served


def rows(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / imsdb.FILE).read_text(encoding="utf-8").splitlines()]


def test_a_crawl_keeps_every_screenplay_once_with_its_layout_and_genres(site: Site, tmp_path: Path) -> None:
    assert spider.crawl(tmp_path, site=site.address, contact=CONTACT, delay=0) == 3
    kept = {row["title"]: row for row in rows(tmp_path)}
    assert len(kept) == 3
    key = kept["Brass Key, The"]
    assert key["genres"] == ["Comedy", "Drama"]
    assert key["writers"] == ["Ada Quill"]
    assert key["url"] == f"{site.address}/scripts/Brass-Key-The.html"
    assert "\n                              ANNA (V.O.)\n               Who was it" in key["text"]
    assert "Genres:" not in key["text"]
    assert "Dig\u2014there" in kept["Rain on Tuesday"]["text"]  # bytes of Windows on a page that says UTF-8
    assert site.asked["/scripts/Forbidden-Key.html"] == 0
    assert site.asked["/scripts/Always-Broken.html"] == 3  # twice more, then passed over
    assert site.agents == {f"GreenLIT (+{CONTACT})"}
    assert {scene.opening for scene in imsdb.read(tmp_path)} == {"INT. KITCHEN - NIGHT", "EXT. GARDEN - DAY"}


def test_a_crawl_killed_in_the_middle_goes_on_where_it_was(site: Site, tmp_path: Path) -> None:
    site.hold = "/scripts/A-Goat-for-Two.html"
    order = Order(site=site.address, genres=("Drama",), limit=None, contact=CONTACT, delay=0)
    with subprocess.Popen(spider.command(tmp_path, order), stdout=subprocess.DEVNULL) as child:
        assert site.held.wait(30)
        with pytest.raises(CrawlRunningError):
            spider.crawl(tmp_path, site=site.address, contact=CONTACT, delay=0)
        child.kill()
    site.hold = ""
    site.release.set()
    with (tmp_path / imsdb.FILE).open("ab") as torn:
        torn.write(b'{"title": "cut of')
    assert spider.crawl(tmp_path, site=site.address, genres=["Drama"], contact=CONTACT, delay=0) == 2
    assert sorted(row["title"] for row in rows(tmp_path)) in (
        ["A Goat for Two", "Brass Key, The"],
        ["Brass Key, The", "Goat Again"],  # the same text under two names: whichever came first
    )
    assert site.asked["/Movie Scripts/Brass Key, The Script.html"] == 1  # from the cache
    assert site.asked["/robots.txt"] == 2  # never from the cache


def test_a_full_shelf_asks_for_nothing_more(site: Site, tmp_path: Path) -> None:
    assert spider.crawl(tmp_path, site=site.address, limit=1, contact=CONTACT, delay=0) == 1
    before = site.asked.total()
    assert spider.crawl(tmp_path, site=site.address, limit=1, contact=CONTACT, delay=0) == 1
    assert site.asked.total() == before


@pytest.mark.parametrize(
    ("genre", "error"),
    [("Secret", ForbiddenPageError), ("Comdy", UnreachablePageError), ("Empty", NoFilmsListedError)],
)
def test_a_crawl_that_cannot_begin_says_why(site: Site, tmp_path: Path, genre: str, error: type[CrawlError]) -> None:
    with pytest.raises(error) as raised:
        spider.crawl(tmp_path, site=site.address, genres=[genre], contact=CONTACT, delay=0)
    assert raised.value.about == f"{site.address}/genre/{genre}"


@pytest.mark.parametrize("contact", ["", "me", "a b@example.org", "room@example.org\r\nX: y"])
def test_nobody_crawls_without_saying_who_they_are(tmp_path: Path, contact: str) -> None:
    with pytest.raises(BadContactError):
        spider.crawl(tmp_path / "never", contact=contact)
    assert not (tmp_path / "never").exists()


def test_an_address_that_is_none_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(UnreachablePageError):
        spider.crawl(tmp_path, site="imsdb.com", contact=CONTACT)


def test_a_crawl_that_breaks_for_another_reason_says_so(site: Site, tmp_path: Path) -> None:
    (tmp_path / imsdb.FILE).write_text("no row\n", encoding="utf-8")
    with pytest.raises(CrawlBrokenError):
        spider.crawl(tmp_path, site=site.address, contact=CONTACT, delay=0)
    assert (tmp_path / imsdb.FILE).read_text(encoding="utf-8") == "no row\n"


def test_a_shelf_drops_the_row_that_a_kill_cut_off(tmp_path: Path) -> None:
    file = tmp_path / imsdb.FILE
    whole = json.dumps({"url": "a", "text": "one"}) + "\n"
    file.write_text(whole + '{"url": "b", "te', encoding="utf-8")
    kept = Shelf.opened(file, None)
    kept.add({"url": "c", "text": " one"})
    kept.add({"url": "b", "text": "two"})
    kept.close()
    assert [row["url"] for row in rows(tmp_path)] == ["a", "b"]
    assert shelf.count(file) == 2
    assert shelf.count(tmp_path / "none.jsonl") == 0


def test_a_page_without_pre_is_read_by_its_breaks() -> None:
    lines = "<br>".join(f"ANNA {number}<p>Where is key {number}?" for number in range(60))
    html = f'<td class="scrtext"><script>var x = 1</script>{lines}<table><tr><td>Writers</td></tr></table></td>'
    typed = shelf.typed(f"<table><tr>{html}</tr></table>".encode())
    assert "ANNA 1\nWhere is key 1?\nANNA 2" in typed
    assert "var x" not in typed
    assert "Writers" not in typed


def test_a_notice_is_no_screenplay() -> None:
    assert shelf.typed(page("Removed.")) == ""
    assert shelf.typed(page(screenplay(1))).lstrip().startswith("THE BRASS KEY")
