"""A stream under proof: one topic filled by the generator, one pipeline, and the checker's word on what became of it."""
from checker import check_all, make_promise, next_offsets
from feed import Feed, Layout
from generator import Generator
from record import RecordSpec
import postgres_table

from daemon import Daemon

DECLARED = "p int, i bigint, id bigint, ts timestamptz, value double, source text, h text"


def two_sinks(name, tombstones="row", **more):
    """A pipeline from the topic `name` into the Delta table `name` and the PostgreSQL table public.`name`."""
    return {"name": name, "source": {"kafka": {"topic": name}, "format": {"json": {"schema": DECLARED, "tombstones": tombstones}}},
            "sinks": [{"delta": {"path": name}}, {"postgres": {"table": f"public.{name}"}}], **more}


class Proven:
    """Topic and pipeline bear one name. Without `document` the implicit pipeline of the topic is what runs.

    `postgres`: (server, table) of a sink `postgres:<table>`. Caller synchronises.
    """

    def __init__(self, kafka, name, partitions=2, *, seed=7, document=None, postgres=None, spec=None, sink=None, layout=None):
        kafka.create_topic(name, partitions)
        self.kafka, self.name, self.document, self.postgres = kafka, name, document, postgres
        self.spec = spec or RecordSpec(seed)
        self.feed = Feed(self.spec, partitions, name, name, layout or Layout())
        self.sink = sink or f"delta:{name}"
        self.promise = make_promise(self.spec.seed, partitions, name, self.sink, feeds=(self.feed,))
        self.ends = dict.fromkeys(range(partitions), 0)
        self._generator = Generator(kafka.address, self.feed)

    def produce(self, upto, rate=0.0):
        """Every partition gets its records up to index `upto`; returns when the broker has acknowledged them."""
        self.ends = self._generator.run(self.ends, upto, rate)
        return self.ends

    def begin(self, daemon):
        return daemon.post("/stream/start", self.document or {"topic": self.name})

    def table(self, daemon):
        return daemon.lake / self.name

    def progress(self, daemon):
        """Next offsets per partition, the least over all sinks."""
        found = [next_offsets(self.table(daemon), self.name, self.sink)]
        if self.postgres:
            server, table = self.postgres
            found.append(postgres_table.next_offsets(server.url, self.name, f"postgres:{table}"))
        return {p: min(offsets.get((self.name, self.name, p), 0) for offsets in found) for p in self.ends}

    def caught_up(self, daemon, ends=None):
        progress = self.progress(daemon)
        return all(progress[p] >= self.feed.last_needed(p, end) for p, end in (self.ends if ends is None else ends).items())

    def wait_caught_up(self, daemon, seconds=60):
        daemon.wait_for(lambda: self.caught_up(daemon), f"{self.name} to reach {self.ends}", seconds)

    def verdict(self, daemon, *, at_rest=True, receipts=None, recorded_later=0):
        """`at_rest`: all must be there and no leftovers; else what is there must be right, whatever is missing."""
        server, table = self.postgres or (None, None)
        quarantine = daemon.lake / "_quarantine" / self.name
        return check_all(
            self.promise,
            delta=self.table(daemon),
            quarantine_path=quarantine if at_rest and quarantine.exists() else None,
            postgres=server and server.url,
            pg_table=table,
            pg_sink=table and f"postgres:{table}",
            receipt_list=receipts,
            recorded_later=recorded_later,
            ends=self.ends if at_rest else None,
            max_orphans=0 if at_rest else 1 << 30,
        )

    def verdict_at(self, daemon, ends):
        """As a KillLoop asks: `ends` None after a kill, else all that was acknowledged, at rest."""
        if ends is not None:
            self.ends = ends
        return self.verdict(daemon, at_rest=ends is not None)

    def assert_exact(self, daemon, **options):
        verdict = self.verdict(daemon, **options)
        assert verdict.ok, verdict.document()
        return verdict


def started(kafka, *, postgres=None, **config):
    """A daemon against these servers, with epochs short enough for a test."""
    settings = {"kafka": {"brokers": kafka.address}, "stream_defaults": {"epoch": "200ms"}, **config}
    if postgres:
        settings["postgres"] = {"url": postgres.url}
    return Daemon(settings)
