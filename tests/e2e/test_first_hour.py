"""A new user's first hour: the README's block of that name, typed in line by line, and what they find at its end."""
import subprocess

from deltalake import DeltaTable

from daemon import binary, free_port
from servers import own_directory
from test_readme import shell_block

# Whether so many records of the topic are in the tables.
COMMITTED = """#!/usr/bin/env python3
import json, sys, urllib.request
stream = json.load(urllib.request.urlopen("http://{address}/stream/readings"))
sys.exit(sum(one["committed"] or 0 for one in stream["partitions"]) != int(sys.argv[1]))
"""


def test_the_first_hour_goes_as_the_readme_says(kafka, postgres):
    kafka.create_topic("events", 2)
    directory = own_directory("hour")
    address = f"127.0.0.1:{free_port()}"
    block = shell_block("The first hour")
    printed = {"127.0.0.1:9092": kafka.address, "postgresql://app@127.0.0.1:5432/app": postgres.url, "localhost:8080": address,
               "laketide serve --config laketide.yaml &": f"laketide serve --set server.listen={address} --config laketide.yaml &\nready"}
    for theirs, ours in printed.items():
        assert theirs in block, theirs
        block = block.replace(theirs, ours)
    # What a person would look at before they go on.
    look = f"curl -s {address}/stream/readings\n"
    assert block.count(look) == 2
    for records in (2000, 4000):
        block = block.replace(look, look.strip() + f" && until_so 'committed {records}'\n", 1)
    (directory / "bin").mkdir()
    (directory / "bin" / "committed").write_text(COMMITTED.format(address=address))
    (directory / "bin" / "committed").chmod(0o755)
    (directory / "bin" / "laketide").symlink_to(binary())
    script = f"""set -m
PATH={directory}/bin:$PATH
until_so() {{
  for _ in $(seq 300); do
    eval "$1" && return
    read -t 0.1 < /dev/zero || true
  done
  echo "not in time: $1"
}}
ready() {{ until_so 'curl -sf {address}/ready > /dev/null'; }}
trap 'kill %1 2> /dev/null' EXIT
cd {directory}
{block}"""
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=240)
    told = done.stdout + done.stderr
    assert "not in time" not in told, told
    assert told.count('"status":"SUCCEEDED"') == 1 and told.count('"status":"FAILED"') == 1, told
    assert '"available"' in told, "what the broker has"
    assert 'did you mean "weight"?' in told and "exit code 3" in told, told
    assert "laketide.yaml:5:" in told, told
    # All of the 2,000 records before the change, and of those after it what the new query lets through.
    rows = sorted(DeltaTable(str(directory / "lake" / "readings")).to_pyarrow_table().to_pylist(), key=lambda row: (row["ts"], row["id"]))
    before, after = rows[:2000], rows[2000:]
    assert sum(row["value"] < 50 for row in before) > 500, "the first query takes all"
    assert len(after) > 500 and all(row["value"] >= 50 for row in after)
    theirs = postgres.query("SELECT id, ts, value, source FROM public.readings ORDER BY ts, id")
    assert theirs == [(row["id"], row["ts"], row["value"], row["source"]) for row in rows]
