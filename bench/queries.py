"""What queries that remember cost a record: windows, sessions, joins with a static table, de-duplication. Beside the pairs of run.sh.

Each query reads the benchmark's topic as a stream with `available_now` into Delta, in a daemon that is new and empty. A result that is not
DuckDB's over the same records is void: every group of the windows that are closed, every row of the others.
"""
import shutil
import time
from dataclasses import dataclass, field

import duckdb
import numpy
from deltalake import DeltaTable

from contenders import SCHEMA, service
from daemon import Daemon
from meter import own_cpu, peak_rss_mib
from results import FIRST_MILLIS, Void

SEED = 1  # of bench/fill_topic
DELAY = 30  # seconds that rows may be late
SLACK = DELAY + 60  # seconds of event time: what lanes' fetches may be apart besides
GROUPED = "extract(epoch FROM window_start)::bigint AS start, {key} AS k, count(*) AS n, sum(user_id) AS s FROM source GROUP BY {window}, {key}"


@dataclass(frozen=True)
class Query:
    """`sql`: ours. `truth`: DuckDB's over `records`, with the same columns, and `closes` where rows are groups: the second of event time from
    which one is final. `source`, `tables`: more of the document. Immutable."""
    sql: str
    truth: str
    source: dict = field(default_factory=dict)
    tables: dict = field(default_factory=dict)


def tumbling(seconds, keys):
    return Query("SELECT " + GROUPED.format(key=f"id % {keys}", window=f"tumble(ts, INTERVAL '{seconds} seconds')"),
                 f"SELECT millis // {1000 * seconds} * {seconds} AS start, id % {keys} AS k, count(*) AS n, sum(user_id) AS s, start + {seconds} AS closes FROM records GROUP BY ALL")


def hopping(slide, slides, keys):
    size = slide * slides
    return Query("SELECT " + GROUPED.format(key=f"id % {keys}", window=f"hop(ts, INTERVAL '{slide} seconds', INTERVAL '{size} seconds')"),
                 f"SELECT millis // {1000 * slide} * {slide} - back.i * {slide} AS start, id % {keys} AS k, count(*) AS n, sum(user_id) AS s, start + {size} AS closes "
                 f"FROM records, range({slides}) AS back(i) GROUP BY ALL")


# 1 ms of event time goes by from record to record.
QUERIES = {
    "tumble, 100 keys": tumbling(10, 100),
    "tumble, 10,000 keys": tumbling(60, 10_000),
    "tumble, 1,000,000 keys": tumbling(1200, 1_000_000),
    "hop, 60 slides": hopping(10, 60, 100),
    "session": Query(
        "SELECT (extract(epoch FROM window_start) * 1000)::bigint AS start, source AS k, count(*) AS n, sum(user_id) AS s FROM source "
        "GROUP BY session(ts, INTERVAL '1 second'), source",
        "WITH gaps AS (SELECT *, millis - lag(millis) OVER each > 1000 AS begins FROM records WINDOW each AS (PARTITION BY source ORDER BY millis)), "
        "numbered AS (SELECT *, sum(coalesce(begins, true)::int) OVER (PARTITION BY source ORDER BY millis ROWS UNBOUNDED PRECEDING) AS number FROM gaps) "
        "SELECT min(millis) AS start, source AS k, count(*) AS n, sum(user_id) AS s, max(millis) / 1000 + 1 AS closes FROM numbered GROUP BY source, number"),
    "static join": Query(
        "SELECT e.id, s.hall FROM source e JOIN sensors s ON e.source = s.source WHERE s.hall = 3", "SELECT id, 3::bigint AS hall FROM records WHERE sensor % 7 = 3",
        tables={"sensors": {"files": {"path": "sensors.csv", "schema": "source text not null, hall bigint"}}}),
    "de-duplication": Query("SELECT user_id FROM source", "SELECT DISTINCT user_id FROM records", source={"deduplicate": {"key": ["user_id"]}}),
}


def splitmix(x):
    x = x + numpy.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> numpy.uint64(30))) * numpy.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> numpy.uint64(27))) * numpy.uint64(0x94D049BB133111EB)
    return x ^ (x >> numpy.uint64(31))


