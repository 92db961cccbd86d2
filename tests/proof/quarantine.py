"""Checks the quarantine table of a pipeline: each malformed record exactly once, with its exact bytes and its place.

It is one more Delta sink of the pipeline, so all that is asked of a table is asked of it too. It may leave out
epochs that rejected nothing.
"""

import dataclasses

import numpy as np
import pyarrow as pa

from coverage import Coverage
from delta_log import DeltaLog
from delta_table import DeltaTable
from progress import sinks_of
from rows import Judged
from verdict import Verdict

COLUMNS = (
    "pipeline",
    "epoch",
    "source",
    "topic",
    "partition",
    "offset",
    "timestamp",
    "key",
    "value",
    "headers",
    "stage",
    "code",
    "reason",
    "quarantined_at",
)
NEVER_NULL = (
    "pipeline",
    "epoch",
    "source",
    "topic",
    "partition",
    "offset",
    "timestamp",
    "stage",
    "code",
    "reason",
    "quarantined_at",
)
BYTES_GONE = "bytes_gone"  # the one code under which value may be null although the record had bytes


class Quarantine(DeltaTable):
    """One check of one quarantine table. Confined to one thread."""

    def __init__(self, path, promise, *, sink=None, max_orphans=0):
        super().__init__(
            path,
            dataclasses.replace(promise, sink=sink or find_sink(path, promise.pipeline)),
            max_orphans=max_orphans,
            every_epoch=False,
        )
        self.verdict.subject, self.verdict.label = f"quarantine {path}", "quarantine"

    def check(self, sink_progress=None):
        """`sink_progress`: (feed number, partition) -> next offset of the pipeline's sinks; rejects below are due."""
        if not self.log.folder.is_dir():
            self._check_absent(sink_progress or {})
            return self.verdict
        super().check()
        if sink_progress:
            mine = self.progress.by_part()
            self.coverage.settle(
                "end",
                {part: max(offset, mine.get(part, 0)) for part, offset in sink_progress.items()},
                self.verdict,
            )
            for name, total in self.coverage.totals().items():
                self.verdict.counts[name] = total
        return self.verdict

    def _wants(self, number, partition, indexes):
        return self._promise.wants_quarantined(number, partition, indexes)

    def _judge(self, rows, where):
        return judge_rejects(rows, self._promise, self.progress.epoch, where, self.verdict)

    def _check_end(self):
        pass

    def _check_absent(self, sink_progress):
        for (number, partition), offset in sink_progress.items():
            coverage = Coverage(self._promise, self._wants)
            coverage.settle("there is no quarantine table", {(number, partition): offset}, self.verdict)
            self.verdict.counts["lost"] += coverage.totals()["lost"]


def find_sink(path, pipeline):
    """The one sink of the pipeline that has progress in this table, or None."""
    log = DeltaLog(path).read(Verdict(path))
    sinks = sinks_of((app_id for commit in log.commits for app_id in commit.txns), pipeline)
    return sinks.pop() if len(sinks) == 1 else None


def judge_rejects(rows, promise, epoch, where, verdict, columns=COLUMNS):
    """Judges rows of quarantine, of Delta or of PostgreSQL: place, bytes, and what every row must say."""
    judged = Judged()
    missing = [name for name in columns if name not in rows.column_names]
    if missing:
        verdict.violation("missing_column", where, f"{missing}; the table has {rows.column_names}")
        return judged
    for name in NEVER_NULL:
        if nulls := rows[name].null_count:
            verdict.violation("quarantine_incomplete", where, f"{name} is null", nulls)
    if epoch is not None and (wrong := sum(e != epoch for e in rows["epoch"].to_pylist())):
        verdict.violation(
            "quarantine_incomplete", where, f"epoch is not {epoch}, the epoch of its commit", wrong
        )
    if wrong := sum(name != promise.pipeline for name in rows["pipeline"].to_pylist()):
        verdict.violation("quarantine_incomplete", where, f"pipeline is not {promise.pipeline}", wrong)
    places = zip(rows["source"].to_pylist(), rows["topic"].to_pylist(), rows["partition"].to_pylist())
    groups = {}
    for n, place in enumerate(places):
        groups.setdefault(place, []).append(n)
    for (source, topic, partition), at in groups.items():
        number = promise.feed_of_topic(source, topic)
        if number is None or partition is None or not 0 <= partition < promise.feeds[number].partitions:
            verdict.violation(
                "unexpected",
                where,
                f"rows of {source}/{topic}/{partition}, which is not among the feeds",
                len(at),
            )
            continue
        _judge_partition(
            rows.take(pa.array(at)), promise.feeds[number], (number, partition), judged, where, verdict
        )
    return judged


def _judge_partition(rows, feed, part, judged, where, verdict):
    offsets = np.array([-1 if o is None else o for o in rows["offset"].to_pylist()], dtype=np.int64)
    indexes = np.where(offsets < 0, -1, feed.layout.index(offsets))
    judged.parts[part] = np.concatenate([judged.parts.get(part, np.zeros(0, dtype=np.int64)), indexes])
    real = indexes >= 0
    expected = dict(zip(indexes[real].tolist(), feed.spec.values_at(feed.first_p + part[1], indexes[real])))
    columns = (rows[name].to_pylist() for name in ("offset", "key", "value", "code"))
    for index, offset, key, value, code in zip(indexes.tolist(), *columns):
        if index < 0:
            continue  # Coverage reports it: no record stands there
        gone = value is None and code == BYTES_GONE
        if (not gone and _bytes(value) != expected[index]) or (
            not gone and _bytes(key) != feed.spec.key(index)
        ):
            judged.corrupted += 1
            verdict.violation(
                "corrupted",
                f"{where}, partition {part[1]}",
                f"offset {offset}: key {key!r}, value {_short(value)}, must be {feed.spec.key(index)!r}, "
                f"{_short(expected[index])}",
            )


def check_accounts(promise, table, quarantined):
    """Sink rows + filtered + quarantined + skipped tombstones = records consumed, partition by partition."""
    verdict = Verdict("accounts")
    for part, offset in table.progress.by_part().items():
        number, partition = part
        feed = promise.feeds[number]
        tally = feed.tally(partition, feed.start(partition), offset)
        consumed = sum(tally.values())
        indexes = np.arange(feed.layout.below(offset))
        good = feed.visible(partition, indexes) & (feed.kind(partition, indexes) == 0)
        filtered = int((good & ~promise.wants_row(number, partition, indexes)).sum()) if promise.where else 0
        skipped = tally["tombstones"] if promise.tombstones == "skip" else 0
        as_rows = tally["tombstones"] if promise.tombstones == "row" else 0
        rows, rejects = table.coverage.rows(part) + as_rows, quarantined.coverage.rows(part)
        verdict.counts.update(
            consumed=consumed, rows=rows, filtered=filtered, quarantined=rejects, skipped_tombstones=skipped
        )
        if rows + filtered + rejects + skipped != consumed:
            verdict.violation(
                "accounts",
                f"topic {feed.topic} partition {partition}",
                f"{rows} rows + {filtered} filtered + {rejects} quarantined + {skipped} tombstones skipped "
                f"is not {consumed}, the records consumed",
                abs(rows + filtered + rejects + skipped - consumed),
            )
    return verdict


def _bytes(value):
    return value.encode() if isinstance(value, str) else value


def _short(value):
    return repr(value[:60]) + ("…" if len(value) > 60 else "") if value is not None else "null"
