"""kill -9 at every failpoint of the protocol and at random moments: each record is in each sink exactly once."""
import shutil
import subprocess

from kill_loop import GeneratorLoad, KillLoop
from proven import Proven, started, two_sinks
from record import RecordSpec

DELTA_POINTS = [
    "epoch.prepare.before", "delta.prepare.before", "delta.prepare.after", "epoch.prepared",
    "ledger.plan.before", "ledger.transaction.before", "ledger.plan.after", "epoch.planned",
    "delta.commit.before", "lake.commit.before", "lake.commit.after", "delta.commit.after", "epoch.sink_committed",
    "ledger.committed.before", "ledger.committed.after", "epoch.committed",
]

POSTGRES_POINTS = ["postgres.prepare.before", "postgres.copy", "postgres.prepare.after", "postgres.commit.before", "postgres.commit.sent",
                   "postgres.commit.after"]


class Killable:
    """A Daemon as a KillLoop wants it. Confined to one thread."""

    def __init__(self, daemon, failpoints):
        self._daemon = daemon.start(failpoints or "", wait=False)

    def wait(self, seconds):
        try:
            return self._daemon.wait_exit(seconds)
        except subprocess.TimeoutExpired:
            return None

    def kill(self):
        self._daemon.kill()

    def stop(self):
        if self._daemon.running:
            self._daemon.process.terminate()

    def healthy(self):
        return self._daemon.ready()  # requests are taken from here on


def loop(kafka, stream, daemon, **options):
    return KillLoop(
        start=lambda failpoints: Killable(daemon, failpoints),
        begin=lambda: stream.begin(daemon),
        load=GeneratorLoad(kafka.address, stream.feed, rate=4000, first=stream.ends),
        caught_up=lambda ends: bool(stream.progress(daemon)) and stream.caught_up(daemon, ends),
        check=lambda ends: stream.verdict_at(daemon, ends),
        log=print,
        **options,
    )


def survive(kafka, stream, daemon, points, random_kills, seed):
    kills = loop(kafka, stream, daemon, seed=seed, kill_after_s=(0.1, 1.5))
    try:
        verdict = kills.run(points, each=1, random_kills=random_kills)
    finally:
        daemon.kill()
    print(kills.document())
    assert verdict.ok, (kills.document(), daemon.log[-3000:])
    assert not kills.totals.failpoints_not_reached, kills.totals.failpoints_not_reached


def test_one_sink_survives_every_kill(kafka):
    stream = Proven(kafka, "killed")
    stream.produce(1200)
    survive(kafka, stream, started(kafka), DELTA_POINTS, random_kills=10, seed=1)


def test_delta_and_postgres_survive_every_kill_above_all_between_their_commits(kafka, postgres):
    stream = Proven(kafka, "twins", document=two_sinks("twins"), postgres=(postgres, "public.twins"))
    stream.produce(300)
    survive(kafka, stream, started(kafka, postgres=postgres), DELTA_POINTS + POSTGRES_POINTS, random_kills=20, seed=2)


def test_receipts_of_epochs_that_a_later_process_recorded_have_their_counts(kafka, postgres):
    stream = Proven(kafka, "recorded", document=two_sinks("recorded", bad_records={"max_ratio": 1.0}, tombstones="skip"),
                    postgres=(postgres, "public.recorded"), spec=RecordSpec(7, 0, 0.05))
    daemon = started(kafka, postgres=postgres)
    deeds = ["epoch.sink_committed=kill@2",  # Delta has the epoch, or the quarantine; PostgreSQL gets it again
             "ledger.committed.before=kill", "ledger.committed.before=kill@2", "epoch.planned=kill"]
    for number, failpoint in enumerate(deeds):
        stream.produce(400 * (number + 1))
        with daemon.start(failpoint, wait=number == 0):
            if number == 0:
                stream.begin(daemon)
            assert daemon.wait_exit(30) == -9, failpoint

    def settled(upto):
        stream.produce(upto)
        stream.wait_caught_up(daemon)
        daemon.wait_for(lambda: daemon.stream("recorded")["lagRecords"] == 0, "the last epoch in the ledger")
        receipts = daemon.get("/stream/recorded/epochs")
        assert daemon.terminate() == 0
        return receipts

    with daemon.start():
        stream.assert_exact(daemon, receipts=settled(2000), recorded_later=len(deeds))
    stream.produce(2400)
    with daemon.start("ledger.committed.before=kill", wait=False):
        assert daemon.wait_exit(30) == -9
    shutil.rmtree(daemon.state)  # from here the sinks alone know the last epoch
    with daemon.start():
        stream.begin(daemon)
        verdict = stream.assert_exact(daemon, receipts=settled(2800), recorded_later=1)
        assert verdict.counts["receipts.unnamed"] == 1, "the epoch that was recorded from the sinks' plan"
