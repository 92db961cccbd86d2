"""The verdict: what a check found, as counts and a list of violations. One JSON document, exit code 1 if any."""

import collections
import json

SHOWN_PER_KIND = 50


class Verdict:
    """Collects violations. Confined to one thread.

    Every violation has a kind (stable word, for tests and for grep), a place, a detail for a person, and how many
    things it stands for: ten thousand lost records of one partition are one violation with number 10000.
    """

    def __init__(self, subject, label=None):
        self.subject = str(subject)
        self.label = label or self.subject  # short, goes before the names of counts
        self.violations = []
        self.notes = []
        self.counts = collections.Counter()

    @property
    def ok(self):
        return not self.violations

    def violation(self, kind, where, detail, number=1):
        self.violations.append({"kind": kind, "where": str(where), "detail": detail, "number": int(number)})

    def note(self, text):
        self.notes.append(text)

    def kinds(self):
        return {violation["kind"] for violation in self.violations}

    def absorb(self, other):
        """Takes over all of another verdict; its counts get its label as a prefix."""
        self.violations += [dict(v, where=f"{other.subject}: {v['where']}") for v in other.violations]
        self.notes += [f"{other.subject}: {note}" for note in other.notes]
        self.counts.update({f"{other.label}.{name}": number for name, number in other.counts.items()})

    def document(self):
        by_kind = collections.Counter()
        shown = []
        for violation in self.violations:
            by_kind[violation["kind"]] += 1
            if by_kind[violation["kind"]] <= SHOWN_PER_KIND:
                shown.append(violation)
        return {
            "subject": self.subject,
            "ok": self.ok,
            "violations_total": len(self.violations),
            "violations_by_kind": dict(by_kind),
            "counts": dict(self.counts),
            "violations": shown,
            "notes": self.notes[:SHOWN_PER_KIND],
        }

    def __str__(self):
        return json.dumps(self.document(), ensure_ascii=False, indent=1)


def ranges_text(numbers, limit=5):
    """[3, 4, 5, 9] -> '3-5, 9': the first few ranges of a sorted sequence of integers."""
    ranges = []
    for n in numbers:
        n = int(n)
        if ranges and ranges[-1][1] == n - 1:
            ranges[-1][1] = n
        elif ranges and ranges[-1][1] == n:
            continue
        elif len(ranges) == limit:
            return ", ".join(_range(r) for r in ranges) + ", …"
        else:
            ranges.append([n, n])
    return ", ".join(_range(r) for r in ranges)


def _range(pair):
    return str(pair[0]) if pair[0] == pair[1] else f"{pair[0]}-{pair[1]}"
