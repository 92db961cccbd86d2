"""Networks between the daemon and its servers: slow, cut, dead without a word; and a PostgreSQL that fails over. Exactly once must hold."""
import random
import threading
from contextlib import contextmanager

import pytest
from daemon import Daemon
from proven import Proven, two_sinks
from proxy import Proxy
from servers import KafkaBroker, PostgresServer
from waiting import wait_until

pause = threading.Event().wait


@pytest.fixture(scope="module")
def kafka_line():
    with Proxy() as line:
        yield line


@pytest.fixture(scope="module")
def kafka(kafka_line):
    """Tests reach it directly, daemons through the line."""
    with KafkaBroker().behind(kafka_line) as broker:
        yield broker


@pytest.fixture(autouse=True)
def mended(kafka_line):
    """Each test begins with a line that is whole."""
    kafka_line.delay, kafka_line.bytes_per_second, kafka_line.silent = 0.0, None, False


@contextmanager
def proxied(name, kafka, kafka_line, postgres, produced=1000):
    """(stream, daemon, PostgreSQL's line): a stream into Delta and PostgreSQL that has caught up, both servers behind lines."""
    stream = Proven(kafka, name, document=two_sinks(name), postgres=(postgres, f"public.{name}"))
    stream.produce(produced)
    with Proxy() as line:
        line.target = postgres.place
        config = {
            "kafka": {"brokers": kafka_line.address},
            "postgres": {"url": f"postgresql://laketide@{line.address}/postgres"},
            "stream_defaults": {"epoch": "200ms"},
        }
        with Daemon(config) as daemon:
            stream.begin(daemon)
            stream.wait_caught_up(daemon)
            yield stream, daemon, line


def finish(stream, daemon, seconds=120):
    stream.wait_caught_up(daemon, seconds)
    assert daemon.wait_for_state(stream.name, "RUNNING", seconds)
    assert daemon.terminate() == 0
    stream.assert_exact(daemon)


def test_slow_lines_make_it_late_and_nothing_else(kafka, kafka_line, postgres):
    with proxied("slow", kafka, kafka_line, postgres) as (stream, daemon, postgres_line):
        for line in (kafka_line, postgres_line):
            line.delay, line.bytes_per_second = 0.03, 1 << 20
        stream.produce(6000)
        finish(stream, daemon)
        assert daemon.log.count("STALLED") == 0, "a slow server is no failure"


def test_connections_that_are_cut_again_and_again(kafka, kafka_line, postgres):
    """Some at once, some after a silence: what was sent may have come there or not, an answer may be lost."""
    with proxied("cut", kafka, kafka_line, postgres) as (stream, daemon, postgres_line):
        load = threading.Thread(target=lambda: stream.produce(14_000, rate=3000))
        load.start()
        draw = random.Random(7)
        while load.is_alive():
            pause(draw.uniform(0.02, 0.6))
            line = draw.choice((kafka_line, postgres_line, postgres_line))
            if draw.random() < 0.5:
                line.forget()
                pause(draw.uniform(0.05, 0.3))
            line.cut()
        load.join()
        finish(stream, daemon)


def test_servers_that_are_out_of_reach_for_a_while(kafka, kafka_line, postgres):
    with proxied("unreachable", kafka, kafka_line, postgres) as (stream, daemon, postgres_line):
        load = threading.Thread(target=lambda: stream.produce(8000, rate=1500))
        load.start()
        for lines in ((kafka_line,), (postgres_line,), (kafka_line, postgres_line)):
            for line in lines:
                line.silent = True
            pause(4)
            assert daemon.healthy(), "the network is nothing that a restart would mend"
            for line in lines:
                line.silent = False
        load.join()
        finish(stream, daemon)


@pytest.fixture
def pair():
    """A PostgreSQL, and another one that follows it."""
    with PostgresServer() as primary:
        with primary.standby() as standby:
            yield primary, standby


def follows(primary):
    return primary.query("SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'") == [(1,)]


def fail_over(primary, standby, line):
    primary.kill()
    assert standby.query("SELECT pg_promote()") == [(True,)]
    line.target = standby.place
    line.cut()


def test_postgres_fails_over_to_a_synchronous_standby(kafka, kafka_line, pair):
    primary, standby = pair
    wait_until(lambda: follows(primary), "the standby to follow")
    primary.query("ALTER SYSTEM SET synchronous_standby_names = '*'")
    primary.query("SELECT pg_reload_conf()")
    with proxied("failover", kafka, kafka_line, primary) as (stream, daemon, line):
        load = threading.Thread(target=lambda: stream.produce(8000, rate=1500))
        load.start()
        wait_until(lambda: any(end > 1500 for end in stream.progress(daemon).values()), "something of the load", 60)
        fail_over(primary, standby, line)
        stream.postgres = (standby, stream.postgres[1])
        load.join()
        finish(stream, daemon)


def test_a_standby_that_lacks_what_was_committed_is_named_and_nothing_is_written(kafka, kafka_line, pair):
    primary, standby = pair
    wait_until(lambda: follows(primary), "the standby to follow")
    with proxied("behind", kafka, kafka_line, primary) as (stream, daemon, line):
        rows = "SELECT count(*) FROM behind"
        wait_until(lambda: standby.query(rows) == primary.query(rows), "the standby to have it all")
        has = standby.query(rows)
        standby.kill()
        stream.produce(3000)
        stream.wait_caught_up(daemon)
        primary.kill()
        standby.start()
        fail_over(primary, standby, line)
        stream.produce(4000)
        failed = daemon.wait_for_state("behind", "FAILED", 90)
        assert failed["error"]["code"] == "sink_behind" and "postgres:public.behind" in failed["error"]["detail"], failed
        assert standby.query(rows) == has
