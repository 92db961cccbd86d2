"""Runs the straight line and Laketide in turn, several pairs a sink, and reports. Called by bench/run.sh; see bench/README.md."""
import argparse
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests" / "services"))

import footprint  # noqa: E402
import latency  # noqa: E402
import probes  # noqa: E402
import queries  # noqa: E402
import report  # noqa: E402
import shares  # noqa: E402
import spark  # noqa: E402
from contenders import WORKS, Bench, laketide, straight_line  # noqa: E402
from health import measure  # noqa: E402
from results import Void  # noqa: E402
from servers import KafkaBroker, PostgresServer, own_directory  # noqa: E402

PARTITIONS = 4
# Room for a run's writes, so that no run pays for the checkpoints of the one before.
POSTGRES = {"shared_buffers": "256MB", "max_wal_size": "4GB", "checkpoint_timeout": "30min"}


def parse():
    parser = argparse.ArgumentParser(prog="bench/run.sh")
    parser.add_argument("--binaries", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--records", type=int)
    parser.add_argument("--pairs", type=int)
    parser.add_argument("--only", type=lambda text: text.split(","), default=list(WORKS), help="rows of the table, with commas between")
    parser.add_argument("--without", type=lambda text: text.split(","), default=[],
                        help="of health_ms, process, latency, probes, scheduler, queries, what is left out")
    parser.add_argument("--spark", action="store_true", help="the same works by Apache Spark too")
    arguments = parser.parse_args()
    arguments.binaries = arguments.binaries.resolve()
    arguments.records = arguments.records or (500_000 if arguments.quick else 4_000_000)
    arguments.pairs = arguments.pairs or (2 if arguments.quick else 7)
    arguments.starts = 3 if arguments.quick else 20
    arguments.latency_seconds = 4 if arguments.quick else 12
    arguments.probe_seconds = 3 if arguments.quick else 10
    return arguments


def fill(binaries, kafka, topic, records, partitions=PARTITIONS):
    kafka.create_topic(topic, partitions)
    done = subprocess.run([str(binaries / "bench/fill_topic"), "--brokers", kafka.address, "--topic", topic, "--records", str(records),
                           "--partitions", str(partitions)], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=3600)
    if done.returncode != 0:
        raise SystemExit(done.stderr)
    return json.loads(done.stdout)


def run_once(contender, bench, name):
    directory = bench.directory / f"{contender.__name__}-{name.replace(' ', '-')}"
    directory.mkdir()
    try:
        took = contender(bench, WORKS[name], directory)
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    print(f"  {name:11}{contender.__name__:15}" + "  ".join(f"{key} {value:,.0f}" for key, value in took.items()), flush=True)
    return took


def run_pairs(bench, names, pairs):
    """Pair by pair over all works, so that a machine that slows down slows all alike; who goes first takes turns."""
    print("Warming up: not counted, so that the broker's compiler and the page cache favour nobody.", flush=True)
    for _ in range(2):
        run_once(straight_line, bench, "drop")
    if "window" in names:
        run_once(straight_line, bench, "window")
    print(f"{pairs} pairs:", flush=True)
    measured = {name: [] for name in names}
    for number in range(pairs):
        for name in (name for name in names for _ in range(WORKS[name].times)):
            order = [straight_line] + [laketide] * bool(WORKS[name].sink)
            took = {contender: run_once(contender, bench, name) for contender in (order if len(measured[name]) % 2 == 0 else reversed(order))}
            measured[name].append((took[straight_line], took.get(laketide)))
    return measured


def beside(bench, arguments):
    """What is measured once, beside the pairs. What fails is not measured, and says why: the pairs were not in vain."""
    parts = {"health_ms": lambda: {name: {**report.spread(values), "runs": values} for name, values in measure(bench, arguments.starts).items()},
             "process": lambda: footprint.measure(bench), "latency": lambda: latency.measure(bench, arguments.latency_seconds),
             "probes": lambda: probes.measure(bench, arguments.probe_seconds / 2), "scheduler": lambda: shares.measure(bench, arguments.probe_seconds),
             "queries": lambda: queries.measure(bench)}
    if arguments.spark:
        parts["spark"] = lambda: by_spark(bench, arguments)
    found = {}
    for name, part in ((name, part) for name, part in parts.items() if name not in arguments.without):
        print(f"{name} ...", flush=True)
        try:
            found[name] = part()
        except (AssertionError, Void) as error:
            reason = str(error).splitlines()[0]
            print(f"  not measured: {reason}", flush=True)
            found.setdefault("not_measured", {})[name] = reason
    if "spark" in found and "process" in found:
        theirs, ours = found["spark"]["first_row_s"], found["process"]["first_row_s"]
        found["first_row"] = {"laketide_s": ours, "spark_s": theirs, "ratio": ours / theirs}
    return found


def by_spark(bench, arguments):
    if not bench.groups:
        run_once(straight_line, bench, "window")  # the truth for Spark's
    fill(arguments.binaries, bench.kafka, "few", 10_000)
    return spark.measure(bench, HERE.parent / "build" / "spark", "few")


def main():
    arguments = parse()
    os.environ["LAKETIDE_BINARY"] = str(arguments.binaries / "laketide")
    load = [os.getloadavg()[0]]
    directory = own_directory("bench")
    try:
        with KafkaBroker(directory / "kafka") as kafka, PostgresServer(directory / "postgres", POSTGRES) as postgres:
            print(f"Filling a topic with {arguments.records:,} records ...", flush=True)
            truth = fill(arguments.binaries, kafka, "bench", arguments.records)
            print(f"  {truth['records_per_s']:,.0f} records/s", flush=True)
            bench = Bench(kafka, postgres, "bench", truth, arguments.binaries, directory, {})
            measured = run_pairs(bench, arguments.only, arguments.pairs)
            more = beside(bench, arguments)
        load.append(os.getloadavg()[0])
    except Void as void:
        raise SystemExit(f"void: {void}") from None
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    result = report.make(bench, measured, load, more)
    report.write(result, HERE / "out")
    print("\n" + report.markdown(result) + f"\nWritten: {HERE / 'out' / 'bench.md'}, {HERE / 'out' / 'bench.json'}")


if __name__ == "__main__":
    main()
