"""Compares the receipts of GET /stream/{name}/epochs with reality: with the table's commits and with the generator."""

from verdict import Verdict

NUMBERS = ("rowsIn", "rowsOut", "filtered", "quarantined")


def check_receipts(receipts, promise, table=None, quarantined=None, recorded_later=0):
    """`receipts`: the list, or an object that holds it under "epochs". `table` and `quarantined` were checked before.

    `recorded_later`: as many epochs may have been recorded from their plan by a later process, which does not name the commit.
    """
    verdict = Verdict("receipts")
    if isinstance(receipts, dict):
        receipts = receipts.get("epochs")
    if not isinstance(receipts, list):
        verdict.violation("bad_receipt", "receipts", "must be a list of epochs")
        return verdict
    held = {epoch.number: epoch for epoch in table.progress.epochs} if table else {}
    rejected = {epoch.number: epoch for epoch in quarantined.progress.epochs} if quarantined else {}
    seen, unnamed = set(), []
    for receipt in receipts:
        try:
            number = receipt["epoch"]
            ranges = _ranges(receipt["ranges"])
            counts = {name: int(receipt[name]) for name in NUMBERS}
            sinks = {one["sink"]: one for one in receipt["sinks"]}
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            verdict.violation("bad_receipt", "receipts", f"{error!r} in {str(receipt)[:200]}")
            continue
        where = f"epoch {number}"
        if number in seen:
            verdict.violation("bad_receipt", where, "two receipts of one epoch")
        seen.add(number)
        verdict.counts["receipts"] += 1
        _check_counts(counts, ranges, promise, where, verdict)
        if table is not None:
            if _check_sink(sinks.get(promise.sink), held.get(number), ranges, where, verdict):
                unnamed.append(where)
            _check_rows_out(counts, sinks, promise, where, verdict)
        if quarantined is not None:
            rows = rejected[number].rows if number in rejected else 0
            if rows != counts["quarantined"]:
                verdict.violation(
                    "receipt_differs",
                    where,
                    f"quarantined says {counts['quarantined']}, the table got {rows} rows",
                )
    verdict.counts["unnamed"] += len(unnamed)
    for where in unnamed[recorded_later:]:
        verdict.violation("receipt_differs", where, "it does not name the commit that the table has of it")
    _check_complete(seen, held, verdict)
    return verdict


def _ranges(document):
    return {
        (one["source"], one["topic"], int(one["partition"])): (int(one["start"]), int(one["end"]))
        for one in document
    }


def _check_counts(counts, ranges, promise, where, verdict):
    """rows in = out + filtered + quarantined, and rows in and quarantined are what the generator put there."""
    if counts["rowsIn"] != counts["rowsOut"] + counts["filtered"] + counts["quarantined"]:
        verdict.violation("receipt_unbalanced", where, f"in is not out + filtered + quarantined: {counts}")
    visible = bad = 0
    for (source, topic, partition), (start, end) in ranges.items():
        number = promise.feed_of_topic(source, topic)
        if number is None:
            verdict.violation(
                "unknown_partition",
                where,
                f"{source}/{topic}/{partition} is not among the feeds of this check",
            )
            return
        tally = promise.feeds[number].tally(partition, start, end)
        visible += sum(tally.values())
        bad += tally["malformed"] + (tally["tombstones"] if promise.tombstones == "quarantine" else 0)
    if counts["rowsIn"] != visible:
        verdict.violation(
            "receipt_differs", where, f"rowsIn says {counts['rowsIn']}, the ranges hold {visible} records"
        )
    if counts["quarantined"] != bad:
        verdict.violation(
            "receipt_differs",
            where,
            f"quarantined says {counts['quarantined']}, the ranges hold {bad} malformed records",
        )


def _check_sink(said, held, ranges, where, verdict):
    """True if the receipt does not say what the sink did."""
    if held is None:
        verdict.violation("receipt_differs", where, "the table has no such epoch")
        return False
    _check_ranges(held, ranges, where, verdict)
    if said is None:
        return True
    if str(said.get("commit")) != str(held.commit):
        verdict.violation(
            "receipt_differs", where, f"commit says {said.get('commit')}, the epoch is version {held.commit}"
        )
    if said.get("rows") != held.rows:
        verdict.violation(
            "receipt_differs", where, f"rows says {said.get('rows')}, version {held.commit} added {held.rows}"
        )
    return False


def _check_ranges(held, ranges, where, verdict):
    moved = {place: pair for place, pair in ranges.items() if pair[0] < pair[1]}
    if moved != {place: pair for place, pair in held.ranges.items() if pair[0] < pair[1]}:
        verdict.violation(
            "receipt_differs", where, f"ranges say {ranges}, the plan in version {held.commit} {held.ranges}"
        )


def _check_rows_out(counts, sinks, promise, where, verdict):
    # With several sinks that select differently, rowsOut belongs to none of them alone.
    rows = {said.get("rows") for name, said in sinks.items() if "quarantine" not in name}
    if len(rows) == 1 and promise.sink in sinks and rows != {counts["rowsOut"]}:
        verdict.violation(
            "receipt_differs", where, f"rowsOut says {counts['rowsOut']}, its sinks got {rows.pop()} rows"
        )


def _check_complete(seen, held, verdict):
    # Old receipts may be pruned; from the oldest that is left, none may be missing.
    missing = sorted(number for number in held if seen and number >= min(seen) and number not in seen)
    if missing:
        verdict.violation(
            "receipt_missing",
            "receipts",
            f"epochs {missing[:10]} are in the table and have no receipt",
            len(missing),
        )
