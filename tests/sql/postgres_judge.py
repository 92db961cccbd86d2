"""Every function, operator and cast over edge values, row by row, against a real PostgreSQL.

    postgres_judge.py ANSWER_QUERIES [WORD]     the test binary; WORD: only expressions that contain it

An expression agrees with PostgreSQL if both refuse it, or both give it the same type, and for each row the same text or the same
error. What may differ is written down in expr/README.md and, with its reason, in `excused`.
"""
import itertools
import json
import re
import subprocess
import sys
from decimal import Decimal, InvalidOperation, localcontext

from judged_expressions import CASES
from judged_patterns import cases as pattern_cases
from postgres_server import PostgresServer

CODES = {"22P05": "invalid_text_representation", "22003": "numeric_value_out_of_range", "22012": "division_by_zero", "22P02": "invalid_text_representation",
         "22007": "invalid_datetime_format", "22008": "datetime_field_overflow", "22011": "substring_error",
         "22025": "invalid_escape_sequence", "22019": "invalid_escape_sequence", "22021": "character_not_in_repertoire",
         "22023": "invalid_parameter_value", "22015": "datetime_field_overflow", "2201F": "invalid_argument_for_power_function",
         "2201E": "invalid_argument_for_logarithm", "2201B": "invalid_regular_expression", "2201G": "invalid_parameter_value", "54000": "program_limit_exceeded", "0A000": "invalid_parameter_value", "22009": "datetime_field_overflow"}
TYPES = {"integer": "int", "double precision": "double", "timestamp with time zone": "timestamptz",
         "timestamp without time zone": "timestamp", "time without time zone": "time"}

ASK = r"""
CREATE FUNCTION ask(expression text, rows int) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE answer jsonb; one jsonb;
BEGIN
  BEGIN
    EXECUTE format('SELECT jsonb_object_agg(id, jsonb_build_array(pg_typeof(x)::text, x::text)) FROM (SELECT id, (%s) AS x FROM judged) s', expression)
      INTO answer;
    RETURN answer;
  EXCEPTION WHEN OTHERS THEN
    IF SQLSTATE LIKE '42%' OR SQLSTATE = '0A000' THEN RETURN jsonb_build_object('refused', SQLSTATE || ' ' || SQLERRM); END IF;
  END;
  answer := '{}';
  FOR i IN 0 .. rows - 1 LOOP
    BEGIN
      EXECUTE format('SELECT jsonb_build_array(pg_typeof(x)::text, x::text) FROM (SELECT (%s) AS x FROM judged WHERE id = %s) s', expression, i) INTO one;
    EXCEPTION WHEN OTHERS THEN one := jsonb_build_object('error', SQLSTATE);
    END;
    answer := answer || jsonb_build_object(i::text, one);
  END LOOP;
  RETURN answer;
END $$;
"""


def rows_of(columns):
    """All combinations of the columns' values."""
    return [list(row) for row in itertools.product(*(values for _, _, values in columns))]


def literal(value):
    return "NULL" if value is None else "'" + value.replace("'", "''") + "'"


def theirs(server, columns, rows, expressions):
    """PostgreSQL's answers: for each expression {row: [type, text] or {error}}, or {refused}."""
    server.run("DROP TABLE IF EXISTS judged; CREATE TABLE judged (id int, " +
               ", ".join(f"{name} {'double precision' if kind == 'double' else kind}" for name, kind, _ in columns) + ");" +
               "SET standard_conforming_strings = on; INSERT INTO judged VALUES " +
               ", ".join(f"({i}, " + ", ".join(literal(value) for value in row) + ")" for i, row in enumerate(rows)))
    asked = ", ".join(f"ask($judged${expression}$judged$, {len(rows)})" for expression in expressions)
    return server.json(f"SELECT jsonb_build_array({asked})")


