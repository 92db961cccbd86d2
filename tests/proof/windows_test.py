"""Tests of the windows' check: a good upsert table passes at every version, and each kind of damage is found and named."""

import datetime
import decimal

import pytest

from checker import make_promise
from feed import Feed
from record import RecordSpec
from tiny_delta import TinySink, TinyTable, good_rows
from windows import Windows, WindowTable

FEED = Feed(RecordSpec(seed=9, malformed=0.05, step_us=100_000), 2, "readings", "readings")
SIZE_S = 10
SCHEMA = {
    "window_start": "timestamp",
    "id": "long",
    "n": "long",
    "total": "decimal(38,0)",
    "least": "double",
    "most": "double",
}
UTC = datetime.timezone.utc


def groups(rows):
    """As a person would compute them, row by row from the records' text."""
    found = {}
    for row in rows:
        ts = row["ts"]
        start = ts.replace(second=ts.second - ts.second % SIZE_S, microsecond=0)
        found.setdefault((start, row["id"]), []).append(row)
    return [
        {
            "window_start": start,
            "id": key,
            "n": len(group),
            "total": decimal.Decimal(sum(row["i"] for row in group)),
            "least": min(row["value"] for row in group),
            "most": max(row["value"] for row in group),
        }
        for (start, key), group in sorted(found.items())
    ]


class World:
    """An upsert sink that writes its whole table anew at each epoch; `damage(epoch, rows)` says what it writes."""

    def __init__(self, root, damage=None):
        self.table = TinyTable(root / "averages", SCHEMA)
        self.damage = damage or (lambda epoch, rows: rows)

    def build(self):
        sink = TinySink(self.table, good_rows(FEED), "averages", "delta:averages", "readings")
        sink.claim()
        adds = []
        for epoch in range(4):
            ends = {0: 130 * (epoch + 1), 1: 90 * (epoch + 1)}
            ranges = {p: (sink.next.get(p, 0), end) for p, end in ends.items()}
            rows = groups([row for p, end in ends.items() for row in good_rows(FEED)(p, 0, end)])
            removes = [
                {"path": add["path"], "dataChange": True, "deletionTimestamp": 1, "partitionValues": {}}
                for add in adds
            ]
            adds = self.table.stage(self.damage(epoch, rows))
            sink.commit((ranges, rows, adds), removes)
        return self

    def check(self, **options):
        promise = make_promise(9, 2, "averages", "delta:averages", feeds=(FEED,), **options)
        return WindowTable(self.table.root, promise, Windows(SIZE_S * 1_000_000)).check()


def at_epoch(number, change):
    return lambda epoch, rows: change(rows) if epoch == number else rows


def counted_twice(rows):
    return [dict(rows[0], n=rows[0]["n"] * 2, total=rows[0]["total"] * 2), *rows[1:]]


def moved(rows):
    return [dict(rows[0], window_start=rows[0]["window_start"] - datetime.timedelta(seconds=1)), *rows[1:]]


def test_a_good_table_passes_at_every_version(tmp_path):
    world = World(tmp_path).build()
    verdict = world.check()
    assert verdict.violations == []
    wanted = groups([row for p, end in ((0, 520), (1, 360)) for row in good_rows(FEED)(p, 0, end)])
    assert verdict.counts["rows"] == verdict.counts["groups"] == len(wanted)
    assert verdict.counts["epochs"] == 4
    assert world.check(where="id < 5").kinds() == {"window_unexpected"}


DAMAGES = {
    "a group lost at the end": (3, lambda rows: rows[1:], {"window_lost"}),
    "a group lost for one version": (1, lambda rows: rows[1:], {"window_lost"}),
    "a group twice": (2, lambda rows: rows + rows[:1], {"window_duplicated"}),
    "an older row of the group beside the newer": (
        2,
        lambda rows: rows + [dict(rows[0], n=rows[0]["n"] - 1)],
        {"window_duplicated"},
    ),
    "an epoch counted twice": (3, counted_twice, {"window_wrong"}),
    "a group that was not brought up to date": (
        3,
        lambda rows: [dict(rows[-1], n=rows[-1]["n"] - 1), *rows[:-1]],
        {"window_wrong"},
    ),
    "another minimum": (3, lambda rows: [dict(rows[0], least=-1.0), *rows[1:]], {"window_wrong"}),
    "a window of another size": (3, moved, {"window_lost", "window_unexpected"}),
    "a group of nobody": (3, lambda rows: [*rows, dict(rows[0], id=77)], {"window_unexpected"}),
    "a key without a value": (
        3,
        lambda rows: [dict(rows[0], total=None), *rows[1:]],
        {"window_wrong"},
    ),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_damage_is_found_and_named(tmp_path, name):
    epoch, damage, kinds = DAMAGES[name]
    verdict = World(tmp_path, at_epoch(epoch, damage)).build().check()
    assert verdict.kinds() == kinds, str(verdict)
