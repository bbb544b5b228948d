"""Against a real press: headlines that were edited, two days of thirty Korean papers. Skipped where it is absent."""

from __future__ import annotations

import csv
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from unicodedata import normalize

import pytest

from aggregator import concepts, copies, evidence, feeds, gazetteer, grouping, groups, numbers, outlets
from aggregator.errors import ReadError
from aggregator.intake import Intake
from aggregator.knowledge import Knowledge
from aggregator.model import Clipping, Config, Document, Fetched, Item, Known, Outlet, Poll, Precision, Source, Status
from aggregator.store import Store

CORPORA = Path(__file__).resolve().parents[2] / "shared" / "corpora"
NOW = datetime(2026, 11, 26, tzinfo=UTC)

pytestmark = pytest.mark.skipif(not CORPORA.exists(), reason="the corpora are not here")


def test_every_real_edit_of_a_headline_is_a_revision() -> None:
    with (CORPORA / "pairs" / "chosun_headline_edits.csv").open(encoding="utf-8", newline="") as file:
        edits = list(csv.DictReader(file))
    assert len(edits) == 312
    spaced = 0
    for edit in edits:
        before = edit["old_title"]
        held = Known(id=1, url=edit["url"], title=before, summary="", outlet=None, published_at=None, first_seen_at=NOW,
                     seen_title=before, seen_summary="")  # fmt: skip
        one, other = ("".join(normalize("NFKC", text).split()) for text in (before, edit["new_title"]))
        if one == other:
            spaced += 1  # white space and width alone are no revision
        else:
            (revision,) = groups.revised(Item(title=edit["new_title"], link=edit["url"]), held)
            assert (revision.before, revision.after) == (before, edit["new_title"])
    assert spaced == 18


@pytest.mark.parametrize("language", ["en", "ja", "ko", "zh"])
def test_words_in_other_places_are_no_copy(language: str) -> None:
    """PAWS-X: pairs of the same words that say something else. Some of its labels are wrong, hence no zero."""
    lines = (CORPORA / "pairs" / "pawsx" / f"dev-{language}.tsv").read_text(encoding="utf-8").splitlines()
    pairs = [parts[:2] for line in lines if len(parts := line.split("\t")) == 3 and parts[2] == "0"]
    outlet, wire = Outlet(id="daily", name="Daily"), Outlet(id="wire", name="Wire")
    made = [
        [
            Clipping(id=number, url=f"https://press.example/{number}", title=text, summary="", language=language,
                     outlet=(outlet, wire)[number], at=NOW, precision=Precision.MINUTE, first_seen_at=NOW)
            for number, text in enumerate(pair)
        ]
        for pair in pairs
    ]  # fmt: skip
    taken = sum(copies.likeness(one, other) is not None for one, other in made)
    assert taken / len(pairs) < 0.05


@pytest.fixture(scope="module")
def press(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Two days of a real press, read, stored and compared."""
    names = outlets.directory([])
    files = sorted((CORPORA / "press_feeds" / "ko").glob("knews_*/*.xml"))
    sources = {}
    for file in files:
        outlet = names.outlets.get(file.stem.partition("-")[0])
        name = file.stem.replace("_", "")
        sources[name] = Source(
            id=name, url=f"https://press.example/{name}", outlet=outlet.id if outlet else None, zone="Asia/Seoul"
        )
    used = {one.outlet for one in sources.values() if one.outlet}
    config = Config(sources=sources, outlets={name: names.outlets[name] for name in used}, topics={})
    store = Store(tmp_path_factory.mktemp("press") / "mentions.db")
    with store.transaction():
        store.configure(config)
    knowledge = Knowledge(config)
    for day in sorted({file.parent for file in files}):
        intake = Intake(knowledge, store, store.begin_run(NOW, "test"))
        for file in sorted(day.glob("*.xml")):
            source = sources[file.stem.replace("_", "")]
            document = Document(url=source.url, body=file.read_bytes(), content_type="application/xml")
            try:
                reading = feeds.parse(document)
            except ReadError:
                continue
            fetched = Fetched(status=Status.OK, document=document)
            state = store.states()[source.id]
            poll = Poll(source=source, state=state, started_at=NOW, fetched=fetched, status=Status.OK, reading=reading)
            intake.take(poll, NOW, 0.5)
    method = evidence.ByConcepts(concepts.Lexicon(gazetteer.built_in(), gazetteer.pairs()), {})
    grouping.Grouping(store, method).work(datetime(2000, 1, 1, tzinfo=UTC))
    return store


def test_an_article_under_the_paths_of_several_sections_is_one(press: Store) -> None:
    held = press._rows("SELECT url, title, published_at, outlet FROM articles WHERE outlet IS NOT NULL")
    twice = Counter((row["title"], row["published_at"], row["outlet"]) for row in held if len(row["title"]) > 10)
    assert [key for key, count in twice.items() if count > 1] == []
    assert len(press._rows("SELECT 1 FROM addresses")) > 50


def test_copies_of_a_real_press_are_about_one_event(press: Store) -> None:
    """Each was read by a person: the same event throughout. What differs in numbers must not be among them."""
    found = press._rows(
        "SELECT copy.title AS one, original.title AS other FROM articles AS copy"
        " JOIN articles AS original ON original.id = copy.copy_of"
    )
    assert 20 <= len(found) <= 60
    for row in found:
        given = [{one.digits for one in numbers.found(row[name])} for name in ("one", "other")]
        assert not (given[0] - given[1] and given[1] - given[0]), (row["one"], row["other"])
