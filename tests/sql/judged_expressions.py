"""What the judge asks: columns with their edge values, and expressions over them.

An expression is a text, or (text, reason) where we refuse on purpose what PostgreSQL computes.
"""
SMALLINT = ["0", "1", "-1", "7", "32767", "-32768", None]
INT = ["0", "1", "-1", "2", "-7", "2147483647", "-2147483648", None]
BIGINT = ["0", "1", "-1", "10", "9223372036854775807", "-9223372036854775808", "4611686018427387904", None]
NUMERIC = ["0", "0.01", "-0.01", "0.5", "1.50", "-2.50", "3", "99999999.99", "-99999999.99", None]
WIDE = ["0", "1", "-1", "0.0000000001", "1234567890123456789012345678.0123456789", "-9999999999999999999999999999.9999999999", None]
WHOLE = ["0", "5", "-5", "99999999999999999999999999999999999999", "-99999999999999999999999999999999999999", None]
REAL = ["0", "-0", "1", "-1.5", "0.1", "3.4028235e38", "-3.4028235e38", "1e-45", "16777216", "NaN", "Infinity", "-Infinity", None]
DOUBLE = ["0", "-0", "1", "-1.5", "0.1", "2.5", "-3.5", "1.7976931348623157e308", "-1.7976931348623157e308", "5e-324", "1e15", "123456789012345678",
          "9223372036854775807", "2147483647.5", "NaN", "Infinity", "-Infinity", None]
BOOLEAN = ["true", "false", None]
TEXT = ["", " ", "a", "A", "abc", "ab%c", "a_c", "a\\c", "Äöü", "äÖÜ", "日本語", "🙂x", "straße", "İıŞş", "  padded  ", "xxabcxx", "a,b,,c", "\t\n", None]
UUID = ["00000000-0000-0000-0000-000000000000", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "ffffffff-ffff-ffff-ffff-ffffffffffff", None]
BYTEA = ["\\x", "\\x00", "\\xff", "\\x616263", "\\xc3a4", "\\xc3", "\\xeda080", "\\xf09f9982", "\\xf4908080", None]
DATE = ["1970-01-01", "1969-12-31", "2000-02-29", "1900-03-01", "0001-01-01", "9999-12-31", "294246-12-31", None]
TIME = ["00:00:00", "23:59:59.999999", "24:00:00", "12:34:56.7", None]
TIMESTAMP = ["1970-01-01 00:00:00", "1969-12-31 23:59:59.999999", "2024-02-29 12:34:56.5", "0001-01-01 00:00:00", "9999-12-31 23:59:59.000001", None]

NUMBERS = [("smallint", SMALLINT), ("int", INT), ("bigint", BIGINT), ("numeric(10,2)", NUMERIC), ("real", REAL), ("double", DOUBLE)]
MORE_NUMBERS = [("numeric(38,10)", WIDE), ("numeric(38,0)", WHOLE)]
OTHERS = [("boolean", BOOLEAN), ("text", TEXT), ("uuid", UUID), ("bytea", BYTEA), ("date", DATE), ("time", TIME), ("timestamp", TIMESTAMP),
          ("timestamptz", TIMESTAMP)]
COMPARISONS = ["a = b", "a <> b", "a < b", "a <= b", "a > b", "a >= b", "a IS DISTINCT FROM b", "a IS NOT DISTINCT FROM b"]
ARITHMETIC = ["a + b", "a - b", "a * b", "a / b", "a % b"]
CHOICES = ["CASE WHEN a > b THEN a ELSE b END", "COALESCE(a, b)", "NULLIF(a, b)", "GREATEST(a, b)", "LEAST(a, b)", "a BETWEEN b AND a",
           "a BETWEEN SYMMETRIC b AND a", "a NOT BETWEEN a AND b", "a IN (b, a)", "a NOT IN (b)", "CASE a WHEN b THEN 1 ELSE 2 END"]

