"""Batch jobs of the quick start: what they are, watching them, and comparing what they wrote with the topic, by readers of their own.

    jobs.py ends   --brokers B --topic T                    {"0": 250000, …}: where each partition ends now
    jobs.py bodies --brokers B --topic T --begin ENDS --into DIR    a file for each job: what POST /batch/run is sent
    jobs.py watch  --url U JOB ...                          a line a look until all are over: states, rows, the pools' shares; then how they ended
    jobs.py verify --url U --brokers B --topic T --lake L --postgres P JOB ...

The jobs go over what came into the topic after ENDS: its first half into Delta, its second half into PostgreSQL, all of it through a filter
into Delta, and the last over records that the broker does not have. They are told apart by their pipelines' names.
"""
import argparse
import json
import signal
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import psycopg
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.json
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
from deltalake import DeltaTable

FINAL = ("SUCCEEDED", "FAILED", "CANCELLED")
FIELDS = {"id": pa.int32(), "ts": pa.timestamp("us", "UTC"), "value": pa.float64()}
DECLARED = "id int not null, ts timestamptz not null, value double"
EARLY, LATE, HIGH, MISSING = "history_early", "history_late", "history_high", "history_missing"
HIGH_ABOVE = 90
BEYOND = 1_000_000  # so far after the log's end is what the last job asks for
PATIENCE = 120  # seconds


def ask(url, path, accepted=(200,)):
    """The JSON that the daemon answers, if its status is one of those accepted."""
    try:
        with urllib.request.urlopen(url + path, timeout=10) as answer:
            status, body = answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        status, body = error.code, json.load(error)
    except OSError as error:
        raise SystemExit(f"the daemon does not answer at {url}: {error}") from None
    if status not in accepted:
        raise SystemExit(f"GET {path} answered {status} in place of {accepted[0]}: {body}")
    return body


def consumer_of(brokers):
    return Consumer({"bootstrap.servers": brokers, "group.id": "laketide-quickstart-jobs", "enable.auto.commit": False,
                     "isolation.level": "read_committed"})


def ends_of(consumer, topic):
    """{partition: [first, end)} of what the broker has."""
    deadline = time.monotonic() + 60
    while True:
        try:
            partitions = consumer.list_topics(topic, timeout=10).topics[topic].partitions
            return {partition: consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=10) for partition in sorted(partitions)}
        except KafkaException as refused:
            # A client asks anew what there is only now and then; until then it may not know what another client was told.
            if refused.args[0].code() not in (KafkaError._UNKNOWN_PARTITION, KafkaError._TIMED_OUT, KafkaError._TRANSPORT) or time.monotonic() > deadline:
                raise
            time.sleep(0.5)


def ends(arguments):
    consumer = consumer_of(arguments.brokers)
    print(json.dumps({str(partition): end for partition, (_, end) in ends_of(consumer, arguments.topic).items()}))
    consumer.close()


def body(topic, name, begin, end, sink, **more):
    return {"name": name, "source": {"kafka": {"topic": topic}, "format": {"json": {"schema": DECLARED}}}, **more, "sinks": [sink],
            "startOffset": begin, "endOffset": end}


