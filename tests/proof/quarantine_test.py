"""Tests of quarantine, accounts and receipts: good ones pass, false ones are found and named."""

import shutil

import pytest

from checker import check_all, make_promise
from delta_table import DeltaTable
from feed import Feed
from quarantine import Quarantine
from receipts import check_receipts
from record import RecordSpec
from tiny_delta import TinySink, good_rows
from world import EPOCHS, FEED, PARTITIONS, SINK, SPEC, World, ends_of, replace


def check_world(world, **options):
    promise = make_promise(7, PARTITIONS, "events", SINK, spec=SPEC, **options)
    return check_all(
        promise, delta=world.table.root, quarantine_path=world.quarantine.root, receipt_list=world.receipts
    )


def test_quarantine_accounts_and_receipts_of_a_good_world(world):
    verdict = check_world(world)
    assert verdict.violations == []
    bad = sum(FEED.tally(p, 0, end)["malformed"] for p, end in ends_of(EPOCHS - 1).items())
    assert verdict.counts["quarantine.rows"] == bad > 10
    assert verdict.counts["accounts.skipped_tombstones"] > 0


QUARANTINE_DAMAGES = {
    "a reject is lost": (lambda rows: rows[1:], {"lost", "accounts", "receipt_differs"}),
    "a reject stands twice": (lambda rows: rows + rows[:1], {"duplicated", "accounts", "receipt_differs"}),
    "bytes differ": (lambda rows: replace(rows, 0, value=b"other"), {"corrupted"}),
    "bytes are gone": (lambda rows: replace(rows, 0, value=None), {"corrupted"}),
    "key differs": (lambda rows: replace(rows, 0, key=b"k"), {"corrupted"}),
    "offset of a good record": (
        lambda rows: replace(rows, 0, offset=next(i for i in range(40) if not FEED.kind(0, [i])[0])),
        {"corrupted", "lost", "unexpected"},
    ),
    "another topic": (lambda rows: replace(rows, 0, topic="other"), {"unexpected", "lost", "accounts"}),
    "no reason": (lambda rows: replace(rows, 0, reason=None), {"quarantine_incomplete"}),
    "another epoch": (lambda rows: replace(rows, 0, epoch=99), {"quarantine_incomplete"}),
}


@pytest.mark.parametrize("name", QUARANTINE_DAMAGES)
def test_damaged_quarantine_is_found(world, name):
    change, kinds = QUARANTINE_DAMAGES[name]
    epoch = next(e for e in range(EPOCHS) if world.adds(world.data_version(e), world.quarantine))
    world.rewrite_rows(epoch, change, world.quarantine)
    verdict = check_world(world)
    assert verdict.kinds() == kinds, str(verdict)


def test_bytes_that_are_gone_by_name_are_forgiven(world):
    world.rewrite_rows(0, lambda rows: replace(rows, 0, value=None, code="bytes_gone"), world.quarantine)
    assert check_world(world).ok


def test_a_quarantine_that_never_got_the_last_epochs(world):
    for version in range(world.data_version(4), world.quarantine.version() + 1):
        (world.quarantine.log / f"{version:020}.json").unlink()
    verdict = check_world(world)
    assert {"lost", "orphan_file", "accounts"} <= verdict.kinds()


def test_no_quarantine_table_is_right_only_without_rejects(world, tmp_path):
    shutil.rmtree(world.quarantine.root)
    assert check_world(world).kinds() >= {"lost", "accounts"}
    clean = Feed(RecordSpec(7), PARTITIONS, "events", "events")
    other = World(tmp_path / "clean", feed=clean)
    sink = TinySink(other.table, good_rows(clean), "events", SINK, "events")
    sink.claim(), sink.run(ends_of(0))
    verdict = check_all(
        make_promise(7, PARTITIONS, "events", SINK), delta=other.table.root, quarantine_path=tmp_path / "none"
    )
    assert verdict.violations == []


RECEIPT_DAMAGES = {
    "rows": (lambda r: r[2]["sinks"][0].update(rows=1), {"receipt_differs"}),
    "commit": (lambda r: r[2]["sinks"][0].update(commit=1), {"receipt_differs"}),
    "the commit is not named": (lambda r: r[2].update(sinks=[]), {"receipt_differs"}),
    "rows in": (lambda r: r[2].update(rowsIn=1), {"receipt_differs", "receipt_unbalanced"}),
    "rows out": (
        lambda r: r[2].update(rowsOut=r[2]["rowsOut"] + 1, filtered=r[2]["filtered"] - 1),
        {"receipt_differs"},
    ),
    "quarantined": (
        lambda r: r[2].update(quarantined=r[2]["quarantined"] + 1, filtered=r[2]["filtered"] - 1),
        {"receipt_differs"},
    ),
    "ranges": (lambda r: r[2]["ranges"][0].update(start=0, end=1), {"receipt_differs"}),
    "an epoch is missing": (lambda r: r.pop(3), {"receipt_missing"}),
    "an epoch twice": (lambda r: r.append(r[3]), {"bad_receipt"}),
    "an epoch that never was": (lambda r: r.append(dict(r[3], epoch=77)), {"receipt_differs"}),
    "a field is missing": (lambda r: r[5].pop("rowsIn"), {"bad_receipt", "receipt_missing"}),
}


@pytest.mark.parametrize("name", RECEIPT_DAMAGES)
def test_false_receipts_are_found(world, name):
    change, kinds = RECEIPT_DAMAGES[name]
    change(world.receipts)
    promise = make_promise(7, PARTITIONS, "events", SINK, spec=SPEC)
    table, quarantined = DeltaTable(world.table.root, promise), Quarantine(world.quarantine.root, promise)
    table.check(), quarantined.check()
    assert check_receipts(world.receipts, promise, table, quarantined).kinds() == kinds
