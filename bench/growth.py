"""How costs grow: one curve each, as a table, as JSON and as SVG in bench/out. Called by bench/run.sh --growth; see bench/README.md."""
import argparse
import json
import os
import random
import shutil
import statistics
import sys
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests" / "services"))

import plot  # noqa: E402
from confluent_kafka import Producer  # noqa: E402
from contenders import SCHEMA  # noqa: E402
from daemon import Daemon  # noqa: E402
from deltalake import DeltaTable  # noqa: E402
from meter import own_cpu, own_cpu_exactly, peak_rss_mib  # noqa: E402
from pairs import fill  # noqa: E402
from report import machine  # noqa: E402
from servers import KafkaBroker, own_directory  # noqa: E402
from waiting import wait_until  # noqa: E402


@dataclass(frozen=True)
class Ground:
    """What all curves share. Immutable."""
    kafka: KafkaBroker
    binaries: Path
    directory: Path
    scale: float  # of the number of records; 1: as in the README


def _document(topic, schema, **more):
    return {"name": topic, "trigger": "available_now", "source": {"kafka": {"topic": topic, "start": "earliest"}, "format": {"json": {"schema": schema}}},
            "sinks": [{"delta": {"path": topic}}], **more}


def _daemon(ground, name, **more):
    directory = ground.directory / name
    shutil.rmtree(directory, ignore_errors=True)
    # Each client of a lane may hold 8 MiB ready: a hundred streams ask for more than the engine gives by itself.
    return Daemon({"kafka": {"brokers": ground.kafka.address}, "engine": {"memory": "4GiB"}, **more}, directory)


TIMES = 3  # of each stream over a topic


def _drained(ground, topic, records, document):
    """A stream over the whole topic, in a daemon of its own: CPU-ns a record, the median of three; the most memory of all."""
    runs = [_drained_once(ground, topic, records, document) for _ in range(TIMES)]
    return {"CPU-ns per record": statistics.median(cpu for cpu, _ in runs), "peak memory, MiB": max(memory for _, memory in runs)}


def _drained_once(ground, topic, records, document):
    """Read to the last record, or it does not count."""
    with _daemon(ground, "drained").start() as daemon:
        pid = daemon.process.pid
        cpu = own_cpu(pid)
        daemon.post("/stream/start", document)
        daemon.wait_for_state(topic, "FINISHED", 3600)
        cpu = own_cpu(pid) - cpu
        read = sum(one["rowsIn"] for one in daemon.get(f"/stream/{topic}/epochs?limit=1000")["epochs"])
        assert read == records, f"{read} of {records} records were read"
        return 1e9 * cpu / records, peak_rss_mib(pid)


def _produce(ground, topic, records, text_of):
    ground.kafka.create_topic(topic, 4)
    producer = Producer({"bootstrap.servers": ground.kafka.address, "compression.type": "lz4", "linger.ms": 50, "queue.buffering.max.kbytes": 262144,
                         "message.max.bytes": 2_000_000})
    for n in range(records):
        while True:
            try:
                producer.produce(topic, text_of(n), partition=n % 4)
                break
            except BufferError:
                producer.poll(0.1)
        producer.poll(0)
    assert producer.flush(120) == 0, "not all records arrived"


def partitions(ground):
    """Cost of a record where a topic has more partitions; all six fields, and a filter that lets none through."""
    records = int(4_000_000 * ground.scale)
    for count in (1, 4, 16, 64):
        topic = f"partitions-{count}"
        fill(ground.binaries, ground.kafka, topic, records, count)
        yield count, _drained(ground, topic, records, _document(topic, SCHEMA, sql="SELECT * FROM source WHERE value < 0"))


def columns(ground):
    """Cost of a record, and of a byte, of more fields where the query wants three of them."""
    for count in (6, 12, 25, 50, 100):
        topic = f"columns-{count}"
        names = ["id bigint", "value double", "source text", *(f"extra_{n} bigint" for n in range(count - 3))]
        rest = "".join(f',"extra_{n}":{1000 + n}' for n in range(count - 3))

        def text_of(n, rest=rest):
            return f'{{"id":{n},"value":{n % 1000}.5,"source":"s{n % 200}"{rest}}}'
        size = len(text_of(100_000))
        records = int(400_000_000 * ground.scale) // size
        _produce(ground, topic, records, text_of)
        took = _drained(ground, topic, records, _document(topic, ", ".join(names), sql="SELECT id, value, source FROM source WHERE value < 0"))
        yield count, {**took, "bytes of a record": size, "CPU-ns per byte": took["CPU-ns per record"] / size}


