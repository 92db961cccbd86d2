"""The two that are compared, each a function: run the same work once, in a directory of its own, and say what it took.

A run that loses, doubles or changes a record is void: what stands at the end must add up to what bench/fill_topic wrote.
"""
import json
import subprocess
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from daemon import Daemon
from deltalake import DeltaTable
from meter import family_cpu, own_cpu, peak_rss_mib
from results import TABLE, Void, check_files, check_filtered, check_groups, check_table, keep_groups
from servers import KafkaBroker, PostgresServer
from waiting import wait_until

COLUMNS = [("id", "bigint"), ("event_type", "text"), ("ts", "timestamptz"), ("value", "double precision"), ("source", "text"),
           ("user_id", "bigint")]
SCHEMA = ", ".join(f"{name} {'double' if kind == 'double precision' else kind} not null" for name, kind in COLUMNS)
ROWS_PER_COMMIT = 1_000_000
WINDOW = ("SELECT window_start, source, count(*) AS n, avg(value) AS average FROM source "
          "GROUP BY tumble(ts, INTERVAL '10 seconds'), source")


@dataclass(frozen=True)
class Work:
    """One row of the table: what both sides do. Immutable.

    `hand`: the straight line's sink and its own arguments; `lanes`: its threads, as one connection gains nothing by a second.
    `times`: how often both run in each of the pairs, where runs are short and differ much.
    `sink` and `more`: Laketide's sink and the rest of its pipeline; no sink: there is nothing of ours to compare. `check`: how the
    result is proven.
    """
    hand: tuple
    check: str
    sink: dict = None
    more: dict = None
    lanes: int = 2
    times: int = 1

    @property
    def uses_postgres(self):
        return self.check == "table"


def _delta(compression):
    return {"delta": {"path": "bench", "compression": compression}}


WORKS = {
    "drain": Work(("drain",), "nothing"),
    # All six fields are decoded, and the filter lets none through.
    "drop": Work(("drop",), "filtered", _delta("snappy"), {"sql": "SELECT * FROM source WHERE value < 0"}),
    "delta": Work(("parquet", "--compression", "snappy"), "files", _delta("snappy")),
    "delta zstd": Work(("parquet", "--compression", "zstd"), "files", _delta("zstd")),
    "postgres": Work(("copy",), "table", {"postgres": {"table": TABLE, "mode": "append"}}, lanes=1, times=3),
    "upsert": Work(("upsert",), "table", {"postgres": {"table": TABLE, "mode": "upsert", "key": ["id"]}}, lanes=1),
    "window": Work(("window",), "groups", _delta("snappy"), {"sql": WINDOW}),
}


@dataclass(frozen=True)
class Bench:
    """What all runs share. Immutable."""
    kafka: KafkaBroker
    postgres: PostgresServer
    topic: str
    truth: dict       # what fill_topic printed
    binaries: Path
    directory: Path   # for what runs leave behind
    groups: dict      # the window's, as the straight line found them last

    @property
    def records(self):
        return self.truth["records"]


class Servers:
    """CPU that broker and PostgreSQL use while a run lasts. Caller synchronises."""

    def __init__(self, bench, work):
        self._pids = {"broker": _pid(bench.kafka)}
        if work.uses_postgres:
            self._pids["postgres"] = _pid(bench.postgres)
        self._before = self._now()

    def _now(self):
        return {name: family_cpu(pid) for name, pid in self._pids.items()}

    def per_record(self, records):
        now = self._now()
        return {f"{name}_cpu_ns": 1e9 * (now[name] - self._before[name]) / records for name in now}


def _pid(server):
    return int((server.directory / "pid").read_text())


def _clear(bench, work, by_hand):
    """Both begin with nothing there, and with no write-back of the run before them. Laketide makes its tables itself."""
    if work.uses_postgres:
        bench.postgres.query(f"drop table if exists {TABLE}")
        bench.postgres.query("drop schema if exists laketide cascade")  # its progress: a stream of that name would go on from there
        if by_hand:
            key = ", primary key (id)" if work.hand[0] == "upsert" else ""
            bench.postgres.query(f"create table {TABLE} ({', '.join(f'{name} {kind} not null' for name, kind in COLUMNS)}{key})")
        bench.postgres.query("checkpoint")
    subprocess.run(["sync", "--file-system", str(bench.directory)], check=True)