NUMBER_TEXTS = ["", " ", "0", "-0", "+7", " 42 ", "4 2", "1.5", "-1.5", "2.5", ".5", "5.", ".", "1e3", "1E-3", "1e", "e1", "--1", "+-1", "0x10", "1_000", "abc",
                "NaN", "nan", "inf", "-Infinity", "infinit", "32767", "32768", "-32768", "2147483648", "-2147483649", "9223372036854775808",
                "12345678.995", "99999999.995", "100000000", "1e400", "-1e400", "1e-400", "4e-46", "3.5e38", "123456789012345678901234567890123456789",
                "0.1", "1e15", "1e14", "123456.7", "1234567", "0.0001", "0.00001", "1.7976931348623157e308", "t", "true", "٣", None]
HEX = "0x10"  # PostgreSQL reads hexadecimal floats
BOOLEAN_TEXTS = ["t", "T", "tr", "TRUE", " true ", "truee", "y", "yes", "on", "o", "of", "off", "n", "no", "f", "fals", "0", "1", "2", "", "10", None]
TIME_TEXTS = ["2024-02-29", "2023-02-29", "2024-2-9", "2024-13-01", "2024-00-01", "2024-01-32", "20240131", " 2024-01-31 ", "2024-01-31T10:20:30Z",
              "2024-01-31 10:20:30.123456", "2024-01-31 10:20:30.1234567", "2024-01-31 10:20:30.9999999", "2024-01-31 10:20", "2024-01-31 24:00:00",
              "2024-01-31 24:00:01", "2024-01-31 23:59:60", "2024-01-31 10:60:00", "2024-01-31 10:20:30+02", "2024-01-31 10:20:30 +02:30",
              "2024-01-31 10:20:30-0330", "2024-01-31 10:20:30 UTC", "2024-01-31T10:20:30.5+00:00", "0001-01-01 00:00:00", "", "x", "2024", "2024-01",
              "10:20:30", "10:20", "24:00:00", "25:00:00", "10:61", "2024-01-31 10:20:30+16:00", "2024-01-31 10:20:30 abc", None]
TIMES_ALONE = ["25:00:00", "10:61"]  # both refuse them as dates, with another code
UUID_TEXTS = ["a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "A0EEBC999C0B4EF8BB6D6BB9BD380A11", "{a0eebc99-9c0b4ef8-bb6d6bb9-bd380a11}",
              "a0ee-bc99-9c0b-4ef8-bb6d-6bb9-bd38-0a11", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1", "", "x", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11-", None]

CASES = []


def two(left, right, expressions):
    CASES.append(([("a", *left), ("b", *right)], expressions))


def one(kind, values, expressions):
    CASES.append(([("a", kind, values)], expressions))


for left_number in NUMBERS:
    for right_number in NUMBERS:
        two(left_number, right_number, ARITHMETIC + COMPARISONS + CHOICES)
for wide in MORE_NUMBERS:
    two(wide, wide, ARITHMETIC + COMPARISONS + CHOICES)
    two(wide, NUMBERS[3], ARITHMETIC + COMPARISONS)
    two(NUMBERS[2], wide, ARITHMETIC + COMPARISONS)
for other in OTHERS:
    two(other, other, COMPARISONS + CHOICES)
for left_other, right_other in [("date", "timestamp"), ("date", "timestamptz"), ("timestamp", "timestamptz"), ("text", "uuid"), ("text", "date"), ("boolean", "text")]:
    values = dict(OTHERS)
    two((left_other, values[left_other]), (right_other, values[right_other]), COMPARISONS)
two(("int", INT), ("text", TEXT), COMPARISONS + ["a + b"])
two(("date", DATE), ("int", ["0", "1", "-1", "366", "-366", "2147483647", "-2147483648", None]), ["a + b", "b + a", "a - b"])
two(("date", DATE), ("date", DATE), ["a - b"])

