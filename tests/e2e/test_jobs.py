"""Batch jobs beside a stream: exact ranges, all or nothing, the same job through crashes."""
import pytest
from deltalake import DeltaTable

from checker import make_promise, check_all
from feed import Feed
from generator import Generator
from proven import DECLARED, Proven, started
from record import RecordSpec

FINAL = ("SUCCEEDED", "FAILED", "CANCELLED")


class Topic:
    """A topic of generated records; `count` in each partition."""

    def __init__(self, kafka, name, partitions=2, count=2000, seed=5):
        kafka.create_topic(name, partitions)
        self.name, self.partitions, self.count = name, partitions, count
        self.feed = Feed(RecordSpec(seed), partitions, name, name)
        Generator(kafka.address, self.feed).run(dict.fromkeys(range(partitions), 0), count)

    def document(self, name, path=None, **more):
        return {"name": name, "source": {"kafka": {"topic": self.name}, "format": {"json": {"schema": DECLARED}}},
                "sinks": [{"delta": {"path": path or name}}], **more}

    def keys(self, ranges):
        """The (p, i) that [start, end) of each partition holds; without transactions an offset is an index."""
        return sorted((p, i) for p, (start, end) in ranges.items() for i in range(start, end))


def keys_in(daemon, path):
    """What a reader that is not ours sees, (p, i) of every row, sorted; nothing where there is no table."""
    table = daemon.lake / path
    if not (table / "_delta_log" / f"{0:020}.json").exists():
        return []
    rows = DeltaTable(str(table)).to_pyarrow_table(columns=["p", "i"])
    return sorted(zip(rows["p"].to_pylist(), rows["i"].to_pylist()))


def offsets(ranges, side):
    return {f"p{p}": bounds[side] for p, bounds in ranges.items()}


def submit(daemon, document, ranges=None, expect=202, **more):
    body = {**document, **more}
    if ranges is not None:
        body |= {"startOffset": offsets(ranges, 0), "endOffset": offsets(ranges, 1)}
    return daemon.post("/batch/run", body, expect=expect)


def ended(daemon, job, seconds=60):
    def there():
        answer = daemon.request("GET", f"/batch/{job['jobId']}").json()
        return answer if answer["status"] in FINAL else None
    return daemon.wait_for(there, f"{job['jobId']} to end", seconds)


def succeeded(daemon, job, seconds=60):
    document = ended(daemon, job, seconds)
    assert document["status"] == "SUCCEEDED", document
    return document


def test_a_topic_is_all_that_a_job_needs(kafka):
    topic = Topic(kafka, "only-topic", 3, 500)
    with started(kafka) as daemon:
        job = daemon.post("/batch/run", {"topic": "only-topic", "startOffset": "{\"p0\":100,\"p2\":7}", "endOffset": "{\"p0\":400,\"p2\":500}"}, expect=202)
        document = succeeded(daemon, job)
        wanted = {0: (100, 400), 2: (7, 500)}
        assert keys_in(daemon, "only-topic_batch") == topic.keys(wanted)
        assert document["rowsIn"] == document["rowsOut"] == 300 + 493
        assert document["range"] == {"0": [100, 400], "2": [7, 500]}
        assert document["progress"] == 1 and document["attempt"] == 1
        receipts = daemon.get(f"/batch/{job['jobId']}/receipt")["epochs"]
        assert len(receipts) == 1 and receipts[0]["rowsOut"] == 793


def test_three_jobs_at_once_beside_a_stream_are_exact(kafka):
    topic = Topic(kafka, "beside", 2, 3000)
    stream = Proven(kafka, "flowing", 2)
    stream.produce(500)
    with started(kafka) as daemon:
        stream.begin(daemon)
        wanted = [{0: (0, 1000), 1: (0, 1000)}, {0: (1000, 2000), 1: (1000, 2000)}, {0: (2000, 3000), 1: (2000, 3000)}]
        jobs = [submit(daemon, topic.document(f"part-{n}"), ranges) for n, ranges in enumerate(wanted)]
        shared = [submit(daemon, topic.document("shared"), ranges) for ranges in wanted]
        stream.produce(4000)
        for n, job in enumerate(jobs):
            succeeded(daemon, job)
            assert keys_in(daemon, f"part-{n}") == topic.keys(wanted[n])
        for job in shared:
            succeeded(daemon, job)
        assert keys_in(daemon, "shared") == topic.keys({0: (0, 3000), 1: (0, 3000)})
        stream.wait_caught_up(daemon)
        assert daemon.terminate() == 0
        stream.assert_exact(daemon)


def test_the_checker_finds_nothing_in_the_table_of_a_job(kafka):
    topic = Topic(kafka, "checked", 2, 1000)
    with started(kafka) as daemon:
        succeeded(daemon, submit(daemon, topic.document("checked"), {0: (0, 1000), 1: (0, 1000)}))
        assert daemon.terminate() == 0
        promise = make_promise(5, 2, "checked@0", "delta:checked", topic="checked")
        verdict = check_all(promise, delta=daemon.lake / "checked", ends={0: 1000, 1: 1000})
        assert verdict.ok, verdict.document()