def ours(binary, columns, rows, expressions):
    document = {"schema": ", ".join(f"{name} {kind}" for name, kind, _ in columns), "rows": rows,
                "queries": [f"SELECT ({expression}) AS x FROM source" for expression in expressions]}
    done = subprocess.run([binary], input=json.dumps(document), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{columns}: {done.stderr}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def same_number(left, right):
    """Equal up to a unit of the coarser one's last digit, and exactly where both have the same digits behind the point."""
    try:
        a, b = Decimal(left), Decimal(right)
    except InvalidOperation:
        return left == right
    places = [max(0, -number.as_tuple().exponent) for number in (a, b)]
    with localcontext() as context:
        context.prec = 200
        return abs(a - b) <= (0 if places[0] == places[1] else Decimal(1).scaleb(-min(places)))


def too_long(value, kind):
    """A number that numeric(p,s) has no room for."""
    precision, scale = (int(part) for part in kind[len("numeric("):-1].split(","))
    try:
        return abs(Decimal(value)) >= Decimal(10) ** (precision - scale)
    except InvalidOperation:
        return True  # NaN, which only PostgreSQL's numeric has


def row_differs(kind, their, mine):
    """Why two answers for one row differ, or None."""
    if isinstance(their, dict):
        code = CODES.get(their["error"], their["error"])
        return None if mine == {"error": code} else f"theirs {their['error']} ({code})"
    if isinstance(mine, dict):
        excused = kind.startswith("numeric") and mine["error"] == "numeric_value_out_of_range" and their[1] is not None and too_long(their[1], kind)
        return None if excused else f"theirs {their[1]!r}"
    if their[1] is None or mine is None:
        return None if their[1] == mine else f"theirs {their[1]!r}"
    if kind == "jsonb":
        return None if json.loads(their[1]) == json.loads(mine) else f"theirs {their[1]!r}"
    if kind.startswith("numeric"):
        return None if same_number(their[1], mine) else f"theirs {their[1]!r}"
    return None if their[1] == mine else f"theirs {their[1]!r}"


def differences(expression, rows, their, mine, excused):
    if "refused" in their or "error" in mine:
        if "refused" in their and "error" in mine:
            return []
        failed = [answer for answer in their.values() if isinstance(answer, dict)]
        nulls = [answer for answer in their.values() if isinstance(answer, list) and answer[1] is None]
        if "error" in mine and (excused or (failed and len(failed) + len(nulls) == len(rows))):
            return []  # what fails for every row that has a value may be refused at once
        return [f"{expression}: theirs {their.get('refused', 'has a value')}; ours {mine.get('error', 'has a value')}"]
    if excused:
        return [f"{expression}: excused ({excused}) but not refused"]
    kind = mine["types"][0]
    answers = {offset: text for offset, text in mine["rows"]} | {offset: {"error": code} for offset, code, _ in mine["refused"]}
    found = []
    for i, row in enumerate(rows):
        answer = their[str(i)]
        if isinstance(answer, list):
            name = TYPES.get(answer[0], answer[0])
            if name.endswith("[]"):
                name = TYPES.get(name[:-2], name[:-2]) + "[]"
            if name != re.sub(r"\(.*?\)", "", kind):
                return [f"{expression}: theirs is {name}, ours {kind}"]
        why = row_differs(kind, answer, answers[i])
        if why:
            found.append(f"{expression} for {row}: ours {answers[i]!r}, {why}")
    return found


def main(binary, word=""):
    found, expressions, values = [], 0, 0
    with PostgresServer() as server:
        server.run(ASK)
        for columns, listed in CASES + pattern_cases():
            wanted = [(one, None) if isinstance(one, str) else one for one in listed]
            wanted = [(text, excused) for text, excused in wanted if word in text]
            if not wanted:
                continue
            rows = rows_of(columns)
            texts = [text for text, _ in wanted]
            for (text, excused), their, mine in zip(wanted, theirs(server, columns, rows, texts), ours(binary, columns, rows, texts)):
                found += differences(text, rows, their, mine, excused)
            expressions += len(texts)
            values += len(texts) * len(rows)
    print("\n".join(found))
    print(f"{expressions} expressions, {values} values, {len(found)} differences")
    return 1 if found or not expressions else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
