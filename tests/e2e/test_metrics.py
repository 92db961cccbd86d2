"""GET /metrics: what pipelines, partitions, sinks, pools, jobs and the process say, and the form in which Prometheus wants it."""
import os
import re
import shutil
import subprocess
from pathlib import Path

import requests

from jobs import Topic, ended, submit, succeeded
from proven import DECLARED, started

DOCUMENT = Path(os.environ["LAKETIDE_SOURCE_DIR"]) / "conf/metrics.md"

# Only a stream with event time has them: test_windows.py, test_joins.py, test_ordered_rows.py.
OF_EVENT_TIME = {"laketide_watermark_delay_seconds", "laketide_late_rows_total",
                 *(f"laketide_{step}_late_records_total" for step in ("aggregate", "deduplicate", "join"))}
SAMPLE = re.compile(r'^([a-z_:]+)(?:\{(.*)\})? (\S+)$')
LABEL = re.compile(r'([a-z_]+)="((?:[^"\\]|\\.)*)"')


def scrape(daemon):
    """{name: (type, help)}, {(name, labels): value} of the text format."""
    families, samples = {}, {}
    helps = {}
    for line in requests.get(daemon.url + "/metrics", timeout=10).text.splitlines():
        if line.startswith("# HELP "):
            _, _, name, text = line.split(" ", 3)
            assert name not in helps, f"{name} is said twice"
            helps[name] = text
        elif line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            families[name] = (kind, helps[name])
        else:
            name, labels, value = SAMPLE.match(line).groups()
            key = (name, tuple(sorted(LABEL.findall(labels or ""))))
            assert key not in samples, line
            samples[key] = float(value)
    return families, samples


def test_pools_jobs_and_the_scheduler_are_seen(kafka):
    topic = Topic(kafka, "metered", 2, 2000)
    with started(kafka, engine={"threads": 2, "memory": "256MiB"}) as daemon:
        _, before = scrape(daemon)
        assert before[("laketide_jobs_ended_total", (("state", "SUCCEEDED"),))] == 0
        done = succeeded(daemon, submit(daemon, topic.document("metered"), {0: (0, 2000), 1: (0, 2000)}))
        failed = ended(daemon, submit(daemon, topic.document("metered"), {0: (0, 9999)}))
        families, after = scrape(daemon)

        def of(name, **labels):
            return after[(name, tuple(sorted(labels.items())))]

        assert {state: of("laketide_jobs_ended_total", state=state) for state in ("SUCCEEDED", "FAILED", "CANCELLED")} == \
            {"SUCCEEDED": 1, "FAILED": 1, "CANCELLED": 0}
        # A job is over before anybody looks: what it did is still counted.
        assert [sums(after, f"laketide_{name}_total", "pipeline")[("metered",)] for name in ("rows_in", "rows_out", "epochs_committed")] == [4000, 4000, 1]
        assert of("laketide_jobs", state="RUNNING") == of("laketide_jobs", state="QUEUED") == 0
        for pool in daemon.get("/pools")["pools"]:
            name = pool["name"]
            assert 0 <= of("laketide_pool_share_ratio", pool=name) <= 1
            assert 0 <= of("laketide_pool_entitlement_cores", pool=name) <= 2
        cpu = ("laketide_pool_cpu_seconds_total", (("pool", "batch-pool"),))
        assert after[cpu] > before[cpu] == 0
        assert of("laketide_pool_memory_max_bytes", pool="batch-pool") == 128 << 20
        assert of("laketide_pool_tasks", pool="batch-pool") == of("laketide_pool_waiting_tasks", pool="batch-pool") == 0
        assert of("laketide_pool_longest_wait_seconds", pool="batch-pool") < 60
        assert of("laketide_pool_long_steps_total", pool="batch-pool") >= 0
        assert of("laketide_scheduler_workers") == 2
        assert of("laketide_scheduler_overhead_cpu_seconds_total") > 0
        upkeep = ("laketide_scheduler_upkeep_cpu_seconds_total", ())
        daemon.wait_for(lambda: scrape(daemon)[1][upkeep] > 0, "the look after jobs that comes each second to be counted")

        # promtool's rules, and labels that do not grow with the jobs.
        for name, (kind, text) in families.items():
            assert re.fullmatch(r"(laketide|process)_[a-z_]+", name) and text
            assert name.endswith("_total") == (kind == "counter"), name
            assert not re.search(r"_(ms|milliseconds|micros|minutes|kib|mib|percent)(_|$)", name), name
        for _, labels in after:
            assert not {value for _, value in labels} & {done["jobId"], failed["jobId"]}


