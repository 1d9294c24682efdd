from collections.abc import Callable
from pathlib import Path

import pytest

from tests.training.invented import library
from training import archives
from training.archives import AmbiguousFolderError, NoSourceError, located, unpacked
from training.sources.base import Source

SHARED = Path(__file__).parents[2] / "../shared/data"


def test_sources_are_found_by_the_name_of_their_folder(tmp_path: Path) -> None:
    folder = library(tmp_path)
    assert located(folder) == {name: folder / name for name in ("plays", "prose", "streaming")}


def test_sources_are_found_by_their_files(tmp_path: Path) -> None:
    folder = library(tmp_path)
    (folder / "plays").rename(folder / "archive")
    assert located(folder)["plays"] == folder / "archive"


def test_the_data_may_be_a_single_source(tmp_path: Path) -> None:
    folder = library(tmp_path) / "streaming"
    assert located(folder) == {"streaming": folder}


def test_a_folder_without_sources_is_refused(tmp_path: Path) -> None:
    (tmp_path / "holiday").mkdir()
    with pytest.raises(NoSourceError):
        located(tmp_path)


@pytest.fixture
def twins(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], Path]:
    """Two sources whose folders look alike."""

    def source(name: str) -> Source:
        return Source(name=name, about="", licence="", publishable=False, files=("twin.csv",), read=lambda _: iter(()))

    def make(folder: Path) -> Path:
        folder.mkdir(exist_ok=True)
        (folder / "twin.csv").touch()
        return folder

    monkeypatch.setattr(archives, "known", lambda: {"castor": source("castor"), "pollux": source("pollux")})
    return make


def test_a_folder_that_may_be_two_sources_must_be_named(tmp_path: Path, twins: Callable[[Path], Path]) -> None:
    twins(tmp_path / "stars")
    with pytest.raises(AmbiguousFolderError) as caught:
        located(tmp_path)
    assert (caught.value.path, caught.value.names) == (tmp_path / "stars", ("castor", "pollux"))


def test_a_name_settles_which_of_two_sources_it_is(tmp_path: Path, twins: Callable[[Path], Path]) -> None:
    castor = twins(tmp_path / "castor")
    assert located(castor) == {"castor": castor}
    stars = twins(tmp_path / "stars")
    assert located(tmp_path) == {"castor": castor, "pollux": stars}


@pytest.mark.shared
def test_the_shared_archives_are_whole_and_their_sets_found(tmp_path: Path) -> None:
    if not SHARED.is_dir():
        pytest.skip("the team's data folder is not beside the checkout")
    for name in ("anime", "friends-summaries", "streaming", "tmdb-keywords"):
        whole = unpacked(SHARED / f"{name}.tar.xz", tmp_path)
        assert located(whole) == {name: whole / name}
        assert (whole / name / "SOURCE.txt").is_file()