def sizes(ground):
    """Cost of a record, and of a byte, by the size of the record; the rest of it is a text that the query does not want. The text is one that
    lz4 halves: of one letter alone it leaves a hundredth, so that a small answer of the broker becomes tens of megabytes in memory."""
    digits = random.Random(1).randbytes(500_000).hex()
    for size in (100, 1_000, 10_000, 100_000):
        records = int(min(4_000_000, 1_000_000_000 // size) * ground.scale)
        topic = f"size-{size}"

        def text_of(n, length=size - 40):
            begin = n * 7919 % (len(digits) - length)
            return f'{{"id":{n},"value":{n % 1000}.5,"text":"{digits[begin:begin + length]}"}}'
        _produce(ground, topic, records, text_of)
        took = _drained(ground, topic, records, _document(topic, "id bigint, value double, text text", sql="SELECT id FROM source WHERE value < 0"))
        yield size, {**took, "CPU-ns per byte": took["CPU-ns per record"] / size}


def keys(ground):
    """Cost of a record of a window of 10 s by its key, by how many keys there are."""
    records = int(20_000_000 * ground.scale)
    for count in (1_000, 10_000, 100_000, 1_000_000, 10_000_000):
        topic = f"keys-{count}"
        # A multiplier that is prime to all counts visits every key once before it visits one again.
        _produce(ground, topic, records, lambda n, count=count: f'{{"ts":"2026-01-01T00:00:0{n * 10 // records}Z","key":{n * 7919 % count},"value":1.5}}')
        document = _document(topic, "ts timestamptz, key bigint, value double", sql="SELECT window_start, key, count(*) AS n FROM source GROUP BY tumble(ts, INTERVAL '10 seconds'), key")
        document["source"]["event_time"] = {"column": "ts", "delay": "30s"}
        yield count, _drained(ground, topic, records, document)


def _let_pass(seconds):
    over = time.monotonic() + seconds
    wait_until(lambda: time.monotonic() >= over, f"{seconds} seconds to pass", seconds + 20)


def pipelines(ground):
    """What streams cost that have nothing to do: CPU and memory of each, over ten seconds, five after the last began."""
    ground.kafka.create_topic("idle", 4)
    with _daemon(ground, "pipelines").start() as daemon:
        pid, there = daemon.process.pid, 0
        for count in (1, 10, 30, 100):
            for number in range(there, count):
                name = f"idle-{number}"
                daemon.post("/stream/start", {**_document("idle", SCHEMA), "name": name, "trigger": {"epoch": "1s"}, "sinks": [{"delta": {"path": name}}]})
            there = count
            daemon.wait_for(lambda: all(daemon.stream(f"idle-{n}")["state"] in ("RUNNING", "IDLE") for n in range(there)), "all streams to run", 120)
            _let_pass(5)
            cpu, began = own_cpu_exactly(pid), time.monotonic()
            _let_pass(10)
            used = (own_cpu_exactly(pid) - cpu) / 1e9 / (time.monotonic() - began)
            yield count, {"CPU of each, % of a core": 100 * used / count, "memory in all, MiB": peak_rss_mib(pid)}


def versions(ground):
    """Time of a commit by how many versions the Delta table has: the median of those since the point before."""
    topic, last = "versions", int(10_000 * ground.scale)
    _produce(ground, topic, 1000, lambda n: f'{{"id":{n}}}')
    with _daemon(ground, "versions").start() as daemon:
        document = {**_document(topic, "id bigint"), "trigger": {"epoch": "5ms"}}
        daemon.post("/stream/start", document)
        feeder = Producer({"bootstrap.servers": ground.kafka.address, "linger.ms": 0})
        log, version, sent = daemon.lake / topic / "_delta_log", 0, 1000

        def next_version():
            # A record a millisecond, so that every epoch has one.
            nonlocal sent
            feeder.produce(topic, f'{{"id":{sent}}}', partition=sent % 4)
            feeder.poll(0.001)
            sent += 1
            return (log / f"{version:020}.json").exists()
        for point in (point for point in (10, 100, 300, 1000, 3000, 10_000) if point <= last):
            while version < point:
                wait_until(next_version, f"version {version}", 60, poll=0)
                version += 1
            epochs = daemon.get(f"/stream/{topic}/epochs?limit=100")["epochs"]
            took = [1000 * (datetime.fromisoformat(one["committedAt"]) - datetime.fromisoformat(one["openedAt"])).total_seconds() for one in epochs]
            yield point, {"ms from opening to commit": statistics.median(took), "memory, MiB": peak_rss_mib(daemon.process.pid)}
        feeder.flush(10)


def jobs(ground):
    """Jobs that wait in the queue behind one that takes its time: how long one takes to be taken in, and the list to be read, by how many
    there are."""
    _produce(ground, "jobs-past", 1000, lambda n: f'{{"id":{n}}}')

    def submit(daemon, name, **kafka):
        document = _document("jobs-past", "id bigint")
        del document["trigger"]
        document["source"]["kafka"].update(kafka)
        daemon.post("/batch/run", {**document, "name": name, "sinks": [{"delta": {"path": name}}]}, expect=202)
    with _daemon(ground, "jobs", batch_defaults={"max_running": 1}).start() as daemon:
        submit(daemon, "slow", max_rate_per_partition=1)
        there = 0
        for count in (1, 10, 100, 1000):
            began, first = time.monotonic(), there
            for number in range(there, count):
                submit(daemon, f"job-{number}")
            there = count
            submitted = 1000 * (time.monotonic() - began) / (count - first)
            listed = statistics.median(_milliseconds(lambda: daemon.get("/batch?limit=1000")) for _ in range(5))
            yield count, {"ms to take one in": submitted, "ms to list them": listed, "memory, MiB": peak_rss_mib(daemon.process.pid)}


def _milliseconds(call):
    began = time.monotonic()
    call()
    return 1000 * (time.monotonic() - began)


def _scanned(ground, topic, records, document):
    """A job over the whole topic: CPU-ns a record, peak memory. Every record read and every row there, or it does not count."""
    with _daemon(ground, "scanned").start() as daemon:
        pid = daemon.process.pid
        cpu, began = own_cpu(pid), time.monotonic()
        job = daemon.post("/batch/run", document, expect=202)["jobId"]

        def ended():
            answer = daemon.get(f"/batch/{job}")
            return answer if answer["status"] in ("SUCCEEDED", "FAILED", "CANCELLED") else None
        done = daemon.wait_for(ended, "the job to end", 3600)
        cpu, seconds = own_cpu(pid) - cpu, time.monotonic() - began
        assert done["status"] == "SUCCEEDED", done
        rows = DeltaTable(str(daemon.lake / topic)).count()
        assert (done["rowsIn"], rows) == (records, (records + KEPT - 1) // KEPT), f"{done['rowsIn']} of {records} records were read, {rows} rows written"
        return {"CPU-ns per record": 1e9 * cpu / records, "records/s": records / seconds, "peak memory, MiB": peak_rss_mib(pid)}


KEPT = 100  # of so many records of a scan, one


def scan(ground):
    """A job over all records of a topic, and a stream that does the same: one record in a hundred goes into a Delta table."""
    for count in (1_000_000, 10_000_000, 100_000_000):
        records = int(count * ground.scale)
        topic = f"scan-{count}"
        fill(ground.binaries, ground.kafka, topic, records)
        document = _document(topic, SCHEMA, sql=f"SELECT * FROM source WHERE id % {KEPT} = 0")
        stream = _drained(ground, topic, records, document)
        del document["trigger"]
        took = _scanned(ground, topic, records, document)
        yield records, {**took, "the stream's CPU-ns per record": stream["CPU-ns per record"], "its peak memory, MiB": stream["peak memory, MiB"]}


CURVES = {"partitions": ("partitions of the topic", partitions), "pipelines": ("idle pipelines", pipelines), "keys": ("keys of the window", keys),
          "columns": ("fields of a record, three of them used", columns), "sizes": ("bytes of a record", sizes),
          "versions": ("versions of the Delta table", versions), "jobs": ("jobs that wait", jobs), "scan": ("records that a job reads", scan)}


def markdown(result):
    about = result["machine"]
    lines = [f"{result['when']} · {about['cores']} × {about['cpu']} · load {result['load_before']:.1f} before, {result['load_after']:.1f} after"]
    for curve in result["curves"].values():
        values = list(curve["points"][0][1])
        lines += ["", f"| {curve['axis']} | " + " | ".join(values) + " |", "|---" * (len(values) + 1) + "|"]
        lines += [f"| {at:,} | " + " | ".join(f"{found[name]:,.2f}" if found[name] < 10 else f"{found[name]:,.0f}" for name in values) + " |" for at, found in curve["points"]]
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(prog="bench/run.sh --growth")
    parser.add_argument("--binaries", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--only", type=lambda text: text.split(","), default=list(CURVES), help="curves, with commas between: " + ", ".join(CURVES))
    parser.add_argument("--quick", action="store_true", help="a twentieth of the records: whether all of it runs")
    arguments = parser.parse_args()
    os.environ["LAKETIDE_BINARY"] = str(arguments.binaries.resolve() / "laketide")
    result = {"when": datetime.now().astimezone().isoformat(timespec="seconds"), "machine": machine(), "load_before": os.getloadavg()[0], "curves": {}}
    directory = own_directory("growth")
    try:
        with KafkaBroker(directory / "kafka") as kafka:
            ground = Ground(kafka, arguments.binaries.resolve(), directory, 0.05 if arguments.quick else 1.0)
            for name in arguments.only:
                axis, measure = CURVES[name]
                points = []
                try:
                    for at, found in measure(ground):
                        print(f"  {name:11}{at:>10,}  " + "  ".join(f"{what} {value:,.2f}" for what, value in found.items()), flush=True)
                        points.append((at, found))
                except AssertionError as error:  # the other curves, and the points before, were not in vain
                    print(f"  {name:11} breaks off: {str(error).splitlines()[0]}", flush=True)
                if points:
                    result["curves"][name] = {"axis": axis, "what": measure.__doc__, "points": points}
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    result["load_after"] = os.getloadavg()[0]
    out = HERE / "out"
    out.mkdir(exist_ok=True)
    (out / "growth.json").write_text(json.dumps(result, indent=1) + "\n")
    (out / "growth.md").write_text(markdown(result))
    for name, curve in result["curves"].items():
        first = next(iter(curve["points"][0][1]))
        (out / f"growth-{name}.svg").write_text(plot.curve(curve["axis"], first, [(at, found[first]) for at, found in curve["points"]]))
    print("\n" + markdown(result))


if __name__ == "__main__":
    main()