def straight_line(bench, work, directory):
    """The hand-written program; for Delta it writes the same Parquet files, without a log."""
    _clear(bench, work, True)
    command = [str(bench.binaries / "bench/straight_line"), "--brokers", bench.kafka.address, "--topic", bench.topic, "--rows-per-commit",
               str(ROWS_PER_COMMIT), "--lanes", str(work.lanes), "--dir", str(directory), "--postgres", bench.postgres.url, "--table", TABLE,
               "--sink", *work.hand]
    servers = Servers(bench, work)
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=600)
    if done.returncode != 0:
        raise Void(f"straight_line ended with {done.returncode}: {done.stderr.strip() or done.stdout.strip()}")
    said = json.loads(done.stdout)
    took = {"records_per_s": said["records_per_s"], "cpu_ns": said["cpu_ns_per_record"], "peak_rss_mib": said["peak_rss_mib"],
            **servers.per_record(bench.records)}
    if said["records"] != bench.records:
        raise Void(f"straight_line read {said['records']} of {bench.records} records")
    if work.check == "files":
        check_files(bench, directory.glob("*.parquet"), "straight_line's files")
    elif work.check == "table":
        check_table(bench, "straight_line's table")
    elif work.check == "groups":
        keep_groups(bench, directory / "groups.csv")
    return took


def document(bench, work):
    """The pipeline that does the same with Laketide."""
    source = {"kafka": {"topic": bench.topic, "start": "earliest"}, "format": {"json": {"schema": SCHEMA}}}
    if work.check == "groups":
        source["event_time"] = {"column": "ts", "delay": "30s"}
    return {"name": "bench", "trigger": "available_now", "sinks": [work.sink], "source": source, **(work.more or {})}


def service(bench):
    return {"kafka": {"brokers": bench.kafka.address}, "postgres": {"url": bench.postgres.url}}


def laketide(bench, work, directory):
    """The real daemon, new and empty, driven over HTTP: from POST /stream/start to FINISHED."""
    _clear(bench, work, False)
    with Daemon(service(bench), directory).start() as daemon:
        pid = daemon.process.pid
        servers, cpu, began = Servers(bench, work), own_cpu(pid), time.time()
        daemon.post("/stream/start", document(bench, work))
        _wait_finished(daemon)
        cpu = own_cpu(pid) - cpu
        by_servers = servers.per_record(bench.records)
        receipts = daemon.get("/stream/bench/epochs?limit=1000")["epochs"]
        took = {"records_per_s": bench.records / (max(_seconds(one["committedAt"]) for one in receipts) - began),
                "cpu_ns": 1e9 * cpu / bench.records, "peak_rss_mib": peak_rss_mib(pid), "epochs": len(receipts), **by_servers}
        if daemon.terminate() != 0:
            raise Void(f"the daemon did not end well:\n{daemon.log[-2000:]}")
        _check_laketide(bench, work, daemon, receipts)
    return took


def _check_laketide(bench, work, daemon, receipts):
    if work.check == "files":
        check_files(bench, DeltaTable(str(daemon.lake / "bench")).file_uris(), "Laketide's Delta table")
    elif work.check == "table":
        check_table(bench, "Laketide's table")
    elif work.check == "groups":
        check_groups(bench, DeltaTable(str(daemon.lake / "bench")), "Laketide's Delta table")
    else:
        check_filtered(bench, receipts)


def _wait_finished(daemon):
    def ended():
        if not daemon.running:
            raise Void(f"the daemon ended:\n{daemon.log[-2000:]}")
        stream = daemon.stream("bench")
        if stream and stream["state"] in ("FAILED", "FENCED", "STOPPED"):
            raise Void(f"the stream is {stream['state']}: {json.dumps(stream)[:2000]}")
        return stream and stream["state"] == "FINISHED"
    # Seldom: the daemon's answers are CPU of its own, and receipts tell the time.
    wait_until(ended, "the stream to be FINISHED", 600, poll=0.5)


def _seconds(iso):
    return datetime.fromisoformat(iso).timestamp()
