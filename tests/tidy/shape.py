"""Names, sizes and comments of source files."""
import re
from pathlib import PurePosixPath

from cpp_text import classes, functions
from tree import CPP, Finding

CONTRACTS = ("Immutable.", "Confined to its task.", "Thread-safe.", "Caller synchronises.")
NAMELESS = re.compile(r"(^|_)(utils?|helpers?|common|misc|impl|manager)$")
MARKERS = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b")
FUNCTION_LINES, SOURCE_LINES, HEADER_LINES = 70, 600, 150
CODE = ("src", "include", "tests", "bench", "conf", "docker")


def check(tree):
    return names(tree) + sizes(tree) + contracts(tree) + markers(tree) + nodiscard(tree)


def names(tree):
    return [Finding(path, 1, "name", "name the file after its one noun; this word says nothing")
            for path in tree.under("src", "include", "tests", "bench") if NAMELESS.search(PurePosixPath(path).name.split(".")[0].lower())]


def sizes(tree):
    findings = []
    for path in tree.under("src", "include", "tests", "bench", suffixes=CPP + (".py", ".sh")):
        text = tree.read(path)
        lines = len(text.splitlines())
        limit = HEADER_LINES if path.endswith(".h") else SOURCE_LINES
        if lines > limit:
            findings.append(Finding(path, lines, "file-size", f"{lines} lines, at most {limit}: which noun is hiding?"))
        if path.endswith(CPP):
            findings += [Finding(path, function.line, "function-size", f"{function.name}: {function.lines} lines, at most {FUNCTION_LINES}")
                         for function in functions(text) if function.lines > FUNCTION_LINES]
    return findings


def contracts(tree):
    """Every class of a header, and every struct with private members, says how threads may use it."""
    findings = []
    for path in tree.under("src", "include", suffixes=(".h",)):
        for head in classes(tree.read(path)):
            if (head.kind == "class" or head.has_private) and not head.comment.endswith(CONTRACTS):
                findings.append(Finding(path, head.line, "contract",
                                        f"the comment of {head.name} must end with one of: {' '.join(CONTRACTS)}"))
    return findings


def markers(tree):
    findings = []
    for path in tree.under(*CODE):
        if path.endswith(".md"):
            continue
        for number, line in enumerate(tree.read(path).splitlines(), 1):
            if MARKERS.search(line):
                findings.append(Finding(path, number, "marker", "finish it, or write an issue"))
    return findings


def nodiscard(tree):
    path = "include/laketide/status.h"
    if not tree.holds(path):
        return []
    text = tree.read(path)
    return [Finding(path, 1, "nodiscard", f"{name} must be declared [[nodiscard]]")
            for name in ("Status", "Result") if not re.search(rf"\bclass\s+\[\[nodiscard\]\]\s+{name}\b", text)]
