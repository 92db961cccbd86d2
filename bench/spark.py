"""The same works by Apache Spark 3.5 with Delta Lake, `local[2]`, on the same broker: what a warm run costs, what the first of a process, and
how long the first row takes. What it writes is checked like that of the others."""
import json
import os
import shutil
import signal
import statistics
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

from deltalake import DeltaTable
from results import Void, check_files, check_groups
from waiting import wait_until

WORKS = ("drop", "delta", "window")
STARTS = 3
HERE = Path(__file__).resolve().parent


@contextmanager
def _spark(bench, installed, work, topic, directory, output):
    """spark_work.py, and all that it starts, until the end of the block."""
    command = [str(installed / "bin/python"), str(HERE / "spark_work.py"), work, bench.kafka.address, topic, str(installed / "jars"), str(directory)]
    directory.mkdir()
    with (directory / "log").open("wb") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=log, start_new_session=True)
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
        shutil.rmtree(directory, ignore_errors=True)


def _end_of_log(directory):
    return (directory / "log").read_text(errors="replace").strip()[-600:]


def _runs(bench, installed, work):
    """The first run and the warm ones of a JVM of its own."""
    directory = bench.directory / f"spark-{work}"
    with _spark(bench, installed, work, bench.topic, directory, subprocess.PIPE) as process:
        try:
            said, _ = process.communicate(timeout=1800)
        except subprocess.TimeoutExpired:
            raise Void(f"Spark did not end {work} within 30 minutes") from None
        if process.returncode != 0:
            raise Void(f"Spark ended with {process.returncode}: {_end_of_log(directory)}")
        runs = json.loads(said.decode().strip().splitlines()[-1])
        for number, run in enumerate(runs):
            if run["records"] != bench.records:
                raise Void(f"Spark read {run['records']} of {bench.records} records")
            if work == "drop":
                continue
            table = DeltaTable(str(directory / str(number) / "table"))
            if work == "delta":
                check_files(bench, table.file_uris(), "Spark's Delta table")
            else:
                check_groups(bench, table, "Spark's Delta table")
    return runs


def _first_row_s(bench, installed, topic):
    """From the start of the process to a row in the Delta table, like that of footprint.py."""
    directory = bench.directory / "spark-first"
    table = directory / "0" / "table"
    began = time.monotonic()
    with _spark(bench, installed, "first", topic, directory, subprocess.DEVNULL) as process:

        def there():
            if process.poll() is not None:
                raise Void(f"Spark ended with {process.returncode}: {_end_of_log(directory)}")
            log = table / "_delta_log"
            return log.is_dir() and any(log.glob("*.json")) and DeltaTable(str(table)).count() > 0
        wait_until(there, "a row in Spark's table", 300, poll=0.02)
        return time.monotonic() - began


def measure(bench, installed, few):
    """{works: {work: {first: run; cpu_ns, records_per_s, peak_rss_mib: spread of the warm runs}}, first_row_s}. `few`: a topic of a few
    records, so that Spark's first batch is not a long one."""
    found = {}
    for work in WORKS:
        first, *warm = _runs(bench, installed, work)
        found[work] = {"first": first, "warm": warm}
        for key in ("cpu_ns", "records_per_s", "peak_rss_mib"):
            values = [run[key] for run in warm]
            found[work][key] = {"min": min(values), "median": statistics.median(values), "max": max(values)}
        print(f"  {work:11}spark          first {first['records_per_s']:,.0f} records/s, {first['cpu_ns']:,.0f} CPU-ns; warm "
              f"{found[work]['records_per_s']['median']:,.0f} records/s, {found[work]['cpu_ns']['median']:,.0f} CPU-ns, "
              f"{found[work]['peak_rss_mib']['median']:,.0f} MiB", flush=True)
    first_row = min(_first_row_s(bench, installed, few) for _ in range(STARTS))
    print(f"  first row after {first_row:.1f} s", flush=True)
    return {"works": found, "first_row_s": first_row}
