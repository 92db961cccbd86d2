#!/usr/bin/env python3
"""The rules of the house that a machine can check. Usage: tidy.py [ROOT]. Exit 0: none broken, 1: the findings are printed."""
import sys
from pathlib import Path

import documents
import edges
import shape
from tree import Finding, Tree

ALLOWED = "tests/tidy/allowed.txt"


def allowed(tree):
    """Exceptions as {(rule, path): line}: `rule path reason`, one a line."""
    found, findings = {}, []
    if not tree.holds(ALLOWED):
        return found, findings
    for number, line in enumerate(tree.read(ALLOWED).splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        words = line.split(maxsplit=2)
        if len(words) < 3:
            findings.append(Finding(ALLOWED, number, "allowed", "expected: rule path reason"))
        else:
            found[words[0], words[1]] = number
    return found, findings


def check(tree):
    """All findings, without those that are allowed, and with the exceptions that nothing needs any more."""
    exceptions, findings = allowed(tree)
    raised = edges.check(tree) + shape.check(tree) + documents.check(tree)
    findings += [finding for finding in raised if (finding.rule, finding.path) not in exceptions]
    needed = {(finding.rule, finding.path) for finding in raised}
    findings += [Finding(ALLOWED, line, "allowed", f"{rule} {path} is no longer needed: remove the line")
                 for (rule, path), line in exceptions.items() if (rule, path) not in needed]
    return sorted(findings)


def main(root):
    tree = Tree(root)
    findings = check(tree)
    for finding in findings:
        print(finding)
    print(f"{len(tree.files)} files, {len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).resolve().parents[2]))
