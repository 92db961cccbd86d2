"""What is measured in several rounds, as one."""
import statistics


def median_of_rounds(rounds):
    """Of each round's percentiles the median, and the most of all."""
    return {key: statistics.median(one[key] for one in rounds) for key in ("p50_ms", "p99_ms")} | {"max_ms": max(one["max_ms"] for one in rounds)}