for number in NUMBERS + MORE_NUMBERS:
    one(*number, ["-a", "+a", "abs(a)", "sign(a)", "round(a)", "floor(a)", "ceil(a)", "ceiling(a)", "trunc(a)", "a + 1", "1 - a", "a * 2", "a / 2", "a % 3",
                  "a > 1.5", "a = 0", "a = '1'", "a::text", "a || 'x'", "'x' || a", "a IS NULL", "a IS NOT NULL", "mod(a, 2)",
                  "a::smallint", "a::int", "a::bigint", "a::real", "a::double precision", "a::numeric(10,2)", "a::numeric(38,5)", "a::numeric(3,3)",
                  "CASE WHEN a <> 0 THEN 10 / a END", "COALESCE(a, 0)", "NULLIF(a, 0)", "a <> 0 AND 10 / a > 1", "a = 0 OR 10 / a > 1",
                  "COALESCE(a, 10 / (a - a))", "a IN (0, 1, NULL)", "a NOT IN (0, NULL)", "a BETWEEN -1 AND 1",
                  "a + 1.5", "a * 0.1", "a / 3.0", "a + 1e0::double precision"])
one("numeric(10,2)", NUMERIC, ["round(a, 0)", "round(a, 1)", "round(a, 5)", "trunc(a, 1)", "trunc(a, 3)", ("round(a, -1)", "the digits of the result")])
one("int", INT, ["a::boolean", "a::date", "a + 2147483647", "a * -1", "- (-a)", "a / -1", "a % -1", "-2147483648 - a", "9223372036854775807 + a", "a - 9223372036854775808"])
one("boolean", BOOLEAN, ["NOT a", "a IS TRUE", "a IS NOT TRUE", "a IS FALSE", "a IS NOT FALSE", "a IS UNKNOWN", "a IS NOT UNKNOWN", "a::int", "a::text", "a || 'x'",
                         "a AND true", "a OR false", "a AND NULL", "a OR NULL", "a = 'yes'", "a::bigint"])
two(("boolean", BOOLEAN), ("boolean", BOOLEAN), ["a AND b", "a OR b", "NOT (a AND b)", "a AND NOT b OR b AND NOT a", "CASE WHEN a THEN b END", "(a AND b) IS NULL"])

TARGETS = ["smallint", "int", "bigint", "numeric(10,2)", "numeric(38,10)", "real", "double precision", "boolean", "date", "time", "timestamp", "timestamptz", "uuid", "text"]
for name, values in OTHERS:
    if name != "bytea":
        one(name, values, [f"a::{target}" for target in TARGETS if not (name == "text" and target != "text")])
one("bytea", BYTEA, [("a::text", "bytes are read with convert_from"), "a::int", "length(a)", "octet_length(a)", "convert_from(a, 'UTF8')", "encode(a, 'hex')", "a || a"])
one("text", NUMBER_TEXTS, [f"a::{target}" for target in ["smallint", "int", "bigint"]])
one("text", [text for text in NUMBER_TEXTS if text != HEX], ["a::real", "a::double precision", "a::numeric(10,2)", "a::numeric(38,5)", "a::double precision::text"])
one("text", BOOLEAN_TEXTS, ["a::boolean"])
one("text", [text for text in TIME_TEXTS if text not in TIMES_ALONE], ["a::date", "a::timestamp", "a::timestamptz"])
one("text", [text for text in TIME_TEXTS if text is None or not text.strip()[:1].isdigit() or ":" in text[:3]], ["a::time"])
one("text", UUID_TEXTS, ["a::uuid"])
one("date", DATE, ["a + 1", "a - 1", "a::timestamp", "a::timestamptz", "a = '2000-02-29'", "a > '1970-01-01'", "a::text"])
one("timestamptz", TIMESTAMP, ["a::date", "a::time", "a::timestamp", "a > '1970-01-01T00:00:00Z'", "a = TIMESTAMPTZ '2024-02-29 13:34:56.5+01'", "a::text || ''"])

