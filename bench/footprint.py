"""What the daemon takes when it does nothing, how long it takes to stop, how large our own code is, and when the first row is there."""
import shutil
import subprocess
import time
from pathlib import Path

from contenders import WORKS, document, service
from daemon import Daemon, binary
from deltalake import DeltaTable


def _rss_mib(pid):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise AssertionError(f"{pid} has no memory of its own")


def _code_mb(directory):
    stripped = directory / "stripped"
    subprocess.run(["strip", "-o", str(stripped), binary()], check=True)
    return stripped.stat().st_size / 1e6


def _first_row_s(bench, directory):
    """From the start of the process to a row in the Delta table, with a pipeline that is there to be started."""
    began = time.monotonic()
    with Daemon(service(bench), directory).start() as daemon:
        daemon.post("/stream/start", {**document(bench, WORKS["delta"]), "trigger": {"epoch": "100ms"}})

        def there():
            log = daemon.lake / "bench" / "_delta_log"
            return log.is_dir() and any(log.glob("*.json")) and DeltaTable(str(daemon.lake / "bench")).count() > 0
        daemon.wait_for(there, "a row in the table", 60)
        took = time.monotonic() - began
        daemon.terminate(60)
    return took


def measure(bench):
    directory = bench.directory / "footprint"
    try:
        with Daemon(service(bench), directory / "idle").start() as daemon:
            daemon.get("/stream")
            idle = _rss_mib(daemon.process.pid)
            began = time.monotonic()
            daemon.terminate()
            stop = time.monotonic() - began
        return {"idle_mib": idle, "stop_ms": 1000 * stop, "code_mb": _code_mb(directory),
                "first_row_s": min(_first_row_s(bench, directory / f"first-{number}") for number in range(3))}
    finally:
        shutil.rmtree(directory, ignore_errors=True)
