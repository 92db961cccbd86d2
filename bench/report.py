"""What was measured, as Markdown and JSON. Of everything the least, the median and the most."""
import json
import platform
import statistics
import subprocess
from datetime import datetime, timezone
from pathlib import Path

import plot
import targets

MEASURES = [  # key, heading, decimals
    ("records_per_s", "records/s", 0),
    ("cpu_ns", "CPU-ns per record", 0),
    ("peak_rss_mib", "peak memory, MiB", 0),
    ("broker_cpu_ns", "broker's CPU-ns per record", 0),
    ("postgres_cpu_ns", "PostgreSQL's CPU-ns per record", 0),
]


def spread(values):
    return {"min": min(values), "median": statistics.median(values), "max": max(values)}


def _spreads(runs):
    return {key: spread([run[key] for run in runs]) for key, _, _ in MEASURES if all(key in run for run in runs)} if runs else {}


def ratios(pairs, key):
    """Laketide ÷ straight line, pair by pair."""
    return spread([ours[key] / hand[key] for hand, ours in pairs if hand[key] > 0]) if all(hand.get(key) for hand, _ in pairs) else None


def machine():
    cpu = next((line.split(":", 1)[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")), "")
    memory = int(Path("/proc/meminfo").read_text().split()[1]) / 1048576
    cores = sum(line.startswith("processor") for line in Path("/proc/cpuinfo").read_text().splitlines())
    return {"cpu": cpu, "cores": cores, "memory_gib": round(memory, 1), "kernel": platform.release()}


def make(bench, measured, load, more):
    """`measured`: {work: [(straight line's run, Laketide's run or None)]}; `more`: what was measured beside these, by name."""
    commit = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=Path(__file__).parent, capture_output=True, text=True).stdout
    result = {"when": datetime.now(timezone.utc).isoformat(timespec="seconds"), "commit": commit.strip(), "machine": machine(),
              "load_before": load[0], "load_after": load[1], "records": bench.records,
              "bytes_per_record": bench.truth["bytes"] / bench.records, "works": {}, **more}
    for work, runs in measured.items():
        pairs = [(hand, ours) for hand, ours in runs if ours]
        result["works"][work] = {
            "runs": [{"straight_line": hand, "laketide": ours} for hand, ours in runs],
            "straight_line": _spreads([hand for hand, _ in runs]), "laketide": _spreads([ours for _, ours in pairs]),
            "ratio": {key: ratios(pairs, key) for key, _, _ in MEASURES} if pairs else {}}
    result["targets"] = targets.judged(result)
    return result


def _three(values, decimals):
    return " / ".join(f"{values[key]:,.{decimals}f}" for key in ("min", "median", "max")) if values else "–"


def markdown(result):
    about = result["machine"]
    lines = [f"{result['when']} · commit {result['commit']} · {about['cores']} × {about['cpu']} · {about['memory_gib']} GiB · "
             f"load {result['load_before']:.1f} before, {result['load_after']:.1f} after",
             f"{result['records']:,} records of {result['bytes_per_record']:.0f} bytes. Each cell: least / median / most.", "",
             "| Kafka to | what | straight line | Laketide | Laketide ÷ straight line |", "|---|---|---|---|---|"]
    for work, found in result["works"].items():
        for key, heading, decimals in MEASURES:
            if key not in found["straight_line"]:
                continue
            ours, ratio = found["laketide"].get(key), found["ratio"].get(key)
            lines.append(f"| {work} | {heading} | {_three(found['straight_line'].get(key), decimals)} | {_three(ours, decimals)} | "
                         f"{_three(ratio, 2)} |")
    if "health_ms" in result:
        lines += ["", "| /health after start | ms |", "|---|---|"]
        lines += [f"| {name} | {_three(values, 0)} |" for name, values in result["health_ms"].items()]
    if "queries" in result:
        lines += ["", "| The query | records/s | CPU-ns per record | peak memory, MiB | rows out |", "|---|---|---|---|---|"]
        for name, runs in result["queries"].items():
            records, cpu, memory, rows = (statistics.median(run[key] for run in runs) for key in ("records_per_s", "cpu_ns", "peak_rss_mib", "rows"))
            lines.append(f"| {name} | {records:,.0f} | {cpu:,.0f} | {memory:,.0f} | {rows:,.0f} |")
    return "\n".join(lines + _daemon(result) + _spark(result)) + "\n\n" + targets.markdown(result)


def _late(found):
    return f"p50 {found['p50_ms']:.1f}, p99 {found['p99_ms']:.1f}, most {found['max_ms']:.1f}"


def _daemon(result):
    rows = []
    if took := result.get("process"):
        rows += [f"| idle memory, MiB | {took['idle_mib']:.0f} |", f"| stop, ms | {took['stop_ms']:.0f} |",
                 f"| the program stripped, MB | {took['code_mb']:.1f} |", f"| first row in Delta after start, s | {took['first_row_s']:.2f} |"]
    latency = dict(result.get("latency", {}))
    latency.pop("seconds", None)
    if disk := latency.pop("disk", None):
        rows += [f"| 4 KiB written and synced on the same disk every 5 ms beside the same producer, ms | {_late(disk)} |"]
    rows += [f"| 10,000 records/s into {name}, produced to visible, ms | {_late(found)} |" for name, found in latency.items()]
    if asked := result.get("probes"):
        rows += [f"| GET {path} 500 times a second beside saturating jobs, ms | {_late(asked[name])} |" for name, path in (("health", "/health"), ("status", "/stream/live"))]
    if shared := result.get("scheduler"):
        rows += [f"| share of a pool of weight 3 beside one of weight 1, each second, % | {', '.join(f'{100 * share:.1f}' for share in shared['shares'])} |",
                 f"| epochs of 100 ms, p99 from opening to commit, ms | alone {shared['epoch_p99_alone_ms']:.0f}, beside three jobs {shared['epoch_p99_beside_ms']:.0f} |"]
    return ["", "| The daemon | |", "|---|---|", *rows] if rows else []


def _spark(result):
    if "spark" not in result:
        return []
    lines = ["", "| Spark 3.5, `local[2]` | records/s first | records/s warm | CPU-ns per record first | CPU-ns per record warm | peak memory, MiB |",
             "|---|---|---|---|---|---|"]
    for work, found in result["spark"]["works"].items():
        first = found["first"]
        lines.append(f"| {work} | {first['records_per_s']:,.0f} | {_three(found['records_per_s'], 0)} | {first['cpu_ns']:,.0f} | "
                     f"{_three(found['cpu_ns'], 0)} | {found['peak_rss_mib']['max']:,.0f} |")
    return [*lines, "", f"Spark's first row in Delta {result['spark']['first_row_s']:.1f} s after its start."]


def write(result, folder):
    folder.mkdir(exist_ok=True)
    (folder / "bench.json").write_text(json.dumps(result, indent=1) + "\n")
    (folder / "bench.md").write_text(markdown(result))
    works, spark = result["works"], (result.get("spark") or {}).get("works", {})
    for key, what in (("cpu_ns", "CPU-ns per record"), ("records_per_s", "records/s")):
        rows = [(work, [found["straight_line"].get(key), found["laketide"].get(key), spark.get(work, {}).get(key)]) for work, found in works.items()]
        (folder / f"{key}.svg").write_text(plot.bars(what, ("straight line", "Laketide", "Spark, warm"), rows))
