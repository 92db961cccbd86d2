"""Batch jobs that are cancelled, late, cut, refused, too large or too many: all of a job or nothing, and the streams exact."""
import json
import re
import sqlite3
import statistics
import time
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
import requests
from deltalake import DeltaTable

from jobs import Topic, ended, keys_in, submit, succeeded
from proven import Proven, started
from record import RecordSpec
from waiting import wait_until

RANGES = {0: (0, 1500), 1: (100, 2000)}


@pytest.fixture(scope="module")
def topic(kafka):
    return Topic(kafka, "faulty", 2, 2000)


def running(daemon, job):
    return daemon.wait_for(lambda: daemon.get(f"/batch/{job['jobId']}")["status"] == "RUNNING", "the job to run")


def armed(daemon, failpoints):
    """Starts the daemon again with failpoints."""
    daemon.terminate()
    return daemon.start(failpoints=failpoints)


def planned(daemon, line):
    """Whether the ledger has an epoch of this line."""
    with closing(sqlite3.connect(f"file:{daemon.state}/ledger.sqlite?mode=ro", uri=True)) as ledger:
        return ledger.execute("SELECT count(*) FROM epochs WHERE pipeline = ?", (line,)).fetchone()[0] > 0


def resident(daemon):
    """Bytes of memory that the process holds."""
    status = Path(f"/proc/{daemon.process.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+) kB", status).group(1)) << 10


def cancel(daemon, job, expect):
    return daemon.post(f"/batch/cancel/{job['jobId']}", expect=expect)


@pytest.mark.parametrize("phase", ["delta.claim.before", "epoch.prepare.before", "delta.prepare.before", "delta.prepare.after", "epoch.prepared"])
def test_cancelled_before_the_commit_is_decided_it_leaves_nothing(kafka, topic, phase):
    with started(kafka) as daemon:
        armed(daemon, f"{phase}=delay:1500")
        job = submit(daemon, topic.document("cancelled"), RANGES)
        running(daemon, job)
        cancel(daemon, job, 202)
        assert ended(daemon, job)["status"] == "CANCELLED"
        assert keys_in(daemon, "cancelled") == []
        assert cancel(daemon, job, 200)["status"] == "CANCELLED"
        # What it left does not stand in the way of the next one.
        succeeded(daemon, submit(daemon, topic.document("cancelled"), RANGES))
        assert keys_in(daemon, "cancelled") == topic.keys(RANGES)


def test_once_the_commit_is_decided_it_cannot_be_cancelled(kafka, topic):
    with started(kafka) as daemon:
        armed(daemon, "epoch.planned=delay:2000")
        job = submit(daemon, topic.document("decided"), RANGES)
        daemon.wait_for(lambda: planned(daemon, "decided@0"), "the commit to be decided")
        assert cancel(daemon, job, 409)["code"] == "committing"
        assert ended(daemon, job)["status"] == "SUCCEEDED"
        assert keys_in(daemon, "decided") == topic.keys(RANGES)


def test_cancelled_in_the_queue_it_never_begins(kafka, topic):
    with started(kafka, batch_defaults={"max_running": 1}) as daemon:
        armed(daemon, "epoch.prepare.before=delay:2000")
        first = submit(daemon, topic.document("first"), RANGES)
        second = submit(daemon, topic.document("second"), RANGES)
        assert second["status"] == "QUEUED"
        cancel(daemon, second, 202)
        document = ended(daemon, second)
        assert document["status"] == "CANCELLED" and document["attempt"] == 0
        succeeded(daemon, first)
        assert keys_in(daemon, "second") == []


def test_past_its_deadline_it_fails_and_leaves_nothing(kafka, topic):
    with started(kafka, batch_defaults={"max_running": 1}) as daemon:
        armed(daemon, "epoch.prepare.before=delay:4000")
        late = submit(daemon, topic.document("late"), RANGES, deadline="1s")
        waiting = submit(daemon, topic.document("waiting"), RANGES, deadline="1s")
        for job in (late, waiting):
            document = ended(daemon, job)
            assert document["status"] == "FAILED" and document["error"]["code"] == "deadline"
            assert daemon.request("GET", f"/batch/status/{job['jobId']}").status_code == 500
        assert keys_in(daemon, "late") == keys_in(daemon, "waiting") == []


