"""The unit conf/systemd/laketide.service: what systemd says of it, and that the daemon keeps to what it promises there."""
import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from daemon import Daemon, binary
from proven import Proven, started, two_sinks
from supervisor import Supervisor
from system_call_filter import SystemCallFilter, allowed

REPO = Path(os.environ["LAKETIDE_SOURCE_DIR"])
UNIT = REPO / "conf/systemd/laketide.service"


def settings(name):
    return re.findall(rf"^{name}=(.*)$", UNIT.read_text(), re.MULTILINE)


def seconds(text):
    return int(re.fullmatch(r"(\d+)s", text)[1])


def analyze(*arguments):
    assert shutil.which("systemd-analyze"), "install the packages of tests/packages.txt"
    return subprocess.run(["systemd-analyze", *map(str, arguments)], capture_output=True, text=True, timeout=60)


@pytest.fixture
def unit(tmp_path):
    """The unit as it is installed, with the program where this build has it: whether that is there is looked at too."""
    file = tmp_path / "laketide.service"
    file.write_text(UNIT.read_text().replace("/usr/bin/laketide", binary()))
    return file


def test_systemd_has_nothing_to_say_of_it(unit):
    # It ends with 0 even where it does not know a key.
    done = analyze("verify", unit)
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)
    unit.write_text(unit.read_text().replace("WatchdogSec=", "WatchdogSecs="))
    assert "Unknown key 'WatchdogSecs'" in analyze("verify", unit).stderr, "it would say so"


def test_it_is_exposed_to_little(unit):
    done = analyze("security", "--offline=yes", "--no-pager", unit)
    [overall] = re.findall(r"Overall exposure level for laketide.service: ([\d.]+)", done.stdout)
    assert float(overall) <= 2.0, done.stdout


def test_its_times_fit_the_service_files():
    [deadline] = re.findall(r"stop_deadline: (\S+)", (REPO / "conf/laketide.yaml").read_text())
    [stop] = settings("TimeoutStopSec")
    assert seconds(stop) >= seconds(deadline) + 10, "what is given up at the deadline needs a moment to end"
    assert settings("Restart") == ["on-failure"]
    assert settings("ExecReload") == ["/bin/kill -HUP $MAINPID"]


@pytest.mark.parametrize("abstract", [False, True], ids=["path", "abstract"])
def test_the_manager_hears_ready_alive_and_stopping(abstract, tmp_path):
    with Supervisor(None if abstract else tmp_path, watchdog_seconds=0.3) as manager, Daemon() as daemon:
        daemon.terminate()
        daemon.start(env=manager.environment, wait=False)
        heard = manager.wait_for("READY")
        assert heard == [{"READY": "1", "STATUS": "ready"}], "nothing before it, and no sign of life that nobody waits for yet"
        assert daemon.ready(), "READY is what /ready says"
        for _ in range(5):
            assert manager.wait_for("WATCHDOG", seconds=5) == [{"WATCHDOG": "1"}]
        daemon.signal(signal.SIGTERM)
        heard = manager.wait_for("STOPPING")
        assert heard[-1]["STOPPING"] == "1" and all(message == {"WATCHDOG": "1"} for message in heard[:-1]), heard
        assert daemon.wait_exit() == 0
        assert manager.hear(0) is None


def test_a_stop_over_http_is_told_too(tmp_path):
    with Supervisor(tmp_path) as manager, Daemon() as daemon:
        daemon.terminate()
        daemon.start(env=manager.environment)
        daemon.post("/stop", expect=202)
        assert daemon.wait_exit() == 0
        assert [sorted(message) for message in manager.wait_for("STOPPING")] == [["READY", "STATUS"], ["STATUS", "STOPPING"]]


def test_a_reload_is_told_from_its_begin_to_its_end(tmp_path):
    with Supervisor(tmp_path) as manager, Daemon() as daemon:
        daemon.terminate()
        daemon.start(env=manager.environment)
        assert [message["STATUS"] for message in manager.wait_for("READY")] == ["ready"]
        for wrong, outcome in ((False, "ready"), (True, "ready as before; the files were refused: ")):
            if wrong:
                (daemon.pipelines / "wrong.yaml").write_text("name: wrong\nsorce: {}\n")
            begun = time.monotonic()
            daemon.signal(signal.SIGHUP)
            reloading, ready = manager.wait_for("READY")
            assert reloading["RELOADING"] == "1" and int(reloading["MONOTONIC_USEC"]) >= begun * 1e6, "systemd compares it with the signal's time"
            assert ready["STATUS"].startswith(outcome) and daemon.ready(), ready
        assert daemon.terminate() == 0


def test_a_refused_configuration_is_not_ready_and_not_tried_again(tmp_path):
    with Supervisor(tmp_path) as manager:
        daemon = Daemon({"engine": {"threads": "many"}}).start(env=manager.environment, wait=False)
        assert daemon.wait_exit() == int(settings("RestartPreventExitStatus")[0])
        assert manager.hear(0) is None


def test_a_stuck_worker_is_left_to_the_watchdog(kafka, tmp_path):
    """A worker that hangs in a write: the process answers, and gives no sign of life; with WatchdogSec= systemd would end it."""
    stream = Proven(kafka, "stuck", 1)
    stream.produce(1000)
    with Supervisor(tmp_path, watchdog_seconds=1) as manager, started(kafka, engine={"threads": 1}) as daemon:
        daemon.terminate()
        daemon.start(failpoints="storage.create.before=hang", env=manager.environment)
        stream.begin(daemon)
        daemon.wait_for(lambda: not daemon.healthy(), "/health to see it", seconds=60)
        last, deadline = None, time.monotonic() + 30
        while time.monotonic() < deadline and (message := manager.hear(2)) is not None:
            last = message
        assert last["STATUS"].startswith("not alive: worker_stuck"), last
        quiet = time.monotonic() + 3  # three times what the manager waits for
        assert manager.hear(quiet - time.monotonic()) is None and not daemon.healthy() and daemon.running


def test_it_lives_within_the_units_filter(kafka, postgres):
    """A stream into both sinks, with every system call that the unit forbids ending the process at once."""
    # fchown: as root, which the unit's user is not, SQLite gives its files to the owner of the directory.
    rules = SystemCallFilter(allowed(settings("SystemCallFilter")) | {"fchown"}, settings("RestrictAddressFamilies")[0])
    with pytest.raises(subprocess.SubprocessError):
        subprocess.run(["true"], preexec_fn=lambda: (rules.apply(), os.sched_setaffinity(0, [0])), check=True)
    stream = Proven(kafka, "filtered", document=two_sinks("filtered"), postgres=(postgres, "public.filtered"))
    stream.produce(2000)
    with started(kafka, postgres=postgres) as daemon:
        daemon.terminate()
        # By name: looking one up wants more kinds of sockets than it is given.
        daemon.config["kafka"]["brokers"] = kafka.address.replace("127.0.0.1", "localhost")
        daemon.start(within=rules.apply)
        stream.begin(daemon)
        stream.wait_caught_up(daemon)
        assert daemon.get("/metrics").startswith("#")
        assert daemon.terminate() == 0
        daemon.start(within=rules.apply)  # recovers under it too
        daemon.wait_for_state("filtered", "RUNNING")
        assert daemon.terminate() == 0
        stream.assert_exact(daemon)
