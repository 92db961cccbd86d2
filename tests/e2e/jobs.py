"""Batch jobs in tests: topics that they read, documents, submission, and what stands in the lake afterwards."""
from deltalake import DeltaTable

from feed import Feed
from generator import Generator
from proven import DECLARED
from record import RecordSpec

FINAL = ("SUCCEEDED", "FAILED", "CANCELLED")


class Topic:
    """A topic of generated records; `count` in each partition."""

    def __init__(self, kafka, name, partitions=2, count=2000, seed=5, spec=None):
        kafka.create_topic(name, partitions)
        self.name, self.partitions, self.count = name, partitions, count
        self.feed = Feed(spec or RecordSpec(seed), partitions, name, name)
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