one("text", TEXT, ["lower(a)", "upper(a)", "length(a)", "char_length(a)", "character_length(a)", "octet_length(a)", "trim(a)", "btrim(a)", "ltrim(a)", "rtrim(a)",
                   "trim(both 'x' from a)", "trim(leading 'xa' from a)", "trim(trailing 'cxß' from a)", "btrim(a, 'äÄa ')", "substring(a, 2)", "substring(a, 0)",
                   "substring(a, -1, 3)", "substring(a, 2, 2)", "substring(a, 1, 0)", "substring(a, 2, -1)", "substring(a, 2147483647, 2147483647)",
                   "substring(a from 2 for 1)", "substr(a, 2, 1)", "left(a, 2)", "left(a, -1)", "right(a, 2)", "right(a, -1)", "left(a, 0)", "replace(a, 'a', 'bb')",
                   "replace(a, '', 'x')", "strpos(a, 'c')", "strpos(a, '')", "position('b' in a)", "starts_with(a, 'a')", "starts_with(a, '')", "split_part(a, ',', 1)",
                   "split_part(a, ',', -1)", "split_part(a, ',', 3)", "split_part(a, ',', 9)", "split_part(a, '', 1)", "split_part(a, ',', 0)", "a || a", "a || 'x' || 1",
                   "a = 'abc'", "a < 'b'", "a > 'Ä'", "convert_to(a, 'UTF8')", "encode(convert_to(a, 'UTF8'), 'hex')", "convert_from(convert_to(a, 'UTF8'), 'utf-8')",
                   "a IN ('a', 'b', '')", "CASE a WHEN 'a' THEN 1 WHEN 'A' THEN 2 END", "COALESCE(a, 'none')", "NULLIF(a, '')", "a + 1", "a AND true", "upper(a) LIKE '%A%'"])
PATTERNS = ["", "%", "_", "__", "a", "a%", "%c", "%b%", "a_c", "a\\_c", "a\\%", "ab\\%c", "a\\\\c", "%\\\\%", "ä%", "Ä__", "_本%", "🙂_", "%%c", "%_c%", "a%b%c", "\\", "a\\", "%\\"]
two(("text", TEXT), ("text", PATTERNS), ["a LIKE b", "a NOT LIKE b", "a ILIKE b", "a NOT ILIKE b"])
one("text", TEXT, ["a LIKE 'a#_c' ESCAPE '#'", "a LIKE 'a\\c' ESCAPE ''", "a LIKE 'ab!%c' ESCAPE '!'", "a LIKE 'x' ESCAPE 'xx'"])
# PostgreSQL 15.18 answers right(a, -2147483648) with the whole text, 15.20 with none.
two(("text", ["abc", "ä", "", None]), ("int", [n for n in INT if n != "-2147483648"]), ["right(a, b)"])
two(("text", ["abc", "ä", "", None]), ("int", INT), ["left(a, b)", "substring(a, b)", "substring(a, b, 2)", "substring(a, 1, b)", "split_part(a, 'b', b)"])

ARRAY_TEXTS = ["{}", "{a}", "{a,b}", " { a , b c ,d } ", '{"a,b","",NULL,null,"NULL",x"y}', '{"a,b","",NULL,null,"NULL"}', '{a,"b\\"c\\\\",\\ d }', "{,}", "{a,}", "{", "}", "", "a", "{a}b", "{a}}",
               "{1,2,3}", "{1, -2, 2147483648}", "{1,x}", "{t,f,true,NULL}", "{2024-01-31,2024-02-30}", "{ä,日本}", None]
WORDS = ["", " ", "a", "to be or not", "a  b", " a ", "a,b,,c", "日本 語", "NULL", "one {two} \"three\" \\four", None]
two(("text", WORDS), ("text", [" ", ",", "", "or", None]),
    ["string_to_array(a, b)", "string_to_array(a, b, 'a')", "string_to_array(a, b, NULL)", "array_to_string(string_to_array(a, b), '-')", "array_to_string(string_to_array(a, b, 'a'), b, '*')",
     "array_to_string(string_to_array(a, ' ', 'a'), b)", "cardinality(string_to_array(a, b))", "array_length(string_to_array(a, b), 1)", "array_upper(string_to_array(a, b), 1)",
     "array_lower(string_to_array(a, b), 1)", "(string_to_array(a, b))[1]", "(string_to_array(a, b))[2]", "(string_to_array(a, b, 'a'))[1]", "b = ANY (string_to_array(a, ' '))",
     "b <> ALL (string_to_array(a, ','))", "b < ANY (string_to_array(a, b))", "'a' = ANY (string_to_array(a, ' ', 'or'))", "'b' >= ALL (string_to_array(a, ' ', 'a'))",
     "string_to_array(a, b) || string_to_array(b, a)", "array_cat(string_to_array(a, b), NULL)", "ARRAY[a, b]", "ARRAY[a, b, 'x', NULL]", "(ARRAY[a, b])[2]", "array_to_string(ARRAY[a, b], '/')",
     "string_to_array(a, b) || 'x'::text", "CASE WHEN a > b THEN string_to_array(a, b) ELSE ARRAY[b] END", "COALESCE(string_to_array(a, b), '{}')", "string_to_array(a, b) IS NULL",
     "string_to_array(a, b)::text", "a = ANY ('{a,\"to be\",NULL}')", "a = ANY (ARRAY['a', 'x'])", "a = ANY (b)"])