def test_cut_by_a_stop_it_is_taken_up_by_the_next_process(kafka, topic):
    with started(kafka, server={"stop_deadline": "1s"}, batch_defaults={"max_running": 1}) as daemon:
        armed(daemon, "epoch.prepare.before=delay:3000@every")
        job = submit(daemon, topic.document("cut"), RANGES)
        waiting = submit(daemon, topic.document("behind"), RANGES)
        running(daemon, job)
        assert daemon.terminate() == 0
        assert keys_in(daemon, "cut") == []
        daemon.start()
        document = succeeded(daemon, job)
        assert document["attempt"] == 2
        assert succeeded(daemon, waiting)["attempt"] == 1
        assert keys_in(daemon, "cut") == keys_in(daemon, "behind") == topic.keys(RANGES)


def test_refused_by_one_sink_nothing_stands_in_the_other(kafka, postgres, topic):
    document = topic.document("refused", bad_records={"policy": "fail"})
    document["sinks"].append({"postgres": {"table": "public.refused"}})
    with psycopg.connect(postgres.url, autocommit=True) as db, started(kafka, postgres=postgres) as daemon:
        db.execute("CREATE TABLE public.refused (p int, i bigint CHECK (i <> 1400), id bigint, ts timestamptz, value float8, source text, h text)")
        failed = ended(daemon, submit(daemon, document, RANGES))
        assert failed["status"] == "FAILED" and failed["error"]["code"] == "bad_record", failed
        assert keys_in(daemon, "refused") == []
        assert db.execute("SELECT count(*) FROM public.refused").fetchone() == (0,)
        db.execute("ALTER TABLE public.refused DROP CONSTRAINT refused_i_check")
        succeeded(daemon, submit(daemon, document, RANGES))
        assert keys_in(daemon, "refused") == topic.keys(RANGES)
        assert sorted(db.execute("SELECT p, i FROM public.refused").fetchall()) == topic.keys(RANGES)


def test_rows_that_postgres_refuses_are_quarantined_under_the_pipelines_name(kafka, postgres, topic):
    document = topic.document("picky")
    document["sinks"] = [{"postgres": {"table": "public.picky"}}]
    with psycopg.connect(postgres.url, autocommit=True) as db, started(kafka, postgres=postgres) as daemon:
        db.execute("CREATE TABLE public.picky (p int, i bigint CHECK (i <> 1400), id bigint, ts timestamptz, value float8, source text, h text)")
        done = succeeded(daemon, submit(daemon, document, RANGES))
        assert done["quarantined"] == 2
        refused = db.execute('SELECT pipeline, partition, "offset", value IS NOT NULL FROM laketide.quarantine WHERE pipeline = %s', ("picky",)).fetchall()
        assert sorted(refused) == [("picky", 0, 1400, True), ("picky", 1, 1400, True)]
        assert sorted(db.execute("SELECT p, i FROM public.picky").fetchall()) == [key for key in topic.keys(RANGES) if key[1] != 1400]


@pytest.mark.parametrize("phase", ["postgres.prepare.after", "epoch.planned", "epoch.sink_committed", "postgres.commit.before", "postgres.commit.after"])
def test_killed_between_two_sinks_it_ends_in_both(kafka, postgres, topic, phase):
    name = "two_" + phase.replace(".", "_")
    document = topic.document(name)
    document["sinks"].append({"postgres": {"table": f"public.{name}"}})
    with started(kafka, postgres=postgres) as daemon:
        armed(daemon, f"{phase}=kill")
        try:
            submit(daemon, document, RANGES, idempotencyKey=phase)
        except requests.RequestException:  # it died before it could answer
            pass
        daemon.process.wait(30)
        daemon.start()
        done = succeeded(daemon, submit(daemon, document, RANGES, idempotencyKey=phase))
        assert keys_in(daemon, name) == topic.keys(RANGES)
        with psycopg.connect(postgres.url) as db:
            assert sorted(db.execute(f"SELECT p, i FROM public.{name}").fetchall()) == topic.keys(RANGES)
        assert done["attempt"] == 2


def test_over_its_memory_it_fails_alone(kafka, topic):
    stream = Proven(kafka, "unharmed", 2)
    stream.produce(300)
    pools = {"streaming-pool": {"memory": "90%"}, "batch-pool": {"memory": 0.252}}
    with started(kafka, engine={"memory": "64MiB"}, pools=pools) as daemon:
        stream.begin(daemon)
        document = ended(daemon, submit(daemon, topic.document("large"), RANGES))
        assert document["status"] == "FAILED" and document["error"]["code"] == "memory_exceeded", document
        assert "raise engine.memory" in document["error"]["detail"]
        assert keys_in(daemon, "large") == []
        stream.produce(3000)
        stream.wait_caught_up(daemon)
        assert daemon.terminate() == 0
        stream.assert_exact(daemon)


