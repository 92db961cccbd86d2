"""What a round of the campaign runs: streams with their sinks, jobs beside them, and what each of them owes.

Everything is drawn from the round's random generator: queries, sinks, partitions, record sizes, bad records,
transactions, epochs. A line knows how to tell whether all of its sinks have caught up, and how to judge them.
"""

import pathlib

import numpy as np
import requests

import postgres_table
from checker import check_all, make_promise
from delta_table import DeltaTable
from feed import Feed, Layout
from kill_loop import GeneratorLoad
from record import RecordSpec
from rows import judge_rows
from verdict import Verdict
from windows import Windows, WindowTable, check_postgres_windows

DECLARED = "p int, i bigint, id bigint, ts timestamptz, value double, source text, h text"
FORGIVE = 1 << 30


class Line:
    """One stream: its topic, its load, its document, its sinks. Confined to one thread; the load has its own.

    `foreign` counts the commits another writer tried on the tables: each may leave files behind.
    """

    kind = "raw"
    source = None  # its name in the document; None: that of its topic
    stateful = False

    def __init__(self, kafka, postgres, name, draw, share=1.0):
        """`share`: of the load that is drawn."""
        self.name, self.kafka, self.postgres, self.foreign = name, kafka, postgres, 0
        self.epoch_ms = draw.choice((20, 50, 100, 300))
        self.partitions = draw.choice((1, 2, 3, 4))
        layout = self._layout(draw)
        self.feed = Feed(self._spec(draw), self.partitions, self.source or name, name, layout)
        self.delta_path, self.pg_table = name, None
        self.document = self._document(draw)
        self.sink = f"delta:{self.delta_path}"
        self.promise = make_promise(
            self.feed.spec.seed,
            self.partitions,
            name,
            self.sink,
            feeds=(self.feed,),
            tombstones="skip",
            where=self._where(),
        )
        kafka.create_topic(name, self.partitions)
        self.load = GeneratorLoad(kafka.address, self.feed, self._rate(draw) * share, client={"log_level": 0})

    # What kinds of lines differ in.

    def _spec(self, draw):
        return RecordSpec(
            draw.randrange(1 << 30),
            draw.choice((0, 0, 300)),
            malformed=draw.choice((0.0, 0.0, 0.02)),
        )

    def _layout(self, draw):
        # Transactions end with the broker's word, so that lines with them take no part in rounds that kill the broker.
        return Layout(draw.choice((32, 128)), 0.2, draw.randrange(1000)) if draw.random() < 0.2 else Layout()

    def _rate(self, draw):
        return draw.choice((500, 2000, 5000))

    def _where(self):
        return None

    def _document(self, draw):
        delta = {"path": self.delta_path}
        if draw.random() < 0.3:
            delta["partition_by"] = ["source"]
        if draw.random() < 0.3:
            delta["compression"] = "snappy"
        return self._pipeline([{"delta": delta}])

    def _pipeline(self, sinks, **more):
        json_format = {"schema": DECLARED, "tombstones": "skip"}
        return {
            "name": self.name,
            "source": {"kafka": {"topic": self.name}, "format": {"json": json_format}},
            "sinks": sinks,
            "trigger": {"epoch": f"{self.epoch_ms}ms"},
            "bad_records": {"max_ratio": 1.0},
            **more,
        }

    @property
    def transactional(self):
        return bool(self.feed.layout.size)

    def begin(self, daemon):
        daemon.post("/stream/start", self.document)

    def delta_sinks(self):
        """(folder, sink id) of every Delta table of the line."""
        return [(self.delta_path, self.sink)]

    def compactable(self, lake):
        """Tables that another writer may compact: those that this line only appends to."""
        return [pathlib.Path(lake) / self.delta_path]

    def progress(self, lake):
        """Partition -> the least next offset over all sinks."""
        found = [
            DeltaTable.peek(pathlib.Path(lake) / path, self.name, sink) for path, sink in self.delta_sinks()
        ]
        if self.pg_table:
            found.append(
                postgres_table.next_offsets(self.postgres.url, self.name, f"postgres:{self.pg_table}")
            )
        place = (self.feed.source, self.feed.topic)
        return {p: min(offsets.get((*place, p), 0) for offsets in found) for p in range(self.feed.partitions)}

    def caught_up(self, lake, ends):
        progress = self.progress(lake)
        return all(progress[p] >= self.feed.last_needed(p, end) for p, end in ends.items())

    def verdict(self, lake, ends, receipts=None, recorded_later=0):
        """`ends` None: while something may be missing, and leftovers may lie about."""
        quarantine = pathlib.Path(lake) / "_quarantine" / self.name
        return check_all(
            self.promise,
            delta=pathlib.Path(lake) / self.delta_path,
            quarantine_path=quarantine if ends is not None and quarantine.exists() else None,
            postgres=self.pg_table and self.postgres.url,
            pg_table=self.pg_table,
            pg_sink=self.pg_table and f"postgres:{self.pg_table}",
            ends=ends,
            receipt_list=receipts,
            recorded_later=recorded_later,
            max_orphans=FORGIVE if ends is None or self.foreign else 0,
            allow_foreign=bool(self.foreign),
        )

    def forget(self):
        """Its topic and its rows in PostgreSQL are not needed any more."""
        self.kafka.delete_topic(self.name)
        if self.pg_table:
            self.postgres.query(f"DROP TABLE IF EXISTS {self.pg_table}")


class Filtered(Line):
    """A WHERE in between: what it drops must be missing and must be counted."""

    kind = "filtered"

    def _where(self):
        return "id < 5"

    def _document(self, draw):
        return self._pipeline([{"delta": {"path": self.delta_path}}], sql="SELECT * FROM source WHERE id < 5")


