"""A disk that is full, read-only or broken: streams stall and say why, probes answer, and once it is well all goes on, exactly. Then each call
that makes, writes, names or syncs a file fails once, and two and three in a row, so that what handles a failure meets one too."""
import errno

import pytest
from failing_disk import LIBRARY, FailingDisk
from kill_loop import GeneratorLoad
from proven import Proven, started, two_sinks

OF_THE_LAKE = {errno.ENOSPC: "disk_full", errno.EDQUOT: "disk_full", errno.EROFS: "read_only", errno.EIO: "io_error"}
OF_THE_LEDGER = {errno.ENOSPC: "disk_full", errno.EIO: "ledger_io"}
# (calls that go well first, calls that fail then); an epoch makes about thirty.
ROWS = [(0, 1), (6, 1), (12, 1), (18, 1), (24, 1), (1, 2), (16, 2), (9, 3)]


@pytest.fixture
def disk(tmp_path):
    assert LIBRARY.exists(), LIBRARY
    return FailingDisk(tmp_path)


def begin(kafka, postgres, name, disk):
    """The stream, running, and its daemon on that disk."""
    stream = Proven(kafka, name, document=two_sinks(name), postgres=(postgres, f"public.{name}"))
    stream.produce(500)
    daemon = started(kafka, postgres=postgres, stream_defaults={"epoch": "50ms"}).start(env=disk.environment)
    stream.begin(daemon)
    stream.wait_caught_up(daemon)
    return stream, daemon


def test_streams_stall_on_a_failing_disk_and_go_on_when_it_is_well(kafka, postgres, disk):
    stream, daemon = begin(kafka, postgres, "stalled", disk)
    upto = 500
    with daemon:
        for below, errors in ((daemon.lake, OF_THE_LAKE), (daemon.state, OF_THE_LEDGER)):
            for error, code in errors.items():
                disk.fail(error, below)
                upto += 500
                stream.produce(upto)
                told = daemon.wait_for_state(stream.name, "STALLED")
                assert told["error"]["code"] == code, told
                assert daemon.get("/health")
                disk.heal()
                stream.wait_caught_up(daemon)
                daemon.wait_for_state(stream.name, "RUNNING")
        assert daemon.terminate() == 0
        stream.assert_exact(daemon)


@pytest.mark.parametrize("place", ["lake", "state"])
def test_each_call_fails_once_then_two_and_three_in_a_row(place, kafka, postgres, disk):
    stream, daemon = begin(kafka, postgres, f"failing_{place}", disk)
    with daemon:
        load = GeneratorLoad(kafka.address, stream.feed, rate=1000, first=stream.ends)
        load.start()
        try:
            for passes, times in ROWS:
                disk.fail(errno.EIO, getattr(daemon, place), passes, times)
                daemon.wait_for(lambda times=times: disk.failed == times, f"{times} calls behind {passes} to fail")
        finally:
            disk.heal()
            stream.ends = load.stop()
        stream.wait_caught_up(daemon)
        daemon.wait_for_state(stream.name, "RUNNING")
        assert daemon.terminate() == 0
        stream.assert_exact(daemon)
