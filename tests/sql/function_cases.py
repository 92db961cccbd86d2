"""Whether every function of the engine's own table is judged, with NULL and with extreme or empty values, and is in conf/functions.md.

    function_cases.py ANSWER_QUERIES [--write]     --write: the list in conf/functions.md is made anew

A function is judged if an expression of the judge names it, over columns that hold what it should; an aggregate if a query of
tests/sql/queries does. What stands in `ELSEWHERE` is tested at the place that is named there.
"""
import json
import re
import subprocess
import sys
from pathlib import Path

from judged_expressions import CASES
from judged_patterns import cases as pattern_cases

TREE = Path(__file__).resolve().parents[2]
PAGE = TREE / "conf" / "functions.md"
MARK = "## Every function"
EXTREMES = {"", "{}", "[]", "\\x", "0", "00:00:00", "24:00:00", "32767", "-32768", "2147483647", "-2147483648", "9223372036854775807", "-9223372036854775808", "99999999.99", "NaN", "Infinity", "-Infinity",
            "1.7976931348623157e308", "3.4028235e38", "9999-12-31", "0001-01-01", "9999-12-31 23:59:59.000001", "0001-01-01 00:00:00", "00000000-0000-0000-0000-000000000000", "false", "100 years",
            "99999999999999999999999999999999999999", "-9999999999999999999999999999.9999999999", "(empty)", "1850-01-01 00:00:00"}
# How a function is written where that is not name(…): as an operator, or as a form of its own.
WRITTEN = {"like_escape": r"LIKE .* ESCAPE", "similar_to_escape": r"SIMILAR TO", "ARRAY": r"ARRAY\[", "[]": r"\w\)\[|\)\[", "CAST": r"::|CAST\(", "CASE": r"CASE ", "||": r"\|\|",
           "position": r"position\(.* in ", "OR": r" OR ", "AND": r" AND ", "NOT": r"NOT "}
EPOCH, RANDOM = "tests/sql/queries/epochs.test", "tests/sql/queries/random.test"
ELSEWHERE = {**dict.fromkeys(["now", "transaction_timestamp", "statement_timestamp", "current_timestamp", "current_date", "localtimestamp", "localtime"], EPOCH), "random": RANDOM, "gen_random_uuid": RANDOM, ".": "tests/expr/struct_field_test.cc", "TRY_CAST": "tests/sql/queries/failing_rows.test", "approx_count_distinct": "tests/sql/queries/aggregates_spread.test"}


def table(binary):
    return json.loads(subprocess.run([binary, "--functions"], capture_output=True, text=True, check=True).stdout)


def pattern_of(name):
    if name in WRITTEN:
        return re.compile(WRITTEN[name], re.IGNORECASE if name.isalpha() else 0)
    if re.fullmatch(r"[a-z_0-9]+", name):
        return re.compile(rf"\b{name}\s*\(", re.IGNORECASE)
    if re.fullmatch(r"[A-Z ]+", name):
        return re.compile(rf"\b{name}\b")
    return re.compile(r"(?<![-~!@#%^&|<>=*/+])" + re.escape(name).replace(r"\ ", r"\s+") + r"(?![-~!@#%^&|<>=*/+])")


def judged():
    """For each judged expression: its text, whether a NULL goes into it, and whether an extreme value does."""
    for columns, listed in CASES + pattern_cases():
        values = [value for _, _, some in columns for value in some]
        extreme = any(value in EXTREMES for value in values)
        for one in listed:
            text = one if isinstance(one, str) else one[0]
            yield text, None in values or "NULL" in text, extreme or "''" in text


def queries():
    """The same for queries as data."""
    for file in sorted((TREE / "tests" / "sql" / "queries").glob("*.test")):
        text = file.read_text(encoding="utf-8")
        cells = {cell.strip() for line in text.splitlines() if " | " in line or "|" in line for cell in line.split("|")}
        for query in re.findall(r"^query\n(.*?)^----", text, re.MULTILINE | re.DOTALL):
            yield query, "NULL" in cells, bool(cells & EXTREMES)


def lacks(names, cases):
    """What is not judged, and with what not."""
    cases, found = list(cases), []
    for name in names:
        if name in ELSEWHERE:
            place = TREE / ELSEWHERE[name]
            if not place.exists():
                found.append(f"{name}: {ELSEWHERE[name]} is not there")
            continue
        pattern = pattern_of(name)
        hits = [(null, extreme) for text, null, extreme in cases if pattern.search(text)]
        for what, good in [("at all", bool(hits)), ("with NULL", any(null for null, _ in hits)), ("with an extreme or empty value", any(extreme for _, extreme in hits))]:
            if not good:
                found.append(f"{name} is not judged {what}")
                break
    return found


def page_lines(functions):
    lines = [MARK, "", "Made from the engine's own table by `tests/sql/function_cases.py`, which fails when it is old. Arguments of one", "call stand between commas, those of another one behind a semicolon.", ""]
    for title in sorted({one["family"] for one in functions}):
        lines += [f"### {title}", "", "| Name | Arguments | Result |", "|---|---|---|"]
        for name in sorted({one["name"] for one in functions if one["family"] == title}):
            overloads = [one for one in functions if one["name"] == name and one["family"] == title]
            for result in dict.fromkeys(one["result"] for one in overloads):
                taken = "; ".join("…" if one["any"] and not one["args"] else ", ".join(one["args"]) or "none" for one in overloads if one["result"] == result)
                lines.append(f"| `{name.replace('|', chr(92) + '|')}` | {taken} | {result} |")
        lines.append("")
    return lines


def main(binary, write=""):
    functions = table(binary)
    scalars = sorted({one["name"] for one in functions if one["family"] != "Aggregates"})
    aggregates = sorted({one["name"] for one in functions if one["family"] == "Aggregates"})
    found = lacks(scalars, judged()) + lacks(aggregates, queries())
    head = PAGE.read_text(encoding="utf-8").split(MARK)[0]
    page = head + "\n".join(page_lines(functions)).rstrip() + "\n"
    if write:
        PAGE.write_text(page, encoding="utf-8")
    elif page != PAGE.read_text(encoding="utf-8"):
        found.append(f"{PAGE.relative_to(TREE)} is old: {Path(__file__).name} {binary} --write")
    print("\n".join(found))
    print(f"{len(scalars)} functions, {len(aggregates)} aggregates, {len(found)} findings")
    return 1 if found or len(scalars) < 100 else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