def test_a_job_of_more_bytes_than_its_memory_is_staged_on_disk(kafka):
    count, size = 40_000, 2000
    wide = Topic(kafka, "wide", 2, count, spec=RecordSpec(9, size=size))
    document = {"name": "wide", "source": {"kafka": {"topic": "wide"}, "format": {"text": {}}}, "sinks": [{"delta": {"path": "wide"}}]}
    with started(kafka, engine={"memory": "128MiB"}, pools={"batch-pool": {"memory": "75%"}}) as daemon:
        bound = next(pool for pool in daemon.get("/pools")["pools"] if pool["name"] == "batch-pool")["memoryBytesMax"]
        assert 2 * count * size > 1.5 * bound
        assert succeeded(daemon, submit(daemon, document))["rowsOut"] == 2 * count
        values = DeltaTable(str(daemon.lake / "wide")).to_pyarrow_table(columns=["value"])["value"]
        assert sorted((v["p"], v["i"]) for v in map(json.loads, values.to_pylist())) == wide.keys({0: (0, count), 1: (0, count)})


def test_one_that_commits_as_it_goes_says_how_far_it_came(kafka, topic):
    document = topic.document("piecemeal")
    document["source"]["kafka"]["max_offsets_per_epoch"] = 200
    with started(kafka, stream_defaults={"epoch": "50ms"}) as daemon:
        armed(daemon, "epoch.planned=delay:100@every")
        job = submit(daemon, document, RANGES, atomic=False)
        daemon.wait_for(lambda: daemon.get(f"/batch/{job['jobId']}")["rowsIn"] > 0, "a first commit")
        cancel(daemon, job, 202)
        ended_job = ended(daemon, job)
        assert ended_job["status"] == "CANCELLED"
        done = {int(p): tuple(done) for p, done in ended_job["committedOffsets"].items()}
        assert keys_in(daemon, "piecemeal") == topic.keys(done)
        assert 0 < len(keys_in(daemon, "piecemeal")) < len(topic.keys(RANGES))
        daemon.kill()
        daemon.start(failpoints="epoch.sink_committed=kill@3")
        job = submit(daemon, document | {"name": "whole", "sinks": [{"delta": {"path": "whole"}}]}, RANGES, atomic=False)
        daemon.process.wait(30)
        daemon.start()
        succeeded(daemon, job)
        assert keys_in(daemon, "whole") == topic.keys(RANGES)


def test_a_thousand_wait_in_order_and_one_more_is_told_so(kafka, topic):
    small = {0: (0, 5)}
    with started(kafka, batch_defaults={"max_running": 1, "max_queued": 1000}) as daemon:
        armed(daemon, "epoch.prepare.before=delay:60000")
        submit(daemon, topic.document("holds-the-place"), small)
        took, ids, held = [], [], resident(daemon)
        for n in range(1000):
            begin = time.perf_counter()
            ids.append(submit(daemon, topic.document("crowd"), small)["jobId"])
            took.append(time.perf_counter() - begin)
        assert resident(daemon) - held <= 32 << 20
        full = daemon.request("POST", "/batch/run", topic.document("crowd"))
        assert full.status_code == 429 and full.json()["code"] == "queue_full" and "Retry-After" in full.headers
        print(f"submit: median {statistics.median(took) * 1000:.1f} ms, worst {max(took) * 1000:.1f} ms")
        assert statistics.median(took) <= 0.02
        listed, before = [], ""
        while page := daemon.get(f"/batch?limit=300&status=QUEUED{before}")["jobs"]:
            listed += [job["jobId"] for job in page]
            before = f"&before={listed[-1]}"
        assert listed == ids[::-1]
        daemon.kill()
        daemon.config["batch_defaults"] = {"max_running": 8}
        daemon.start()
        wait_until(lambda: not daemon.get("/batch?status=QUEUED")["jobs"] and not daemon.get("/batch?status=RUNNING")["jobs"], "all to end", 120)
        assert {job["status"] for job in daemon.get("/batch?limit=1000")["jobs"]} == {"SUCCEEDED"}
        assert keys_in(daemon, "crowd") == sorted(topic.keys(small) * 1000)
