"""The README's lines, pasted into a shell: every one works as printed, and does what it says."""
import re
import subprocess
from pathlib import Path


from daemon import binary, free_port
from jobs import keys_in
from proven import Proven
from servers import own_directory

README = Path(__file__).resolve().parents[2] / "README.md"


def shell_block(heading):
    """The first shell block under a heading."""
    text = README.read_text().split(f"## {heading}\n", 1)[1]
    return re.search(r"```sh\n(.*?)```", text, re.DOTALL).group(1)


class Lake:
    """Where a table may be looked for."""

    def __init__(self, path):
        self.lake = path


def test_the_first_steps_work_as_printed(kafka):
    stream = Proven(kafka, "events", 2)
    stream.produce(1500)
    directory = own_directory("readme")
    port = free_port()
    block = shell_block("First steps by hand")
    curls = block.count("curl -s")
    # Only what a person would have to have: their build, their broker, a free port, a directory.
    for printed, ours in {"build/release/laketide": binary(), "127.0.0.1:9092": kafka.address, "localhost:8080": f"127.0.0.1:{port}", "/var/tmp/": f"{directory}/",
                          "serve --set": f"serve --set server.listen=127.0.0.1:{port} --set",
                          "curl -s": "curl -sS --fail-with-body --retry 20 --retry-connrefused --retry-delay 1"}.items():
        assert printed in block, printed
        block = block.replace(printed, ours)
    script = f"set -e\ntrap 'kill %1 2> /dev/null || true' EXIT\ncd {directory}\nexport LAKETIDE_URL=http://127.0.0.1:{port}\n{block}\nwait\n"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert curls >= 12
    assert done.stdout.count('"status":"SUCCEEDED"') >= 2
    everything = sorted((p, i) for p in range(2) for i in range(1500))
    assert keys_in(Lake(directory / "lake"), "events_batch") == sorted(everything + [(0, i) for i in range(10, 90)])
    by_stream = keys_in(Lake(directory / "lake"), "events")
    assert by_stream in ([], everything)  # it may have been stopped before its first epoch
