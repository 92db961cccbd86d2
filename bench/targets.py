"""The targets, and whether a result meets them. Each is met, not met or not measured; none is left out."""
from dataclasses import dataclass
from typing import Callable

PAIRED = {"a": "drop", "b": "delta", "c": "postgres", "d": "window"}


@dataclass(frozen=True)
class Target:
    """One line of the list. `found`: the figure from a result, None if it was not measured. Immutable."""
    what: str
    bound: str
    found: Callable
    holds: Callable
    shown: str = "{:.2f}"


def _ratio(work, key):
    return lambda result: _median(result["works"].get(work, {}).get("ratio", {}).get(key))


def _median(spread):
    return spread["median"] if spread else None


def _ours(work, key):
    return lambda result: _median(result["works"].get(work, {}).get("laketide", {}).get(key))


def _spark(work, key):
    """Laketide's median ÷ that of warm Spark."""
    def found(result):
        theirs = _median(_at("spark", "works", work, key)(result))
        ours = _ours(work, key)(result)
        return ours / theirs if ours and theirs else None
    return found


def _at(*path):
    def found(result):
        for name in path:
            result = (result or {}).get(name)
        return result
    return found


def _at_most(bound):
    return lambda value: value <= bound


def _at_least(bound):
    return lambda value: value >= bound


TARGETS = [
    *[Target(f"CPU per record ÷ straight line, ({letter}) {work}", "≤ 1.25", _ratio(work, "cpu_ns"), _at_most(1.25))
      for letter, work in PAIRED.items()],
    Target("records/s ÷ straight line, Kafka→nothing", "≥ 0.85", _ratio("drop", "records_per_s"), _at_least(0.85)),
    Target("records/s ÷ straight line, Kafka→Delta", "≥ 0.85", _ratio("delta", "records_per_s"), _at_least(0.85)),
    Target("records/s, Kafka→Delta", "≥ 1,000,000 where the straight line allows", _ours("delta", "records_per_s"), _at_least(1e6), "{:,.0f}"),
    Target("records/s ÷ straight line, PostgreSQL append", "≥ 0.9", _ratio("postgres", "records_per_s"), _at_least(0.9)),
    Target("records/s ÷ the same SQL by hand, PostgreSQL upsert", "≥ 0.9", _ratio("upsert", "records_per_s"), _at_least(0.9)),
    Target("CPU per record ÷ warm Spark, noop", "≤ 1/8", _spark("drop", "cpu_ns"), _at_most(1 / 8), "1/{inverse:.1f}"),
    Target("CPU per record ÷ warm Spark, Delta", "≤ 1/7", _spark("delta", "cpu_ns"), _at_most(1 / 7), "1/{inverse:.1f}"),
    Target("CPU per record ÷ warm Spark, window", "≤ 1/8", _spark("window", "cpu_ns"), _at_most(1 / 8), "1/{inverse:.1f}"),
    Target("peak memory ÷ Spark, Delta", "≤ 1/8", _spark("delta", "peak_rss_mib"), _at_most(1 / 8), "1/{inverse:.1f}"),
    Target("first row after start ÷ Spark", "≤ 1/50", _at("first_row", "ratio"), _at_most(1 / 50), "1/{inverse:.0f}"),
    Target("10,000 records/s, epoch 5 ms, PostgreSQL: p50 above the loop by hand, ms", "≤ 2", _at("latency", "postgres", "p50_above_hand_ms"), _at_most(2), "{:.1f}"),
    Target("10,000 records/s, epoch 5 ms, PostgreSQL: p99, ms", "≤ 20", _at("latency", "postgres", "p99_ms"), _at_most(20), "{:.1f}"),
    Target("10,000 records/s, epoch 100 ms, Delta: p99, ms", "≤ 250", _at("latency", "delta", "p99_ms"), _at_most(250), "{:.0f}"),
    Target("probes at 500/s, both cores saturated: p99, ms", "≤ 5", _at("probes", "health", "p99_ms"), _at_most(5), "{:.1f}"),
    Target("status at 500/s, both cores saturated: p99, ms", "≤ 20", _at("probes", "status", "p99_ms"), _at_most(20), "{:.1f}"),
    Target("answers 5xx of these", "0", _at("probes", "errors"), _at_most(0), "{:.0f}"),
    Target("scheduler's overhead, % of CPU", "≤ 1", _at("scheduler", "overhead_percent"), _at_most(1)),
    Target("error of shares, %", "≤ 2", _at("scheduler", "share_error_percent"), _at_most(2)),
    Target("stream's p99 epoch delay beside three saturating jobs ÷ alone", "≤ 2", _at("scheduler", "epoch_delay_ratio"), _at_most(2)),
    Target("/health after start, warm, ms", "≤ 150", lambda result: _median((result.get("health_ms") or {}).get("warm")), _at_most(150), "{:.0f}"),
    Target("stop, ms", "≤ 2,000", _at("process", "stop_ms"), _at_most(2000), "{:,.0f}"),
    Target("idle memory, MiB", "≤ 60", _at("process", "idle_mib"), _at_most(60), "{:.0f}"),
    Target("our own stripped code, MB", "≤ 25", _at("process", "code_mb"), _at_most(25), "{:.1f}"),
]


def judged(result):
    """[{what, target, found, verdict}]"""
    rows = []
    for target in TARGETS:
        value = target.found(result)
        if value is None:
            rows.append({"what": target.what, "target": target.bound, "found": "–", "verdict": "not measured"})
            continue
        shown = target.shown.format(value, inverse=1 / value if value else 0)
        rows.append({"what": target.what, "target": target.bound, "found": shown, "verdict": "met" if target.holds(value) else "**not met**"})
    return rows


def markdown(result):
    lines = ["| Target | bound | found | |", "|---|---|---|---|"]
    return "\n".join(lines + [f"| {row['what']} | {row['target']} | {row['found']} | {row['verdict']} |" for row in judged(result)]) + "\n"
