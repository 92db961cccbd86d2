"""Tables to be damaged: what the tests of the checker start from."""

import json
import shutil

import pyarrow.parquet as pq

import data_file
from checker import check_delta
from feed import Feed
from record import RecordSpec
from tiny_delta import QUARANTINE_SCHEMA, RECORD_SCHEMA, TinySink, TinyTable, good_rows, rejected_rows

PARTITIONS = 3
EPOCHS = 6
SPEC = RecordSpec(seed=7, malformed=0.05)
FEED = Feed(SPEC, PARTITIONS, "events", "events")
SINK = "delta:events"
BASE = "laketide/events/delta%3Aevents"


def ends_of(epoch):
    return {p: (epoch + 1) * 40 + p * epoch for p in range(PARTITIONS)}


class World:
    """A table on disk and the means to damage it."""

    def __init__(self, root, partition_by=(), feed=FEED):
        self.feed = feed
        self.table = TinyTable(root / "events", RECORD_SCHEMA, partition_by)
        self.quarantine = TinyTable(root / "_quarantine" / "events", QUARANTINE_SCHEMA)
        self.receipts = []

    def build(self):
        sink = TinySink(self.table, good_rows(self.feed), "events", SINK, "events")
        rejects = TinySink(self.quarantine, None, "events", "quarantine", "events")
        rejects.records = rejected_rows(self.feed, "events", lambda: rejects.epoch + 1)
        for epoch in range(EPOCHS):
            if epoch in (0, 3):  # a start and a restart
                sink.claim(), rejects.claim()
            version, (ranges, rows, _) = sink.run(ends_of(epoch))
            _, (_, bad, _) = rejects.run(ends_of(epoch))
            tombstones = sum(self.feed.tally(p, a, b)["tombstones"] for p, (a, b) in ranges.items())
            self.receipts.append(
                {
                    "epoch": epoch,
                    "ranges": [
                        {"source": "events", "topic": "events", "partition": p, "start": start, "end": end}
                        for p, (start, end) in ranges.items()
                    ],
                    "sinks": [
                        {"sink": SINK, "commit": version, "rows": len(rows)},
                        {"sink": "quarantine", "commit": version, "rows": len(bad)},
                    ],
                    "rowsIn": len(rows) + len(bad) + tombstones,
                    "rowsOut": len(rows),
                    "filtered": tombstones,
                    "quarantined": len(bad),
                }
            )
        return self

    def check(self, **options):
        return check_delta(
            self.table.root,
            7,
            PARTITIONS,
            "events",
            SINK,
            spec=self.feed.spec,
            layout=self.feed.layout,
            **options,
        )

    def edit(self, version, change, table=None):
        """`change(kind, body)` alters each action in place; returning False drops it."""
        table = table or self.table
        kept = [
            action
            for action in table.actions(version)
            for kind, body in action.items()
            if change(kind, body) is not False
        ]
        table.rewrite(version, kept)

    def edit_stats(self, version, change):
        def on_add(kind, body):
            if kind == "add":
                stats = json.loads(body["stats"])
                change(stats)
                body["stats"] = json.dumps(stats)

        self.edit(version, on_add)

    def data_version(self, epoch):
        return epoch + (1 if epoch < 3 else 2)

    def adds(self, version, table=None):
        return [action["add"] for action in (table or self.table).actions(version) if "add" in action]

    def rewrite_rows(self, epoch, change, table=None):
        """Replaces the first file of an epoch by one with other rows, and an add that truly describes it."""
        table = table or self.table
        version = self.data_version(epoch)
        old = self.adds(version, table)[0]
        rows = pq.read_table(table.root / data_file.physical_path(old["path"])).to_pylist()
        rows = change(rows)
        new = table.write_file(old["partitionValues"], rows)
        (table.root / data_file.physical_path(old["path"])).unlink()
        self.edit(
            version,
            lambda kind, body: body.update(new) if kind == "add" and body["path"] == old["path"] else None,
            table,
        )

    def move_row(self, source, target):
        """Moves one row of a single-file table from one epoch to another."""
        taken = []
        self.rewrite_rows(source, lambda rows: (taken.append(rows[-1]), rows[:-1])[1])
        self.rewrite_rows(target, lambda rows: rows + taken)

    def compact(self, versions, drop=0):
        """What a foreign writer does: the files of some versions become one, without its first `drop` rows."""
        old = [add for version in versions for add in self.adds(version)]
        rows = []
        for add in old:
            rows += pq.read_table(self.table.root / data_file.physical_path(add["path"])).to_pylist()
        fresh = [dict(add, dataChange=False) for add in self.table.stage(rows[drop:])]
        removes = [{"path": add["path"], "dataChange": False, "deletionTimestamp": 1} for add in old]
        self.table.commit(fresh, removes=removes)

    def set_txn(self, epoch, app_id, number):
        self.edit(
            self.data_version(epoch),
            lambda kind, body: (
                body.update(version=number) if kind == "txn" and body["appId"] == app_id else None
            ),
        )

    def edit_plan(self, epoch, change):
        def on_info(kind, body):
            if kind == "commitInfo":
                plan = json.loads(body["userMetadata"])
                change(plan)
                body["userMetadata"] = json.dumps(plan)

        self.edit(self.data_version(epoch), on_info)

    def ranges(self, plan):
        return plan["ranges"]["events"]["events"]


def replace(rows, at, **values):
    return [dict(row, **values) if n == at % len(rows) else row for n, row in enumerate(rows)]


def copy_of(built, name, target):
    shutil.copytree(built[0] / name, target / name)
    world = World(target / name, ["source"] if name == "partitioned" else ())
    world.receipts = json.loads(json.dumps(built[1]))
    return world