def sums(samples, name, *by):
    """{values of the labels `by`: sum of the series}"""
    out = {}
    for (found, labels), value in samples.items():
        if found == name:
            key = tuple(dict(labels)[label] for label in by)
            out[key] = out.get(key, 0) + value
    return out


def test_a_stream_is_seen_by_partition_sink_phase_and_error(kafka, postgres):
    topic = Topic(kafka, "seen", 2, 1500)
    postgres.query("CREATE TABLE public.seen_few (p int, i bigint CHECK (i >= 3))")
    document = {"name": "seen", "source": {"kafka": {"topic": "seen"}, "format": {"json": {"schema": DECLARED}}},
                "sinks": [{"delta": {"path": "seen"}}, {"postgres": {"table": "public.seen_few"}, "select": "SELECT p, i FROM result WHERE i < 10"}]}
    with started(kafka, postgres=postgres) as daemon:
        daemon.post("/stream/start", document)
        daemon.wait_for(lambda: daemon.stream("seen")["lagRecords"] == 0, "the stream to have caught up", 60)

        def caught_up():
            _, now = scrape(daemon)
            return sums(now, "laketide_lag_records", "partition") == {("0",): 0, ("1",): 0}
        daemon.wait_for(caught_up, "the lag to be nothing", 30)
        families, now = scrape(daemon)
        text = requests.get(daemon.url + "/metrics", timeout=10).text
        receipts = daemon.get("/stream/seen/epochs?limit=1000")["epochs"]

        assert sums(now, "laketide_source_read_records_total", "topic", "partition") == {("seen", "0"): 1500, ("seen", "1"): 1500}
        read = sums(now, "laketide_source_read_bytes_total", "partition")
        assert set(read) == {("0",), ("1",)} and all(value > 1500 for value in read.values())
        assert sums(now, "laketide_rows_in_total", "pipeline") == {("seen",): 3000}
        assert sums(now, "laketide_epochs_committed_total", "pipeline") == {("seen",): len(receipts)}
        assert sums(now, "laketide_epoch_phase_seconds_count", "phase") == {(phase,): len(receipts) for phase in ("fill", "prepare", "plan", "commit", "record")}
        rows = {}
        for receipt in receipts:
            for sink in receipt["sinks"]:
                rows[(sink["sink"],)] = rows.get((sink["sink"],), 0) + sink["rows"]
        assert sums(now, "laketide_sink_rows_total", "sink") == rows and rows[("delta:seen",)] == 3000
        assert sums(now, "laketide_sink_quarantined_total", "sink")[("postgres:public.seen_few",)] == 6
        assert sums(now, "laketide_lag_seconds", "pipeline") == {("seen",): 0}
        assert sums(now, "laketide_stream_state", "pipeline", "state") == {("seen", "RUNNING"): 1}
        assert sums(now, "laketide_pipeline_cpu_seconds_total", "pipeline")[("seen",)] > 0
        assert sums(now, "process_resident_memory_bytes")[()] > 10 << 20
        assert 0 < sums(now, "process_open_fds")[()] < sums(now, "process_max_fds")[()]

        promtool = shutil.which("promtool")
        assert promtool, "promtool is of the Debian package prometheus: tests/packages.txt"
        checked = subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True, text=True, timeout=60)
        assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")

        documented = dict(re.findall(r"^\| `([a-z_]+)` \| (counter|gauge|histogram) \|", DOCUMENT.read_text(), re.M))
        here = {name: kind for name, (kind, _) in families.items()}
        # Of no error there is no series.
        assert {name: kind for name, kind in documented.items() if name not in {"laketide_errors_total", *OF_EVENT_TIME}} == here
        assert OF_EVENT_TIME <= documented.keys()
        labels_of = {name: {label for (found, labels) in now if found.removesuffix("_count") == name for label, _ in labels} - {"le"} for name in here}
        for name, labels in re.findall(r"^\| `([a-z_]+)` \| [a-z]+ \| ([^|]*) \|", DOCUMENT.read_text(), re.M):
            if name in here:
                assert labels_of[name] == {label.strip() for label in labels.split(",") if label.strip()}, name

        daemon.post("/stream/stop", {"pipeline": "seen"})
        _, after = scrape(daemon)
        assert sums(after, "laketide_lag_records", "partition") == sums(after, "laketide_lag_seconds", "pipeline") == {}, "nothing that has ended is behind"
        assert sums(after, "laketide_stream_state", "pipeline", "state") == {("seen", "STOPPED"): 1}
        assert sums(after, "laketide_source_read_records_total", "topic") == {}
        assert sums(after, "laketide_rows_in_total", "pipeline") == {("seen",): 3000}
        assert daemon.request("DELETE", "/pipelines/seen").status_code == 200
        daemon.wait_for(lambda: sums(scrape(daemon)[1], "laketide_rows_in_total", "pipeline") == {}, "nothing to be left of a pipeline that was deleted")


