"""Tests of the readers: other people's readers see the values that were written, at every version."""

import datetime
import decimal

import pytest

import readers
from feed import Feed
from record import RecordSpec
from tiny_delta import QUARANTINE_SCHEMA, RECORD_SCHEMA, TinySink, TinyTable, good_rows, rejected_rows

FEED = Feed(RecordSpec(seed=21, malformed=0.1), 2, "events", "events")
MICROSECOND = datetime.timedelta(microseconds=1)
ZERO = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)


def written(rows):
    plain = [dict(row, ts=(row["ts"] - ZERO) // MICROSECOND) for row in rows]
    return sorted(tuple(sorted(row.items())) for row in plain)


@pytest.fixture(scope="module", params=[(), ("source",), ("id", "source")], ids=["flat", "by text", "by two"])
def table(request, tmp_path_factory):
    table = TinyTable(tmp_path_factory.mktemp("t") / "events", RECORD_SCHEMA, request.param)
    sink = TinySink(table, good_rows(FEED), "events", "delta:events", "events")
    sink.claim()
    for epoch in range(1, 4):
        sink.run(dict.fromkeys(range(2), 30 * epoch))
        if epoch == 2:
            table.checkpoint()
    return table


@pytest.mark.parametrize("name", readers.READERS)
def test_every_reader_sees_the_written_values_at_every_version(table, name):
    assert readers.versions(table.root) == [0, 1, 2, 3]
    for version in range(4):
        mine = [row for p in range(2) for row in good_rows(FEED)(p, 0, 30 * version)]
        assert sorted(readers.READERS[name](table.root, version)) == written(mine)
    assert readers.READERS[name](table.root) == readers.READERS[name](table.root, 3)


def test_bytes_nulls_dates_and_decimals_are_seen_alike(tmp_path):
    kinds = {
        "n": "long",
        "raw": "binary",
        "d": "date",
        "money": "decimal(12,3)",
        "f": "double",
        "ok": "boolean",
        "part": "date",
    }
    table = TinyTable(tmp_path / "t", kinds, ["part"])
    rows = [
        {
            "n": n,
            "raw": bytes([n, 255]),
            "d": datetime.date(2026, 1, n + 1),
            "money": decimal.Decimal(n) / 8,
            "f": n / 7,
            "ok": n % 2 == 0,
            "part": datetime.date(2026, 2, 1 + n % 3),
        }
        for n in range(9)
    ]
    rows += [dict.fromkeys(kinds), dict(dict.fromkeys(kinds), n=100)]
    table.commit(table.stage(rows))
    assert readers.compare(table.root) == []
    seen = [dict(row) for row in readers.read_delta_rs(table.root)]
    assert [row for row in seen if row["n"] == 3] == [dict(rows[3], money=rows[3]["money"].normalize())]
    assert len(seen) == 11 and {None, 100} <= {row["n"] for row in seen}


def test_quarantine_is_read_alike(tmp_path):
    table = TinyTable(tmp_path / "q", QUARANTINE_SCHEMA)
    sink = TinySink(table, rejected_rows(FEED, "events", lambda: 0), "events", "quarantine", "events")
    sink.claim(), sink.run({0: 200, 1: 200})
    assert readers.compare(table.root) == []
    values = {dict(row)["value"] for row in readers.read_duckdb(table.root)}
    assert values == {
        v
        for p in range(2)
        for i, v in enumerate(FEED.spec.values(p, 0, 200))
        if FEED.kind(p, [i])[0] and v is not None
    }


def test_a_reader_that_differs_or_fails_is_named(table):
    def liar(path, version=None):
        return readers.read_polars(path, version)[1:]

    def broken(path, version=None):
        raise OSError("no")

    found = readers.compare(
        table.root, {"polars": readers.read_polars, "liar": liar, "broken": broken}, [0, 3]
    )
    assert [(f["version"], f.get("reader") or f["readers"][1]) for f in found] == [
        (0, "broken"),
        (3, "liar"),
        (3, "broken"),
    ]


def test_the_command(table, capsys):
    assert readers.main([str(table.root)]) == 0
    (table.log / f"{1:020}.json").rename(table.log / f"{1:020}.hidden")
    try:
        assert readers.main([str(table.root), "--version", "1"]) == 1
    finally:
        (table.log / f"{1:020}.hidden").rename(table.log / f"{1:020}.json")
    assert '"disagreements": []' in capsys.readouterr().out
