"""The rows that tests/sql/queries/*.test expect of queries that remember, against a real PostgreSQL.

    postgres_rows.py FOLDER [--write ANSWER_QUERIES]

Reads the files whose first line is `# Judged by postgres_rows.py`. With --write it puts PostgreSQL's rows into them, numbers spelled as
the test binary spells them where both mean the same. What PostgreSQL lacks it is given as plain arithmetic: windows as columns of a
subquery (below), first and last as aggregates, approx_count_distinct as an exact count. A query may differ on purpose: `# differs:
reason` before its `query` line leaves it out.
"""
import json
import re
import subprocess
import sys
from decimal import Decimal, InvalidOperation, localcontext
from pathlib import Path

from postgres_server import PostgresServer

MARK = "# Judged by postgres_rows.py"
PSEUDO = "_topic text, _partition int, _offset bigint, _timestamp timestamptz, _key bytea, _value bytea"
PRELUDE = r"""
SET standard_conforming_strings = on; SET extra_float_digits = 1;
CREATE FUNCTION first_of(anyelement, anyelement) RETURNS anyelement LANGUAGE sql IMMUTABLE STRICT AS 'SELECT $1';
CREATE FUNCTION last_of(anyelement, anyelement) RETURNS anyelement LANGUAGE sql IMMUTABLE STRICT AS 'SELECT $2';
CREATE AGGREGATE first(anyelement) (SFUNC = first_of, STYPE = anyelement);
CREATE AGGREGATE last(anyelement) (SFUNC = last_of, STYPE = anyelement);
"""
WINDOW = re.compile(r"\b(tumble|hop|session)\s*\(", re.IGNORECASE)
UNIT = "INTERVAL '1 microsecond'"


class Section:
    """One query of a file: its text, and where its expected rows stand."""

    def __init__(self, line):
        self.line, self.query, self.select, self.first, self.last, self.differs = line, "", "", 0, 0, False


def sections(lines):
    """(schema, rows, [Section], {table: (schema, rows)}) for each source of a file; lines are numbered from 0. Tables stand behind their source."""
    found, at, differs = [], 0, False
    while at < len(lines):
        line = lines[at]
        if line.startswith("# differs:"):
            differs = True
        if line.startswith("source "):
            rows, schema = [], line[7:]
            at += 1
            while at < len(lines) and lines[at]:
                if not lines[at].startswith(("event_time ", "#")):
                    rows.append([cell_of(cell.strip()) for cell in lines[at].split("|")])
                at += 1
            found.append((schema, rows, [], {}))
        elif line.startswith("table "):
            _, name, schema = line.split(" ", 2)
            rows = []
            at += 1
            while at < len(lines) and lines[at]:
                rows.append([cell_of(cell.strip()) for cell in lines[at].split("|")])
                at += 1
            found[-1][3][name] = (schema, rows)
        elif line == "query":
            section, text = Section(at + 1), []
            at += 1
            while lines[at] != "----":
                if lines[at] == "select":
                    section.query, text = " ".join(text), []
                    section.select = "SELECT"
                else:
                    text.append(lines[at])
                at += 1
            if section.select:
                section.select = " ".join(text)
            else:
                section.query = " ".join(text)
            section.first = at + 1
            while at < len(lines) and lines[at]:
                at += 1
            section.last, section.differs, differs = at, differs, False
            found[-1][2].append(section)
        at += 1
    return found


def cell_of(text):
    return None if text == "NULL" else "" if text == "(empty)" else text


def text_of(row):
    return " | ".join("NULL" if cell is None else "(empty)" if cell == "" else cell for cell in row)


def closing(text, at):
    """Behind the parenthesis that the one at `at` opens."""
    depth = 0
    for i in range(at, len(text)):
        depth += {"(": 1, ")": -1}.get(text[i], 0)
        if depth == 0:
            return i + 1
    raise ValueError("a parenthesis is not closed: " + text)


def split_list(text):
    """At the commas outside parentheses."""
    parts, depth, start = [], 0, 0
    for i, char in enumerate(text):
        depth += {"(": 1, ")": -1}.get(char, 0)
        if char == "," and depth == 0:
            parts.append(text[start:i].strip())
            start = i + 1
    return parts + [text[start:].strip()]


def words_outside(text):
    """(position, keyword) of the clauses that stand outside parentheses."""
    depth, found = 0, []
    for match in re.finditer(r"[()]|'(?:[^']|'')*'|\b(FROM|WHERE|GROUP\s+BY|HAVING)\b", text, re.IGNORECASE):
        if match.group() in "()":
            depth += 1 if match.group() == "(" else -1
            if depth < 0:
                break
        elif match.group(1) and depth == 0:
            found.append((match.start(), match.end(), re.sub(r"\s+", " ", match.group(1).upper())))
    return found


def interval(text):
    literal = text if text.upper().startswith("INTERVAL") else "INTERVAL " + text
    return f"(extract(epoch FROM {literal}) * 1000000)::bigint"


