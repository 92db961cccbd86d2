"""SIGTERM in every state: whatever is away, frozen or half done, the process ends in time with exit code 0, and nothing is lost."""
import pytest
from proven import Proven, started, two_sinks
from waiting import wait_until

STOP_DEADLINE = 3
EXIT_WITHIN = STOP_DEADLINE + 10  # what takes longer than its deadline is cut off


def frozen_broker(kafka, postgres, stream, daemon):
    kafka.pause()
    return kafka.resume


def absent_broker(kafka, postgres, stream, daemon):
    kafka.kill()
    daemon.wait_for_state(stream.name, "STALLED", seconds=40)
    return kafka.start


def frozen_database(kafka, postgres, stream, daemon):
    postgres.pause()
    return postgres.resume


def absent_database(kafka, postgres, stream, daemon):
    postgres.kill()
    stream.produce(stream.ends[0] + 500)
    daemon.wait_for_state(stream.name, "STALLED", seconds=40)
    return postgres.start


def locked_table(kafka, postgres, stream, daemon):
    connection = postgres.connect()
    connection.autocommit = False
    connection.execute(f"LOCK TABLE public.{stream.name} IN ACCESS EXCLUSIVE MODE")
    return connection.close


STATES = {"running": None, "table locked before": locked_table, "frozen broker": frozen_broker, "absent broker": absent_broker, "frozen database": frozen_database,
          "absent database": absent_database, "locked table": locked_table}


def assert_ends(daemon, signals=1):
    for _ in range(signals):
        daemon.process.terminate()
    # Whoever signals twice does not want to wait: 1 says that something may have been given up.
    assert daemon.wait_exit(EXIT_WITHIN) in ((0,) if signals == 1 else (0, 1)), daemon.log[-3000:]


@pytest.mark.parametrize("state", STATES)
def test_it_stops_with_the(state, kafka, postgres):
    name = "stopped_" + state.replace(" ", "_")
    stream = Proven(kafka, name, document=two_sinks(name), postgres=(postgres, f"public.{name}"))
    stream.produce(2000)
    daemon = started(kafka, postgres=postgres, server={"stop_deadline": f"{STOP_DEADLINE}s"}, stream_defaults={"epoch": "50ms"})
    # An epoch that Delta has and PostgreSQL lacks is run again first at the next start, while the fault lasts.
    with daemon.start("epoch.sink_committed=kill@5"):
        stream.begin(daemon)
        wait_until(lambda: not daemon.running or stream.caught_up(daemon), "a kill between the sinks' commits, or all to be there")
        daemon.kill()
        for signals in (1, 2):
            # A table that is locked before the start: an epoch that is run again waits for it.
            undo = STATES[state](kafka, postgres, stream, daemon) if "before" in state else None
            daemon.start()
            if STATES[state] and not undo:
                undo = STATES[state](kafka, postgres, stream, daemon)
            if "before" in state:
                daemon.wait_for_state(stream.name, "RUNNING")
            try:
                if "broker" not in state:
                    stream.produce(stream.ends[0] + 300)
                assert_ends(daemon, signals)
            finally:
                if undo:
                    undo()
        daemon.start()
        stream.wait_caught_up(daemon)
        assert_ends(daemon)
        stream.assert_exact(daemon)


@pytest.mark.parametrize("point", ["delta.claim.before", "epoch.prepare.before", "delta.commit.before", "postgres.commit.before", "ledger.plan.before",
                                   "ledger.committed.before", "lake.checkpoint.before", "storage.sync.before"])
def test_it_stops_while_a_step_takes_long(point, kafka, postgres):
    """A slow disk or server in the middle of the protocol: the step is waited for, or given up at the deadline."""
    name = "slow_" + point.replace(".", "_")
    stream = Proven(kafka, name, document=two_sinks(name), postgres=(postgres, f"public.{name}"))
    stream.produce(2000)
    daemon = started(kafka, postgres=postgres, server={"stop_deadline": f"{STOP_DEADLINE}s"}, stream_defaults={"epoch": "50ms"})
    with daemon.start(f"{point}=delay:1500@3"):
        stream.begin(daemon)
        wait_until(lambda: any(stream.progress(daemon).values()) or point == "delta.claim.before", "a first epoch")
        stream.produce(4000)
        assert_ends(daemon)
        daemon.start()
        stream.wait_caught_up(daemon)
        assert_ends(daemon)
        stream.assert_exact(daemon)
