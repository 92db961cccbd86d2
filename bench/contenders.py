"""The two that are compared, each a function: run the same work once, in a directory of its own, and say what it took.

A run that loses, doubles or changes a record is void: what stands at the end must add up to what bench/fill_topic wrote.
"""
import json
import subprocess
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb
from daemon import Daemon
from deltalake import DeltaTable
from meter import family_cpu, own_cpu, peak_rss_mib
from servers import KafkaBroker, PostgresServer

COLUMNS = [("id", "bigint"), ("event_type", "text"), ("ts", "timestamptz"), ("value", "double precision"), ("source", "text"),
           ("user_id", "bigint")]
SCHEMA = ", ".join(f"{name} {'double' if kind == 'double precision' else kind} not null" for name, kind in COLUMNS)
FIRST_MILLIS = 1767225600000  # of bench/fill_topic
SUM_NAMES = ("records", "id", "ts_millis", "value_cents", "user_id", "text_bytes")
SUMS = (f"count(*), sum(id), sum({{millis}} - {FIRST_MILLIS}), sum(cast(round(value * 100) as bigint)), sum(user_id), "
        "sum(length(event_type) + length(source))")
ROWS_PER_COMMIT = 1_000_000
TABLE = "public.bench"
# The straight line's threads beside the client's. One connection gains nothing by a second.
LANES = {"drop": 2, "delta": 2, "postgres": 1}


class Void(Exception):
    """A run whose result is wrong, or that did not end well."""


@dataclass(frozen=True)
class Bench:
    """What all runs share. Immutable."""
    kafka: KafkaBroker
    postgres: PostgresServer
    topic: str
    truth: dict       # what fill_topic printed
    binaries: Path
    directory: Path   # for what runs leave behind

    @property
    def records(self):
        return self.truth["records"]


class Servers:
    """CPU that broker and PostgreSQL use while a run lasts. Caller synchronises."""

    def __init__(self, bench, sink):
        self._pids = {"broker": _pid(bench.kafka)}
        if sink == "postgres":
            self._pids["postgres"] = _pid(bench.postgres)
        self._before = self._now()

    def _now(self):
        return {name: family_cpu(pid) for name, pid in self._pids.items()}

    def per_record(self, records):
        now = self._now()
        return {f"{name}_cpu_ns": 1e9 * (now[name] - self._before[name]) / records for name in now}


def _pid(server):
    return int((server.directory / "pid").read_text())


def _check(bench, sums, what):
    wrote = {"records": bench.records, **bench.truth["sums"]}
    found = {name: int(value or 0) for name, value in zip(SUM_NAMES, sums)}
    if found != wrote:
        raise Void(f"{what} adds up to {found}, the topic to {wrote}")


def _check_files(bench, files, what):
    query = f"select {SUMS.format(millis='epoch_ms(ts)')} from read_parquet({[str(file) for file in files]!r})"
    _check(bench, duckdb.sql(query).fetchone(), what)


def _check_table(bench, what):
    millis = "cast(extract(epoch from ts) * 1000 as bigint)"
    _check(bench, bench.postgres.query(f"select {SUMS.format(millis=millis)} from {TABLE}")[0], what)


def _clear(bench, sink):
    """Both begin with nothing there, and with no write-back of the run before them."""
    if sink == "postgres":
        bench.postgres.query(f"drop table if exists {TABLE}")
        bench.postgres.query("drop schema if exists laketide cascade")  # its progress: a stream of that name would go on from there
        bench.postgres.query("checkpoint")
    subprocess.run(["sync", "--file-system", str(bench.directory)], check=True)


def straight_line(bench, sink, directory):
    """The hand-written program. `sink`: drop, delta (it writes the same Parquet files, without a log) or postgres."""
    _clear(bench, sink)
    command = [str(bench.binaries / "bench/straight_line"), "--brokers", bench.kafka.address, "--topic", bench.topic,
               "--rows-per-commit", str(ROWS_PER_COMMIT), "--lanes", str(LANES[sink])]
    if sink == "drop":
        command += ["--sink", "drop"]
    elif sink == "delta":
        command += ["--sink", "parquet", "--dir", str(directory)]
    else:
        bench.postgres.query(f"create table {TABLE} ({', '.join(f'{name} {kind} not null' for name, kind in COLUMNS)})")
        command += ["--sink", "copy", "--postgres", bench.postgres.url, "--table", TABLE]
    servers = Servers(bench, sink)
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=600)
    if done.returncode != 0:
        raise Void(f"straight_line ended with {done.returncode}: {done.stderr.strip() or done.stdout.strip()}")
    said = json.loads(done.stdout)
    took = {"records_per_s": said["records_per_s"], "cpu_ns": said["cpu_ns_per_record"], "peak_rss_mib": said["peak_rss_mib"],
            **servers.per_record(bench.records)}
    if said["records"] != bench.records:
        raise Void(f"straight_line read {said['records']} of {bench.records} records")
    if sink == "delta":
        _check_files(bench, directory.glob("*.parquet"), "straight_line's files")
    elif sink == "postgres":
        _check_table(bench, "straight_line's table")
    return took


def document(bench, sink):
    """The pipeline that does the same with Laketide."""
    sinks = {"delta": {"delta": {"path": "bench", "compression": "snappy"}}, "postgres": {"postgres": {"table": TABLE, "mode": "append"}}}
    return {"name": "bench", "trigger": "available_now", "sinks": [sinks[sink]],
            "source": {"kafka": {"topic": bench.topic, "start": "earliest"}, "format": {"json": {"schema": SCHEMA}}}}


def service(bench):
    return {"kafka": {"brokers": bench.kafka.address}, "postgres": {"url": bench.postgres.url}}


def laketide(bench, sink, directory):
    """The real daemon, new and empty, driven over HTTP: from POST /stream/start to FINISHED."""
    _clear(bench, sink)
    with Daemon(service(bench), directory).start() as daemon:
        pid = daemon.process.pid
        servers, cpu, began = Servers(bench, sink), own_cpu(pid), time.time()
        daemon.post("/stream/start", document(bench, sink))
        _wait_finished(daemon)
        cpu = own_cpu(pid) - cpu
        by_servers = servers.per_record(bench.records)
        receipts = daemon.get("/stream/bench/epochs?limit=1000")["epochs"]
        took = {"records_per_s": bench.records / (max(_seconds(one["committedAt"]) for one in receipts) - began),
                "cpu_ns": 1e9 * cpu / bench.records, "peak_rss_mib": peak_rss_mib(pid), "epochs": len(receipts), **by_servers}
        if daemon.terminate() != 0:
            raise Void(f"the daemon did not end well:\n{daemon.log[-2000:]}")
        if sink == "delta":
            _check_files(bench, DeltaTable(str(daemon.lake / "bench")).file_uris(), "Laketide's Delta table")
        else:
            _check_table(bench, "Laketide's table")
    return took


def _wait_finished(daemon):
    def ended():
        stream = daemon.stream("bench")
        if stream and stream["state"] in ("FAILED", "FENCED", "STOPPED"):
            raise Void(f"the stream is {stream['state']}: {json.dumps(stream)[:2000]}")
        return stream and stream["state"] == "FINISHED"
    daemon.wait_for(ended, "the stream to be FINISHED", 600)


def _seconds(iso):
    return datetime.fromisoformat(iso).timestamp()