def windowed(kind, args, keys, table, condition):
    """A table with window_start and window_end, by arithmetic on microseconds since 1970."""
    time = args[0]
    rows = f"(SELECT *, ({time}) AS w_time, (extract(epoch FROM ({time})) * 1000000)::bigint AS w_at FROM {table} WHERE ({time}) IS NOT NULL{condition}) w_rows"
    size = interval(args[2] if kind == "hop" else args[1])
    if kind == "session":
        parts = "PARTITION BY " + ", ".join(keys) if keys else ""
        marked = f"(SELECT *, CASE WHEN w_at <= lag(w_at) OVER ({parts} ORDER BY w_at) + {size} THEN 0 ELSE 1 END AS w_new FROM {rows}) w_marked"
        counted = f"(SELECT *, sum(w_new) OVER ({parts} ORDER BY w_at, w_new DESC) AS w_number FROM {marked}) w_counted"
        by = "PARTITION BY " + ", ".join([*keys, "w_number"])
        return f"(SELECT *, min(w_time) OVER ({by}) AS window_start, max(w_time) OVER ({by}) + {size} * {UNIT} AS window_end FROM {counted}) w"
    slide = interval(args[1])
    offset = interval(args[2]) if kind == "tumble" and len(args) > 2 else "0"
    many = f", generate_series(0, {size} / {slide}) w_back" if kind == "hop" else ", (SELECT 0 AS w_back) w_none"
    start = f"w_time - (((w_at - {offset}) % {slide} + {slide}) % {slide} + w_back * {slide}) * {UNIT}"
    bordered = f"(SELECT *, {start} AS window_start FROM {rows}{many}) w_started"
    return f"(SELECT * FROM (SELECT *, window_start + {size} * {UNIT} AS window_end FROM {bordered}) w_all WHERE w_time < window_end) w"


def with_windows(text):
    """PostgreSQL's query for one of ours: each SELECT with a window reads a table that has its borders."""
    while True:
        window = None
        for window in WINDOW.finditer(text):
            pass
        if window is None:
            return text
        # The SELECT that holds it begins where the parenthesis around it opens.
        depth, begin = 0, 0
        for i in range(window.start() - 1, -1, -1):
            depth += {")": 1, "(": -1}.get(text[i], 0)
            if depth < 0:
                begin = i + 1
                break
        inside = text[begin:]
        clauses = {word: (first, last) for first, last, word in words_outside(inside)}
        depth, end = 0, len(inside)
        for i in range(clauses["GROUP BY"][1], len(inside)):
            depth += {"(": 1, ")": -1}.get(inside[i], 0)
            if depth < 0:
                end = i
                break
        group_end = clauses["HAVING"][0] if "HAVING" in clauses else end
        items = split_list(inside[clauses["GROUP BY"][1]:group_end])
        call = next(item for item in items if WINDOW.match(item))
        keys = [item for item in items if item != call and item not in ("window_start", "window_end")]
        args = split_list(call[call.index("(") + 1:-1])
        table = inside[clauses["FROM"][1]:clauses.get("WHERE", clauses["GROUP BY"])[0]].strip()
        condition = " AND (" + inside[clauses["WHERE"][1]:clauses["GROUP BY"][0]] + ")" if "WHERE" in clauses else ""
        source = windowed(call[:call.index("(")].strip().lower(), args, keys, table, condition)
        text = (text[:begin] + inside[:clauses["FROM"][1]] + " " + source + " GROUP BY window_start, window_end" + "".join(", " + key for key in keys) + " " +
                inside[group_end:])


def in_order(text):
    """Aggregates whose result depends on the order of rows take them in that of offsets."""
    for call in reversed(list(re.finditer(r"\b(string_agg|array_agg|first|last)\((?!DISTINCT)", text))):
        end = closing(text, call.end() - 1) - 1
        text = text[:end] + " ORDER BY _offset" + text[end:]
    return text


def first_by_place(text):
    """Rows that no ORDER BY chooses are taken by their offsets."""
    distinct = re.search(r"\bDISTINCT ON \(", text)
    if distinct and "ORDER BY" not in text:
        end = closing(text, distinct.end() - 1)
        return text + f" ORDER BY {text[distinct.end():end - 1]}, _offset"
    return re.sub(r"(?<!ORDER BY)( (?:LIMIT|OFFSET) )", r" ORDER BY _offset\1", text, count=1) if "ORDER BY" not in text else text


def theirs(query, select):
    query = first_by_place(query)
    text = f"WITH result AS ({query}) {select}" if select else query
    text = in_order(with_windows(text))
    text = re.sub(r"\bapprox_count_distinct\(", "count(DISTINCT ", text)
    return re.sub(r"\bpercentile\(([^()]*|[^()]*\([^()]*\)[^()]*), ([0-9.]+)\)", r"percentile_cont(\2) WITHIN GROUP (ORDER BY \1)", text)


