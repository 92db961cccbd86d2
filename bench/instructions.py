"""A gate that noise cannot move: instructions per record of each hot path, counted by callgrind on fixed records, against those recorded
in bench/instructions.json. More than 3 % above fails; so does more than 3 % below, so that what was gained is written down:

    python3 bench/instructions.py --binary build/ci/bench/counted_paths --record
"""
import argparse
import json
import platform
import re
import subprocess
import sys
import tempfile
from pathlib import Path

RECORDED = Path(__file__).with_name("instructions.json")
TOLERANCE = 0.03
SKIPPED = 77  # ctest's SKIP_RETURN_CODE


def count(binary):
    """{path: instructions per record}"""
    with tempfile.TemporaryDirectory(prefix="laketide-instructions-") as directory:
        done = subprocess.run(["valgrind", "--tool=callgrind", "--toggle-collect=counted_run", "--dump-after=counted_run",
                               f"--callgrind-out-file={directory}/out", str(binary)], capture_output=True, text=True, timeout=900)
        if done.returncode != 0:
            raise SystemExit(f"counted_paths under valgrind ended with {done.returncode}:\n{done.stderr[-3000:]}")
        paths = [line.split() for line in done.stdout.splitlines()]
        return {name: round(_total(Path(directory) / f"out.{number}") / int(records)) for number, (name, records) in enumerate(paths, 1)}


def _total(dump):
    return int(re.search(r"^(?:summary|totals): (\d+)", dump.read_text(), re.MULTILINE).group(1))


def unlike_recorded():
    """Why the figures of this machine are not those of the file; None if they are."""
    if platform.machine() != "x86_64":
        return f"recorded on x86_64, this is {platform.machine()}"
    if " avx2 " not in Path("/proc/cpuinfo").read_text():
        return "recorded with AVX2, which this processor lacks"
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", type=Path, required=True)
    parser.add_argument("--record", action="store_true", help="write what is counted down as the new figures")
    arguments = parser.parse_args()
    reason = unlike_recorded()
    if reason:
        print(f"skipped: {reason}")
        return SKIPPED
    counted = count(arguments.binary)
    if arguments.record:
        RECORDED.write_text(json.dumps(counted, indent=1) + "\n")
    recorded = json.loads(RECORDED.read_text())
    wrong = recorded.keys() != counted.keys()
    for name in sorted(recorded.keys() | counted.keys()):
        was, now = recorded.get(name), counted.get(name)
        change = now / was - 1 if was and now else None
        outside = change is None or abs(change) > TOLERANCE
        wrong |= outside
        print(f"{name:16} recorded {was}, counted {now}" + (f", {100 * change:+.1f} %" if change is not None else "") + (" <-- outside ± 3 %" if outside else ""))
    if wrong:
        print("If that is meant: record it, and say in the commit what it gave or why it costs more. The command stands in bench/instructions.py.")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
