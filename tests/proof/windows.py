"""Windowed aggregates recomputed naively from the generator, and compared with a sink at every version.

The query is, over the feed's records and for a size of the tester's choosing,

    SELECT window_start, id, count(*) AS n, sum(i) AS total, min(value) AS least, max(value) AS most
    FROM events GROUP BY tumble(ts, <size>), id

in update mode into an upsert sink keyed by (window_start, id): at every version the table is what these records add
up to below that version's own next offsets. All of it is exact in any order of additions. It holds while no record
is late, so the watermark's delay must be longer than a partition can be behind another.
"""

import collections
import dataclasses

import numpy as np
import pyarrow as pa

from delta_table import DeltaTable
from rows import Judged

COLUMNS = ("window_start", "id", "n", "total", "least", "most")
SHOWN = 5


@dataclasses.dataclass(frozen=True)
class Windows:
    """Immutable. `size_us`: the length of a window in microseconds."""

    size_us: int

    def group(self, promise, number, partition, indexes):
        """Yields ((window_start, id), (n, total, least, most)) of the wanted records among `indexes`."""
        indexes = indexes[promise.wants_row(number, partition, indexes)]
        if not len(indexes):
            return
        fields = promise.feeds[number].fields(partition, indexes)
        start = fields.ts - fields.ts % self.size_us
        keys, group = np.unique(np.stack([start, fields.id]), axis=1, return_inverse=True)
        group = group.reshape(-1)
        order = np.argsort(group, kind="stable")
        first = np.searchsorted(group[order], np.arange(keys.shape[1]))
        n = np.bincount(group)
        total = np.add.reduceat(fields.i[order], first)
        least = np.minimum.reduceat(fields.value[order], first)
        most = np.maximum.reduceat(fields.value[order], first)
        for at in range(keys.shape[1]):
            yield (
                (int(keys[0, at]), int(keys[1, at])),
                (int(n[at]), int(total[at]), float(least[at]), float(most[at])),
            )


class WindowCoverage:
    """Takes the place of a Coverage: which groups a table holds, against those it should hold. Confined to one thread.

    A version is settled by the groups that it or the progress has touched: no other can have become right or wrong.
    """

    def __init__(self, promise, windows):
        self._promise, self._windows = promise, windows
        self._due = {}  # (window_start, id) -> (n, total, least, most)
        self._next = {part: promise.feeds[part[0]].start(part[1]) for part in promise.parts()}
        self._held = collections.defaultdict(collections.Counter)  # (window_start, id) -> values -> how often
        self._touched = set()
        self._wrong = {}  # key -> kind, as it was last reported
        self.checked = 0

    def add(self, part, rows, sign=1):
        """`part` is the table itself: a group belongs to no partition."""
        for row in rows:
            key, values = row[:2], row[2:]
            held = self._held[key]
            held[values] += sign
            if not held[values]:
                del held[values]
            self._touched.add(key)

    def settle(self, where, next_offsets, verdict):
        self._advance(next_offsets)
        self.checked += len(self._touched)
        fresh = collections.defaultdict(list)
        for key in sorted(self._touched):
            kind = _kind(self._rows_of(key), self._due.get(key))
            if kind and self._wrong.get(key) != kind:
                fresh[kind].append(key)
            if kind:
                self._wrong[key] = kind
            else:
                self._wrong.pop(key, None)
        self._touched.clear()
        for kind, keys in sorted(fresh.items()):
            shown = [f"{key}: {self._rows_of(key)} must be {self._due.get(key)}" for key in keys[:SHOWN]]
            verdict.violation(kind, where, "; ".join(shown), len(keys))

    def totals(self):
        found = collections.Counter(self._wrong.values())
        return collections.Counter(
            rows=sum(held.total() for held in self._held.values()),
            groups=len(self._due),
            groups_compared=self.checked,
            lost=found["window_lost"],
            duplicated=found["window_duplicated"],
            unexpected=found["window_unexpected"] + found["window_wrong"],
        )

    def _rows_of(self, key):
        return list(self._held[key].elements()) if key in self._held else []

    def _advance(self, next_offsets):
        for (number, partition), offset in next_offsets.items():
            layout, before = self._promise.feeds[number].layout, self._next[(number, partition)]
            indexes = np.arange(layout.below(before), layout.below(max(before, offset)))
            for key, (n, total, least, most) in self._windows.group(
                self._promise, number, partition, indexes
            ):
                had = self._due.get(key)
                if had:
                    n, total, least, most = (
                        n + had[0],
                        total + had[1],
                        min(least, had[2]),
                        max(most, had[3]),
                    )
                self._due[key] = (n, total, least, most)
                self._touched.add(key)
            self._next[(number, partition)] = max(before, offset)


def _kind(held, due):
    if due is None:
        return "window_unexpected"
    if not held:
        return "window_lost"
    if len(held) > 1:
        return "window_duplicated"
    return None if held[0] == due else "window_wrong"


class WindowTable(DeltaTable):
    """One check of one Delta table of windows, version by version: log, files, progress, groups. Confined to one thread."""

    def __init__(self, path, promise, windows, **options):
        super().__init__(path, promise, **options)
        self.verdict.subject, self.verdict.label = f"windows {path}", "windows"
        self.coverage = WindowCoverage(promise, windows)

    def _judge(self, rows, where):
        return judge_windows(rows, where, self.verdict)

    def _check_end(self):
        pass


def judge_windows(rows, where, verdict):
    """The groups of an Arrow table, as rows of a WindowCoverage."""
    missing = [name for name in COLUMNS if name not in rows.column_names]
    if missing:
        verdict.violation("missing_column", where, f"{missing}; the table has {rows.column_names}")
        return Judged()
    try:
        start = rows["window_start"].cast(pa.timestamp("us", "UTC")).cast(pa.int64()).to_pylist()
        whole = [rows[name].cast(pa.int64()).to_pylist() for name in ("id", "n", "total")]
        real = [rows[name].cast(pa.float64()).to_pylist() for name in ("least", "most")]
    except pa.ArrowException as error:
        verdict.violation("column_type", where, str(error))
        return Judged()
    return Judged(parts={None: list(zip(start, *whole, *real))})


def check_postgres_windows(dsn, table, promise, sink, windows, *, schema="laketide", ends=None):
    """The same of a PostgreSQL table: its rows and its progress in one snapshot."""
    import psycopg
    from psycopg import sql

    import postgres_table
    from verdict import Verdict

    verdict = Verdict(f"windows {table}", "postgres_windows")
    with psycopg.connect(dsn, options="-c timezone=UTC") as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        plan = postgres_table.read_progress(connection, schema, promise, sink, verdict)
        found = connection.execute(
            sql.SQL(
                "SELECT (extract(epoch FROM window_start) * 1000000)::bigint, id, n, total, least, most FROM {}"
            ).format(sql.Identifier(*table.split(".")))
        ).fetchall()
    coverage = WindowCoverage(promise, windows)
    coverage.add(None, [(*map(int, row[:4]), *map(float, row[4:])) for row in found])
    next_offsets = postgres_table.next_by_part(plan, promise, verdict)
    coverage.settle("rows", next_offsets, verdict)
    verdict.counts.update(coverage.totals())
    postgres_table.check_ends(promise, next_offsets, ends, verdict)
    return verdict