@pytest.mark.parametrize("start, end, code", [
    ({"p0": 0}, {"p0": 2001}, "offset_out_of_range"),
    ({"p0": 5000}, "latest", "offset_out_of_range"),
    ({"p7": 0}, {"p7": 1}, "unknown_partition"),
])
def test_a_range_that_the_broker_cannot_serve_fails_with_the_real_one(kafka, start, end, code):
    if not hasattr(kafka, "ranged"):
        kafka.ranged = Topic(kafka, "ranged")
    with started(kafka) as daemon:
        job = daemon.post("/batch/run", {"topic": "ranged", "startOffset": start, "endOffset": end}, expect=202)
        document = ended(daemon, job)
        assert document["status"] == "FAILED"
        assert document["error"]["code"] == code
        assert document["error"]["available"] == {"0": [0, 2000], "1": [0, 2000]}
        assert daemon.request("GET", f"/batch/status/{job['jobId']}").status_code == 500
        assert keys_in(daemon, "ranged_batch") == []


def test_an_unknown_topic_fails_and_a_bad_body_makes_no_job(kafka):
    with started(kafka) as daemon:
        document = ended(daemon, daemon.post("/batch/run", {"topic": "no-such-topic"}, expect=202))
        assert document["status"] == "FAILED" and document["error"]["code"] == "unknown_topic"
        for body, status in [("{", 400), ('{"topic": 7}', 400), ('{"topic":"t","startOffset":"soon"}', 422),
                             ('{"topic":"t","startOffset":{"0":9},"endOffset":{"0":3}}', 422),
                             ('{"topic":"t","startOffset":{"0":1},"endOffset":{"1":3}}', 422), ('{"pipeline":"nobody"}', 404)]:
            assert daemon.request("POST", "/batch/run", body).status_code == status, body
        assert len(daemon.get("/batch")["jobs"]) == 1


def test_one_key_makes_one_job(kafka):
    topic = Topic(kafka, "keyed", 1, 300)
    with started(kafka) as daemon:
        first = daemon.post("/batch/run", {"topic": "keyed"}, expect=202, headers={"Idempotency-Key": "k1"})
        succeeded(daemon, first)
        again = daemon.request("POST", "/batch/run", {"topic": "keyed"}, headers={"Idempotency-Key": "k1"})
        assert again.json()["jobId"] == first["jobId"]
        other = daemon.request("POST", "/batch/run", {"topic": "keyed", "endOffset": {"0": 5}}, headers={"Idempotency-Key": "k1"})
        assert other.status_code == 422 and other.json()["code"] == "idempotency_key_reused"
        daemon.kill()
        daemon.start()
        assert daemon.request("POST", "/batch/run", {"topic": "keyed"}, headers={"Idempotency-Key": "k1"}).json()["jobId"] == first["jobId"]
        assert keys_in(daemon, "keyed_batch") == topic.keys({0: (0, 300)})


def test_what_a_stream_has_written_is_not_written_again(kafka):
    stream = Proven(kafka, "guarded", 2)
    stream.produce(400)
    with started(kafka) as daemon:
        stream.begin(daemon)
        stream.wait_caught_up(daemon)
        body = {"pipeline": "guarded", "startOffset": {"0": 10}, "endOffset": {"0": 20}}
        refused = daemon.request("POST", "/batch/run", body)
        assert refused.status_code == 409 and refused.json()["code"] == "range_already_in_table"
        # Words and times are known when the job has asked the broker.
        late = ended(daemon, daemon.post("/batch/run", {"pipeline": "guarded"}, expect=202))
        assert late["error"]["code"] == "range_already_in_table"
        job = daemon.post("/batch/run", body | {"allowRepeats": True}, expect=202)
        succeeded(daemon, job)
        assert len(keys_in(daemon, "guarded")) == 810


def test_resume_goes_on_where_the_last_one_ended(kafka):
    topic = Topic(kafka, "resumed", 2, 300)
    with started(kafka) as daemon:
        for count in (300, 300, 700):
            Generator(kafka.address, topic.feed).run(dict.fromkeys(range(2), topic.count), count)
            topic.count = count
            succeeded(daemon, daemon.post("/batch/run", {"topic": "resumed", "startOffset": "resume"}, expect=202))
            assert keys_in(daemon, "resumed_batch") == topic.keys({0: (0, count), 1: (0, count)})
        daemon.kill()
        daemon.start()
        last = succeeded(daemon, daemon.post("/batch/run", {"topic": "resumed", "startOffset": "resume"}, expect=202))
        assert last["rowsIn"] == 0


PHASES = ["ledger.job.after", "delta.claim.after", "epoch.prepare.before", "epoch.prepared", "ledger.plan.after", "epoch.planned",
          "delta.commit.before", "delta.commit.after", "epoch.sink_committed", "ledger.committed.before", "ledger.committed.after"]


@pytest.mark.parametrize("phase", PHASES)
def test_killed_at_any_phase_it_is_taken_up_and_writes_once(kafka, phase):
    if not hasattr(kafka, "killed"):
        kafka.killed = Topic(kafka, "killed", 2, 1000)
    with started(kafka) as daemon:
        daemon.terminate()
        daemon.start(failpoints=f"{phase}=kill")
        ranges = {0: (10, 900), 1: (500, 1000)}
        try:
            submit(daemon, kafka.killed.document("killed"), ranges, idempotencyKey="once")
        except Exception:  # it died before it could answer
            pass
        daemon.process.wait(30)
        daemon.start()
        job = submit(daemon, kafka.killed.document("killed"), ranges, idempotencyKey="once")
        document = succeeded(daemon, job)
        assert keys_in(daemon, "killed") == kafka.killed.keys(ranges)
        assert document["attempt"] in (1, 2)
        assert document["rowsOut"] == 890 + 500