one("text", ARRAY_TEXTS, ["a::text[]", "a::int[]", "a::boolean[]", "a::date[]", "cardinality(a::text[])", "a::text[]::text", "(a::int[])[1]", "a::int[]::bigint[]", "a::int[]::text[]", "a::text[]::int[]",
                          "array_to_string(a::int[], ',')", "array_to_string(a::text[], ',', 'none')", "array_to_string(a::boolean[], ',')", "2 = ANY (a::int[])", "(a::text[])[0]", "(a::text[])[NULL]"])
two(("int", INT), ("bigint", BIGINT), ["ARRAY[a, b]", "ARRAY[a, 1, NULL]", "a = ANY (ARRAY[b, 1])", "b = ANY (ARRAY[a, a])", "b > ALL (ARRAY[a, 0])", "(ARRAY[b, 10, 20])[a]", "a = ANY ('{1,2,-7}')",
                                       "array_length(ARRAY[a, a], a)", "array_length(ARRAY[a], 1)", "array_upper(ARRAY[a, a], 2)", "ARRAY[a] || ARRAY[a]", "cardinality(ARRAY[a, b, 3])", "a <> ANY ('{1}')",
                                       "a + 1 = ANY (ARRAY[a, 1])", "ARRAY[10 / a]", "ARRAY[a, b]::text", "NULL = ANY (ARRAY[a])", "a = ANY (NULL::int[])", "ARRAY[a::text, b::text]"])

JSON = ['{"a": 1, "b": "x\\u00e4\\n\\"y", "c": null, "d": [1, "two", {"e": true}], "f": {"g": 1.50}, "a": 2}', '[]', '{}', '[10, [20, 30], null, "s"]', '"text"', '42', 'true', 'null',
        '{"n": 1e2, "m": -0, "k": -1.5E-3, "z": 123456789012345678901234567890}', '{"": 0, "ä": "ö"}', None]
one("jsonb", JSON, ["a -> 'a'", "a ->> 'a'", "a ->> 'b'", "a -> 'b'", "a -> 'c'", "a ->> 'c'", "a -> 'd' -> 1", "a -> 'd' ->> 1", "a -> 'd' -> 2 ->> 'e'", "a -> 'd' ->> -1",
                    "a -> 'f' ->> 'g'", "a ->> 0", "a -> 1 -> 1", "a ->> 3", "a ->> -1", "a ->> 99", "a ->> 'n'", "a ->> 'm'", "a ->> 'k'", "a ->> 'z'", "a ->> 'ä'", "a ->> ''",
                    "(a ->> 'a')::int + 1", "a IS NULL", "COALESCE(a -> 'nothing', a)", "CASE WHEN a ->> 'a' = '2' THEN a END", "a", "a + 1", "a -> true"])
one("text", ['{"a":1}', ' [1, 2 ] ', '"x"', '1', '-1.5e10', 'true', 'null', '', ' ', '{', '{"a"}', '{"a":1,}', '[1,]', '[1 2]', '1 2', '1],[2', "{'a':1}", '01', '1.', '.5', '+1', 'nan',
             'tru', 'nul', '"\\q"', '"\\ud800"', '"open', '[1]]', '{"a":1}}', '"\t"', '123456789012345678901234567890', '{"b":{"c":[{"d":"e"}]}}', None],
    ["a::jsonb", "a::jsonb -> 'b' -> 'c' -> 0 ->> 'd'"])