def records_of(count):
    """The topic's records, as record_text.h makes them."""
    ids = numpy.arange(count, dtype=numpy.uint64)
    dice = splitmix(numpy.uint64(SEED) ^ splitmix(ids))

    def part(shift, size):
        return ((dice >> numpy.uint64(shift)) % numpy.uint64(size)).astype(numpy.int64)
    return {"id": ids.astype(numpy.int64), "millis": FIRST_MILLIS + ids.astype(numpy.int64) + part(3, 500), "sensor": part(26, 200), "user_id": 100_000 + part(34, 900_000)}


def truth_of(count):
    """A connection to DuckDB with the table `records`."""
    arrays = records_of(count)  # noqa: F841, DuckDB finds it by its name
    connection = duckdb.connect()
    connection.execute("CREATE TABLE records AS SELECT *, printf('sensor-%03d.hall-%d', sensor, sensor % 7) AS source FROM arrays")
    return connection


def check(truth, query, found, count, name):
    """`found`: our rows. Of groups those that are closed; the newest of them says how far that is."""
    truth.execute(f"CREATE OR REPLACE TABLE wanted AS {query.truth}")
    truth.register("given", found)
    columns = [one[0] for one in truth.execute("SELECT * FROM wanted LIMIT 0").description]
    due = "wanted"
    if "closes" in columns:
        columns.remove("closes")
        reached = truth.execute("SELECT max(closes) FROM wanted JOIN given USING (start, k)").fetchone()[0]
        if reached is None and truth.execute("SELECT min(closes) FROM wanted").fetchone()[0] < FIRST_MILLIS / 1000 + count / 1000 - SLACK:
            raise Void(f"{name}: no group at all")
        due = f"(SELECT * FROM wanted WHERE closes <= {reached or 0})"
    names = ", ".join(columns)
    for one, other, what in ((f"{due} AS due", "given", "lacking"), ("given", f"{due} AS due", "wrong or doubled")):
        rows = truth.execute(f"SELECT count(*) FROM (SELECT {names} FROM {one} EXCEPT ALL SELECT {names} FROM {other})").fetchone()[0]
        if rows:
            raise Void(f"{name}: {rows} rows are {what}")
    truth.unregister("given")


def document(bench, query):
    source = {"kafka": {"topic": bench.topic}, "format": {"json": {"schema": SCHEMA}}, **query.source}
    if "closes" in query.truth:
        source["event_time"] = {"column": "ts", "delay": f"{DELAY}s"}
    return {"name": "bench", "trigger": "available_now", "source": source, "tables": query.tables, "sql": query.sql, "sinks": [{"delta": {"path": "bench"}}]}


def run_once(bench, name, truth):
    query = QUERIES[name]
    directory = bench.directory / "query"
    shutil.rmtree(directory, ignore_errors=True)
    daemon = Daemon(service(bench), directory)
    daemon.lake.mkdir(parents=True)
    (daemon.lake / "sensors.csv").write_text("source,hall\n" + "".join(f"sensor-{n:03}.hall-{n % 7},{n % 7}\n" for n in range(200)))
    with daemon.start():
        pid = daemon.process.pid
        cpu, began = own_cpu(pid), time.monotonic()
        daemon.post("/stream/start", document(bench, query))

        def finished():
            stream = daemon.stream("bench")
            if stream["state"] == "FAILED":
                raise Void(f"{name}: {stream['error']}")
            return stream["state"] == "FINISHED"
        daemon.wait_for(finished, f"{name} to be finished", 900)
        seconds, cpu = time.monotonic() - began, own_cpu(pid) - cpu
        took = {"records_per_s": bench.records / seconds, "cpu_ns": 1e9 * cpu / bench.records, "peak_rss_mib": peak_rss_mib(pid)}
        found = DeltaTable(str(daemon.lake / "bench")).to_pyarrow_table()
        check(truth, query, found, bench.records, name)
        daemon.terminate(60)
    shutil.rmtree(directory, ignore_errors=True)
    return {**took, "rows": found.num_rows}


def measure(bench, names=None, runs=1):
    """{query: [what each run took]}; the queries take turns."""
    truth = truth_of(bench.records)
    took = {name: [] for name in names or QUERIES}
    for _ in range(runs):
        for name in took:
            took[name].append(run_once(bench, name, truth))
            print(f"  {name:24}" + "  ".join(f"{key} {value:,.0f}" for key, value in took[name][-1].items()), flush=True)
    return took