def bodies(arguments):
    consumer, topic, begin = consumer_of(arguments.brokers), arguments.topic, json.loads(arguments.begin)
    end = {str(partition): last for partition, (_, last) in ends_of(consumer, topic).items()}
    consumer.close()
    half = {partition: (begin[partition] + end[partition]) // 2 for partition in end}
    beyond = {"0": end["0"] + BEYOND}
    for job in (body(topic, EARLY, begin, half, {"delta": {"path": EARLY}}),
                body(topic, LATE, half, end, {"postgres": {"table": f"public.{LATE}"}}),
                body(topic, HIGH, begin, end, {"delta": {"path": HIGH}}, sql=f"SELECT id, ts, value FROM {topic} WHERE value > {HIGH_ABOVE}"),
                body(topic, MISSING, {"0": begin["0"]}, beyond, {"delta": {"path": MISSING}})):
        Path(arguments.into, job["name"] + ".json").write_text(json.dumps(job, indent=1) + "\n")


def look(jobs):
    return ", ".join(f"{job['pipeline']} {job['status']}" + (f" {job['progress']:.0%}" if job["status"] == "RUNNING" else "") for job in jobs)


def watch(arguments):
    shown, deadline = "", time.monotonic() + PATIENCE
    while True:
        jobs = [ask(arguments.url, f"/batch/{job}") for job in arguments.jobs]
        pools = ", ".join(f"{pool['name']} {pool['share']:.1%}" for pool in ask(arguments.url, "/pools")["pools"])
        over = all(job["status"] in FINAL for job in jobs)
        if look(jobs) != shown:
            shown = look(jobs)
            print(f"  {shown}" + ("" if over else f" | CPU: {pools}"), flush=True)
        if over:
            break
        if time.monotonic() > deadline:
            raise SystemExit(f"the jobs have not ended within {PATIENCE} s")
        time.sleep(0.25)
    # A free machine may be through with all of them before the first look.
    pools = ", ".join(f"{pool['name']} {pool['shareMinute']:.1%}" for pool in ask(arguments.url, "/pools")["pools"])
    print(f"  of the last minute's CPU time: {pools}\n")
    for job in jobs:
        print(f"  {job['jobId']} {job['pipeline']} {job['status']}: {job['rowsIn']} records in, {job['filtered']} filtered, "
              f"{job['rowsOut']} rows into {', '.join(job['sinks'])}")
        if job["error"]:
            print(f"    {job['error']['code']}: {job['error']['detail']}\n    The broker has {json.dumps(job['error'].get('available'))}")


class Topic:
    """All records of a topic as one Arrow table: those of partition p from offset b to e are `range(p, b, e)`."""

    def __init__(self, brokers, name):
        consumer = consumer_of(brokers)
        self.bounds = ends_of(consumer, name)
        self._rows = {partition: self._read(consumer, name, partition, *bounds) for partition, bounds in self.bounds.items()}
        consumer.close()

    def _read(self, consumer, name, partition, first, end):
        values, deadline = [], time.monotonic() + PATIENCE
        if first != 0:
            raise SystemExit(f"the topic {name} has lost the beginning of partition {partition}")
        consumer.assign([TopicPartition(name, partition, 0)])
        while len(values) < end and time.monotonic() < deadline:
            for record in consumer.consume(10000, timeout=0.5):
                if record.error() is None and record.offset() == len(values):
                    values.append(record.value())
        if len(values) != end:
            raise SystemExit(f"partition {partition} of the topic {name} could not be read to its end")
        return parsed(values)

    def range(self, partition, begin, end):
        return self._rows[partition].slice(begin, end - begin)


def parsed(values):
    schema = pa.schema([("id", pa.int32()), ("ts", pa.string()), ("value", pa.float64())])
    if not values:
        return pa.schema(FIELDS).empty_table()
    options = pa.json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore")
    return pa.json.read_json(pa.BufferReader(b"\n".join(values)), parse_options=options).cast(pa.schema(FIELDS))


def in_delta(lake, name):
    return DeltaTable(f"{lake}/{name}").to_pyarrow_table(columns=list(FIELDS)).cast(pa.schema(FIELDS))


def in_postgres(url, name):
    select = f"COPY (SELECT id, (extract(epoch FROM ts) * 1000000)::bigint, value FROM public.{name}) TO STDOUT (FORMAT csv)"
    with psycopg.connect(url) as connection, connection.cursor() as cursor, cursor.copy(select) as copy:
        text = b"".join(bytes(block) for block in copy)
    types = {**FIELDS, "ts": pa.int64()}
    rows = pa.csv.read_csv(pa.BufferReader(text), read_options=pa.csv.ReadOptions(column_names=list(FIELDS)),
                           convert_options=pa.csv.ConvertOptions(column_types=types))
    return rows.cast(pa.schema({**FIELDS, "ts": pa.timestamp("us")})).cast(pa.schema(FIELDS))


def counted(rows):
    """Each row that there is, with how often."""
    return rows.group_by(list(FIELDS)).aggregate([([], "count_all")])


def differences(name, rows, expected):
    """What is wrong with a table, as lines; none if each expected row is in it exactly as often as expected."""
    keys = list(FIELDS)
    both = counted(rows).join(counted(expected), keys, join_type="full outer", left_suffix="_there", right_suffix="_expected")
    there, wanted = (pc.fill_null(both[f"count_all_{side}"], 0) for side in ("there", "expected"))
    for verb, wrong in (("lacks", pc.subtract(wanted, there)), ("has too many", pc.subtract(there, wanted))):
        mask = pc.greater(wrong, 0)
        if count := pc.sum(wrong.filter(mask)).as_py():
            yield f"{name} {verb} {count} rows, such as {both.filter(mask).slice(0, 1).select(keys).to_pylist()[0]}"


def check_failed(arguments, topic, job):
    """A FAILED job's status answers 500, with what the broker has."""
    document = ask(arguments.url, f"/batch/status/{job['jobId']}", accepted=(500,))
    real = {str(partition): list(bounds) for partition, bounds in topic.bounds.items()}
    error = document["error"] or {}
    if document["status"] != "FAILED" or error.get("code") != "offset_out_of_range" or error.get("available") != real:
        yield f"{job['jobId']} is to have failed as offset_out_of_range over {real}, and says {document}"


def check_succeeded(arguments, topic, name, jobs, rows):
    """All jobs of one pipeline, of this run and of those kept, against the table that they share."""
    keep = (lambda part: part.filter(pc.greater(part["value"], HIGH_ABOVE))) if name == HIGH else (lambda part: part)
    parts = []
    for job in jobs:
        read = pa.concat_tables(topic.range(int(p), *bounds) for p, bounds in job["range"].items())
        kept = keep(read)
        parts.append(kept)
        said = [job[field] for field in ("status", "rowsIn", "filtered", "rowsOut")]
        if said != ["SUCCEEDED", read.num_rows, read.num_rows - kept.num_rows, kept.num_rows]:
            yield f"{job['jobId']} says {said}; its range holds {read.num_rows} records, of which {kept.num_rows} belong into the table"
    yield from differences(f"The table {name}", rows, pa.concat_tables(parts))


def all_jobs(arguments):
    """Every job there is, once none is under way: those of a run that was kept are taken up again."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        jobs = ask(arguments.url, "/batch?limit=1000")["jobs"]
        if all(job["status"] in FINAL for job in jobs):
            return jobs
        time.sleep(0.1)
    raise SystemExit(f"not all jobs have ended within {PATIENCE} s")


def verify(arguments):
    jobs, topic = all_jobs(arguments), Topic(arguments.brokers, arguments.topic)
    of = {name: [job for job in jobs if job["pipeline"] == name and job["status"] != "CANCELLED"] for name in (EARLY, LATE, HIGH, MISSING)}
    ours = sorted(job["pipeline"] for job in jobs if job["jobId"] in arguments.jobs)
    wrong = [] if ours == sorted(of) else [f"of this run's jobs there are only {ours}"]
    for name in (EARLY, LATE, HIGH):
        rows = in_postgres(arguments.postgres, name) if name == LATE else in_delta(arguments.lake, name)
        wrong += check_succeeded(arguments, topic, name, of[name], rows)
    latest = [job for job in of[MISSING] if job["jobId"] in arguments.jobs]
    wrong += [line for job in latest for line in check_failed(arguments, topic, job)]
    if wrong:
        raise SystemExit("\n".join(wrong))
    counts = [sum(job["rowsOut"] for job in of[name]) for name in (EARLY, LATE, HIGH)]
    print(f"All jobs' tables hold exactly their ranges, value for value: {counts[0]} rows in Delta, {counts[1]} in PostgreSQL, "
          f"{counts[2]} filtered ones in Delta; the job without records failed with 500 and the broker's range.")


def main():
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C is answered by the script that runs this
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(required=True)
    options = {ends: ("--brokers", "--topic"), bodies: ("--brokers", "--topic", "--begin", "--into"), watch: ("--url",),
               verify: ("--url", "--brokers", "--topic", "--lake", "--postgres")}
    for command, named in options.items():
        one = commands.add_parser(command.__name__)
        one.set_defaults(run=command)
        for option in named:
            one.add_argument(option, required=True)
        if command in (watch, verify):
            one.add_argument("jobs", nargs="+")
    arguments = parser.parse_args()
    arguments.run(arguments)


if __name__ == "__main__":
    sys.exit(main())