class Twins(Line):
    """The same rows into Delta and PostgreSQL, each epoch in both or in neither after recovery."""

    kind = "twins"

    def _document(self, draw):
        self.pg_table = f"public.{self.name}"
        return self._pipeline([{"delta": {"path": self.delta_path}}, {"postgres": {"table": self.pg_table}}])


class Windowed(Line):
    """Tumbling windows in update mode upserted into PostgreSQL and Delta, with the raw rows appended beside them."""

    kind = "windows"
    source = "events"
    stateful = True
    sizes_s = (1, 10, 60)

    def _spec(self, draw):
        return RecordSpec(draw.randrange(1 << 30), step_us=draw.choice((1000, 5000)))

    def _document(self, draw):
        size_s = draw.choice(self.sizes_s)
        self.windows = Windows(size_s * 1_000_000)
        self.delta_path = f"{self.name}_raw"
        self.window_path, self.pg_table = f"{self.name}_windows", f"public.{self.name}"
        keyed = {"mode": "upsert", "key": ["window_start", "id"]}
        document = self._pipeline(
            [
                {"postgres": {"table": self.pg_table, **keyed}},
                {"delta": {"path": self.window_path, **keyed}},
                {
                    "delta": {"path": self.delta_path},
                    "select": "SELECT * FROM events",
                    "output_mode": "append",
                },
            ],
            sql="SELECT window_start, id, count(*) AS n, sum(i) AS total, min(value) AS least, max(value) AS most "
            f"FROM events GROUP BY tumble(ts, INTERVAL '{size_s} seconds'), id",
            output_mode="update",
        )
        source = document.pop("source")
        # Partitions are filled alike; a broker that comes back serves them one after the other.
        source["event_time"] = {"column": "ts", "delay": "30 minutes"}
        document["sources"] = {"events": source}
        return document

    def delta_sinks(self):
        return [(self.delta_path, self.sink), (self.window_path, f"delta:{self.window_path}")]

    def verdict(self, lake, ends, receipts=None, recorded_later=0):
        pg_table, self.pg_table = self.pg_table, None  # it holds windows, not records
        try:
            total = super().verdict(lake, ends)
        finally:
            self.pg_table = pg_table
        promise = make_promise(
            self.feed.spec.seed,
            self.partitions,
            self.name,
            f"delta:{self.window_path}",
            feeds=(self.feed,),
            tombstones="skip",
        )
        table = WindowTable(
            pathlib.Path(lake) / self.window_path,
            promise,
            self.windows,
            max_orphans=FORGIVE if ends is None else 0,
        )
        total.absorb(table.check(ends))
        total.absorb(
            check_postgres_windows(
                self.postgres.url,
                self.pg_table,
                promise,
                f"postgres:{self.pg_table}",
                self.windows,
                ends=ends,
            )
        )
        return total


LINES = (Line, Filtered, Twins, Windowed)


class Job:
    """One batch job over the first `upto` records of each partition of a line's topic, into a table of its own.

    It is submitted again with the same key until it is taken, through as many lives of the daemon as it needs.
    """

    def __init__(self, line, number, upto):
        self.line, self.upto = line, upto
        self.name = f"{line.name}_job{number}"
        self.taken = None
        document = line.document
        source = document.get("source") or document["sources"]["events"]
        self.body = {
            "name": self.name,
            "source": {key: source[key] for key in ("kafka", "format")},
            "sinks": [{"delta": {"path": self.name}}],
            "bad_records": {"max_ratio": 1.0},
            "startOffset": {str(p): 0 for p in range(line.partitions)},
            "endOffset": {str(p): upto for p in range(line.partitions)},
            "idempotencyKey": self.name,
        }

    def submit(self, daemon):
        """False if the daemon went away before it answered."""
        try:
            answer = daemon.request("POST", "/batch/run", self.body, timeout=10)
        except requests.RequestException:
            return False
        if answer.status_code == 503:  # stopping
            return False
        if answer.status_code != 202:
            raise AssertionError(f"{self.name}: {answer.status_code} {answer.text}")
        self.taken = answer.json()["jobId"]
        return True

    def ended(self, daemon):
        """Its document once it is over, else None."""
        if not self.taken:
            self.submit(daemon)
            return None
        try:
            job = daemon.request("GET", f"/batch/{self.taken}", timeout=10).json()
        except requests.RequestException:
            return None
        return job if job["status"] in ("SUCCEEDED", "FAILED", "CANCELLED") else None

    def verdict(self, lake, document):
        """Exactly its range, read by a library that is not ours."""
        from deltalake import DeltaTable as Theirs

        verdict = Verdict(f"job {self.name}", "job")
        if document["status"] != "SUCCEEDED":
            verdict.violation("job_failed", self.name, str(document.get("error")))
            return verdict
        rows = Theirs(str(pathlib.Path(lake) / self.name)).to_pyarrow_table()
        promise = make_promise(
            self.line.feed.spec.seed, self.line.partitions, self.name, None, feeds=(self.line.feed,)
        )
        judged = judge_rows(rows, promise, "rows", verdict)
        for part in promise.parts():
            indexes = np.arange(self.line.feed.layout.below(self.upto))
            due = indexes[promise.wants_row(*part, indexes)]
            held = np.sort(judged.parts.get(part, np.zeros(0, dtype=np.int64)))
            if not np.array_equal(held, due):
                verdict.violation(
                    "job_differs", f"partition {part[1]}", f"{len(held)} rows, must be {len(due)}"
                )
        verdict.counts["rows"] = rows.num_rows
        return verdict