def literal(value):
    return "NULL" if value is None else "'" + value.replace("'", "''") + "'"


def load_tables(server, tables):
    for name, (schema, rows) in tables.items():
        columns = re.sub(r"\bdouble\b", "double precision", schema)
        script = f"DROP TABLE IF EXISTS {name}; CREATE TABLE {name} ({columns});"
        for row in rows:
            script += f"INSERT INTO {name} VALUES ({', '.join(literal(cell) for cell in row)});"
        server.run(script)


def load(server, schema, rows):
    columns = re.sub(r"\bdouble\b", "double precision", schema)
    script = f"DROP TABLE IF EXISTS source, events; CREATE TABLE source ({columns}, {PSEUDO});"
    for i, row in enumerate(rows):
        place = ["t", "0", str(i)]
        values = ", ".join(literal(cell) for cell in row + place)
        script += f"INSERT INTO source VALUES ({values}, 'epoch'::timestamptz + INTERVAL '{i} seconds', 'k{i}', 'v{i}');"
    server.run(script + "CREATE TABLE events AS SELECT * FROM source;")


def unescaped(cell):
    if cell == r"\N":
        return None
    return re.sub(r"\\(.)", lambda match: {"t": "\t", "n": "\n", "r": "\r", "b": "\b", "f": "\f", "v": "\v"}.get(match.group(1), match.group(1)), cell)


def answer(server, query):
    """Rows as lists of texts."""
    out = server.run(f"COPY ({query}) TO STDOUT")
    return [[unescaped(cell) for cell in line.split("\t")] for line in out.split("\n")[:-1]]


def number(text):
    try:
        return Decimal(text)
    except (InvalidOperation, TypeError):
        return None


def same_cell(ours, their):
    if ours == their or {ours, their} in ({"true", "t"}, {"false", "f"}):
        return True
    a, b = number(ours), number(their)
    if a is None or b is None or not a.is_finite() or not b.is_finite():
        return False
    with localcontext() as context:
        context.prec = 200
        places = [max(0, -one.as_tuple().exponent) for one in (a, b)]
        return abs(a - b) <= (0 if places[0] == places[1] else Decimal(1).scaleb(-min(places)))


def matched(expected, rows):
    """The expected line for each of PostgreSQL's rows; None where there is none left for it."""
    left, lines = [[cell_of(cell) for cell in line.split(" | ")] for line in expected], []
    for row in rows:
        same = next((one for one in left if len(one) == len(row) and all(map(same_cell, one, row))), None)
        lines.append(None if same is None else text_of(same))
        if same is not None:
            left.remove(same)
    return lines, left


def ours(binary, schema, rows, section, tables):
    document = {"schema": schema, "rows": rows, "queries": [section.query], "select": section.select,
                "tables": {name: {"schema": schema, "rows": rows} for name, (schema, rows) in tables.items()}}
    done = subprocess.run([binary], input=json.dumps(document), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"the test binary ended with {done.returncode}: {done.stderr}")
    given = json.loads(done.stdout)
    if "error" in given:
        raise RuntimeError(given["error"])
    return [text_of(row[1:]) for row in given["rows"]]


def judge(server, path, binary):
    """Problems of one file, and how many queries it has; writes it anew if `binary` is given."""
    lines, problems, count, changes = path.read_text(encoding="utf-8").split("\n"), [], 0, []
    for schema, rows, queries, tables in sections(lines):
        load(server, schema, rows)
        load_tables(server, tables)
        for section in queries:
            if section.differs:
                continue
            count += 1
            try:
                their = answer(server, theirs(section.query, section.select))
                if binary:
                    known, _ = matched(ours(binary, schema, rows, section, tables), their)
                    changes.append((section, [text_of(row) if line is None else line for line, row in zip(known, their)]))
                    continue
            except RuntimeError as error:
                problems.append(f"{path.name}:{section.line}: {error}")
                continue
            known, left = matched(lines[section.first:section.last], their)
            problems += [f"{path.name}:{section.line}: PostgreSQL has {text_of(row)}" for line, row in zip(known, their) if line is None]
            problems += [f"{path.name}:{section.line}: PostgreSQL has not {text_of(row)}" for row in left]
    for section, written in reversed(changes):
        lines[section.first:section.last] = written
    if changes:
        path.write_text("\n".join(lines), encoding="utf-8")
    return problems, count


def main(folder, *options):
    problems, count = [], 0
    with PostgresServer() as server:
        server.run(PRELUDE)
        for path in sorted(Path(folder).glob("*.test")):
            if path.read_text(encoding="utf-8").startswith(MARK):
                found, queries = judge(server, path, options[1] if options[:1] == ("--write",) else None)
                problems += found
                count += queries
    print("\n".join(problems))
    print(f"{count} queries, {len(problems)} problems")
    return 1 if problems or not count else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