def test_what_went_wrong_is_counted_by_its_code(kafka):
    with started(kafka) as daemon:
        daemon.post("/stream/start", {"topic": "nowhere"})
        daemon.wait_for_state("nowhere", "STALLED")
        _, now = scrape(daemon)
        assert sums(now, "laketide_errors_total", "pipeline", "code")[("nowhere", "unknown_topic")] >= 1
        assert sums(now, "laketide_stream_state", "pipeline", "state").keys() <= {("nowhere", "STALLED"), ("nowhere", "STARTING")}


# Spark's StreamingQueryProgress.json: what a dashboard or a listener may look for, and of which type it is there. Rates and metrics
# that Spark cannot say it leaves out, and so may we.
SPARK = {"id": str, "runId": str, "name": str, "timestamp": str, "batchId": int, "batchDuration": int, "numInputRows": int, "inputRowsPerSecond": (int, float),
         "processedRowsPerSecond": (int, float), "durationMs": dict, "eventTime": dict, "stateOperators": list, "sources": list, "sink": dict, "observedMetrics": dict}
SPARK_DURATIONS = {"latestOffset", "getBatch", "queryPlanning", "walCommit", "addBatch", "commitOffsets", "triggerExecution"}
SPARK_SOURCE = {"description": str, "startOffset": dict, "endOffset": dict, "latestOffset": dict, "numInputRows": int, "inputRowsPerSecond": (int, float),
                "processedRowsPerSecond": (int, float), "metrics": dict}
SPARK_SINK = {"description": str, "numOutputRows": int, "metrics": dict}


def test_progress_has_sparks_names_and_types(kafka):
    Topic(kafka, "progress", 2, 500)
    with started(kafka) as daemon:
        daemon.post("/stream/start", {"topic": "progress"})
        ends = {"progress": {"0": 500, "1": 500}}

        def at_the_end():
            """The progress of the last epoch, when it has all and the broker's ends were heard of."""
            seen = daemon.stream("progress")["progress"]
            return seen if seen and all(one["endOffset"] == ends == one["latestOffset"] for one in seen["sources"]) else None
        progress = daemon.wait_for(at_the_end, "the stream to have caught up", 60)

        def fits(document, shape, optional=()):
            assert set(document) <= set(shape), set(document) - set(shape)
            assert set(shape) - set(document) <= set(optional), set(shape) - set(document)
            for name, value in document.items():
                assert isinstance(value, shape[name]) and not isinstance(value, bool), (name, value)

        fits(progress, SPARK, optional={"eventTime", "observedMetrics"})
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", progress["timestamp"])
        assert set(progress["durationMs"]) <= SPARK_DURATIONS and progress["durationMs"]["triggerExecution"] == progress["batchDuration"]
        [source] = progress["sources"]
        fits(source, SPARK_SOURCE, optional={"metrics"})
        assert source["metrics"] == {"minOffsetsBehindLatest": "0", "maxOffsetsBehindLatest": "0", "avgOffsetsBehindLatest": "0"}
        fits(progress["sink"], SPARK_SINK, optional={"metrics"})
        for rate in (progress["inputRowsPerSecond"], progress["processedRowsPerSecond"]):
            assert round(rate, 1) == rate
