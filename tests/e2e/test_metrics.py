"""GET /metrics: what pools, jobs and the scheduler say, and the form in which Prometheus wants it."""
import re

import requests

from jobs import Topic, ended, submit, succeeded
from proven import started

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
        assert of("laketide_scheduler_upkeep_cpu_seconds_total") > 0

        # promtool's rules, and labels that do not grow with the jobs.
        for name, (kind, text) in families.items():
            assert re.fullmatch(r"laketide_[a-z_]+", name) and text
            assert name.endswith("_total") == (kind == "counter"), name
            assert not re.search(r"_(ms|milliseconds|micros|minutes|kib|mib|percent)(_|$)", name), name
        for _, labels in after:
            assert not {value for _, value in labels} & {done["jobId"], failed["jobId"]}
