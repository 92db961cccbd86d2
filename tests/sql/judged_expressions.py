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
                    "(a ->> 'a')::int + 1", "a IS NULL", "COALESCE(a -> 'nothing', a)", "CASE WHEN a ->> 'a' = '2' THEN a END", "a", "a + 1", "a -> true",
                    "a #> '{}'", "a #>> '{a}'", "a #> '{c}'", "a #>> '{c}'", "a #>> '{d,1}'", "a #> '{d,2,e}'", "a #>> '{d,-1}'", "a #>> '{d,x}'", "a #>> '{f,g}'", "a #>> '{f,g,h}'",
                    "a #>> '{0}'", "a #> '{1,1}'", "a #>> '{99}'", "a #>> '{ä}'", "a #>> '{\"\"}'", "a #>> ARRAY['d', NULL]", "a #>> ARRAY['f', 'g']", "a #>> NULL", "a #> ARRAY[1]"])
one("text", ['{"a":1}', ' [1, 2 ] ', '"x"', '1', '-1.5e10', 'true', 'null', '', ' ', '{', '{"a"}', '{"a":1,}', '[1,]', '[1 2]', '1 2', '1],[2', "{'a':1}", '01', '1.', '.5', '+1', 'nan',
             'tru', 'nul', '"\\q"', '"\\ud800"', '"open', '[1]]', '{"a":1}}', '"\t"', '123456789012345678901234567890', '{"b":{"c":[{"d":"e"}]}}', None],
    ["a::jsonb", "a::jsonb -> 'b' -> 'c' -> 0 ->> 'd'"])

INTERVALS = ["0", "1 day", "-1 day", "1 mon", "1 year 2 mons 3 days 04:05:06.789", "-1 mons +2 days -00:00:01", "25:00:00", "-36:00:00.5", "31 days", "100 years", "1 mon -1 day", "30 days", "720:00:00", None]
INTERVAL_TEXTS = ["1 day", "1 days 2 hours", "@ 3 mins ago", "1-2", "-1-2", "1-12", "3 4:05", "3 4:05:06.7", "4:05", "-4:05:06", "5", "1.5", "-1.5 days", "1.5 years", "1.25 months", "0.5 mon", "2.7 weeks", "1.5 hours",
                  "1 week", "1 decade 1 century", "1 mil", "10 us 5 ms", "1h 2m 3s", "1y2mon3d", "P1Y2M3DT4H5M6S", "PT1.5S", "P-1Y", "P1W", "PT", "P", "", " ", "abc", "1 parsec", "day", "1 day ago", "1 day -2 hours ago",
                  "1 day 2", "4:60", "4:05:61", "99999999999 years", "2147483647 days", "2147483648 days", "+1 day", "1 mon 1 mon", "12:30.5", "0.0000001 s", "1.0000006 s", "1e3 s", "  2  hours  ", "1 day 04:05 2 mons", None]
one("text", INTERVAL_TEXTS, ["a::interval", "a::interval::text", "- (a::interval)"])
one("text", [text for text in INTERVALS], ["extract(epoch FROM a::interval)", "extract(year FROM a::interval)", "extract(month FROM a::interval)", "extract(day FROM a::interval)", "extract(hour FROM a::interval)",
    "extract(minute FROM a::interval)", "extract(second FROM a::interval)", "extract(milliseconds FROM a::interval)", "extract(microseconds FROM a::interval)", "extract(quarter FROM a::interval)",
    "extract(decade FROM a::interval)", "extract(century FROM a::interval)", "date_part('epoch', a::interval)", "date_part('second', a::interval)", "a::interval * 2", "a::interval * 0.5", "1.5 * a::interval", "a::interval / 3",
    "a::interval / 0", "a::interval * 1e10::double precision", "a::interval::time", "date_trunc('hour', a::interval)", "date_trunc('month', a::interval)", "date_trunc('year', a::interval)", "date_trunc('day', a::interval)",
    "justify_hours(a::interval)", "justify_days(a::interval)", "justify_interval(a::interval)", "date_trunc('nothing', a::interval)", "a::interval + INTERVAL '1 day'", "COALESCE(a::interval, '1 hour')",
    "CASE WHEN a::interval > '1 day' THEN a::interval END", "a::interval = '24:00:00'", "TIMESTAMP '2024-01-31 12:00' + a::interval", "DATE '2024-03-31' - a::interval", "TIME '12:00' + a::interval", "a::interval IS NULL"])
two(("text", INTERVALS), ("text", INTERVALS), ["a::interval + b::interval", "a::interval - b::interval", "a::interval < b::interval", "a::interval = b::interval", "a::interval >= b::interval", "GREATEST(a::interval, b::interval)",
                                               "a::interval IS DISTINCT FROM b::interval", "NULLIF(a::interval, b::interval)", "a::interval BETWEEN b::interval AND a::interval"])
for time_type in ["timestamp", "timestamptz"]:
    two((time_type, TIMESTAMP + ["2024-01-31 00:00:00", "2000-02-29 23:59:59.999999"]), ("text", INTERVALS), ["a + b::interval", "a - b::interval", "b::interval + a"])
    two((time_type, TIMESTAMP), (time_type, TIMESTAMP + ["2024-03-30 01:02:03"]), ["a - b", "age(a, b)", "date_bin('15 minutes', a, b)", "date_bin('1 day 2 hours', a, b)", "date_bin('0', a, b)"])
    one(time_type, TIMESTAMP + ["2024-12-30 05:00:00", "2021-01-03 00:00:00", "2000-12-31 23:59:59", "2001-01-01 00:00:00", "1000-06-15 00:00:00", "2023-12-31 00:00:00"],
        [f"extract({field} FROM a)" for field in ["microseconds", "milliseconds", "second", "minute", "hour", "day", "dow", "isodow", "doy", "week", "month", "quarter", "year", "isoyear", "decade", "century", "millennium", "epoch", "nothing"]] +
        [f"date_trunc('{field}', a)" for field in ["microseconds", "milliseconds", "second", "minute", "hour", "day", "week", "month", "quarter", "year", "decade", "century", "millennium", "nothing", "dow", "Year"]] +
        ["date_part('year', a)", "date_part('second', a)", "date_part('epoch', a)", "date_part('milliseconds', a)", "date_part('Hours', a)", "date_part('nothing', a)", "a + INTERVAL '1 month'", "a - INTERVAL '1 day 1 hour'",
         "a + '1 day'", "a::date + TIME '10:00'", "extract(hour FROM a) + 1", "a + TIME '01:00'"])
two(("date", [d for d in DATE if d != "294246-12-31"]), ("text", INTERVALS), ["a + b::interval", "a - b::interval"])
two(("date", DATE), ("time", TIME), ["a + b", "b + a"])
two(("time", TIME), ("time", TIME), ["a - b", "a + b"])
two(("time", TIME), ("text", INTERVALS), ["a + b::interval", "a - b::interval", "a::interval"])
one("date", DATE, [f"extract({field} FROM a)" for field in ["day", "dow", "isodow", "doy", "week", "month", "quarter", "year", "isoyear", "decade", "century", "millennium", "epoch", "hour"]] + ["date_part('year', a)", "date_part('epoch', a)"])
one("date", [d for d in DATE if d != "294246-12-31"], ["a + INTERVAL '1 mon'", "date_trunc('month', a)", "date_trunc('week', a)"])
one("time", TIME, [f"extract({field} FROM a)" for field in ["hour", "minute", "second", "milliseconds", "microseconds", "epoch", "day"]] + ["date_part('second', a)"])
two(("int", ["2024", "0", "-1", "1900", "294277", "2147483647", None]), ("int", ["1", "2", "12", "13", "0", "29", None]), ["make_date(a, b, 29)", "make_date(2024, b, 31)", "make_date(a, 2, b)", "make_timestamp(a, b, 1, 10, 20, 30.5)", "make_time(b, 20, 30.25)", "make_time(10, b, 60)",
                                                                                                                         "make_time(b, 61, 0)"])
one("double", ["0", "1.5", "-1.5", "1709210096.123456", "1e12", "1e15", "-1e15", "NaN", None], ["to_timestamp(a)"])

REALS = ["sqrt(a)", "cbrt(a)", "exp(a)", "ln(a)", "log(a)", "log10(a)", "degrees(a)", "radians(a)", "power(a, 2)", "power(a, -1)", "power(2, a)", "pow(a, 0.5::double precision)", "a ^ 3", "sin(a)", "cos(a)", "tan(a)", "asin(a)", "acos(a)", "atan(a)"]
one("double", DOUBLE, REALS + ["pi()", "a * pi()"])
one("real", REAL, REALS)
one("int", INT, REALS)
two(("double", DOUBLE), ("double", DOUBLE + ["0.5", "3"]), ["power(a, b)", "a ^ b", "atan2(a, b)"])

two(("text", TEXT), ("int", ["0", "1", "2", "5", "-1", "12", "2147483647", None]), ["lpad(a, b)", "rpad(a, b)", "lpad(a, b, 'xy')", "rpad(a, b, 'äö')", "lpad(a, b, '')"])
two(("text", TEXT), ("int", ["0", "1", "3", "-1", None]), ["repeat(a, b)", "substring(a, b)"])
two(("text", TEXT), ("text", ["", "a", "abc", "äb", None]), ["translate(a, b, 'xyz')", "translate(a, 'abc', b)", "concat(a, b)", "concat_ws(b, a, 'x', a)", "concat_ws('-', a, NULL, b)", "concat(a, 1, NULL, true, 1.50, b)", "concat(b = 'a', DATE '2024-01-31')"])
one("text", TEXT + ["hello world", "it's o'clock", "ÉCOLE été", "x1y 2z", "a" * 57, "a" * 64, "a" * 56], ["reverse(a)", "initcap(a)", "ascii(a)", "encode(convert_to(a, 'UTF8'), 'base64')", "lpad(a, 3, a)",
                                                                         "convert_from(decode(encode(convert_to(a, 'UTF8'), 'base64'), 'base64'), 'UTF8')"])
one("text", ["", "YQ==", "YWI=", "YWJj", "YWJ", "Y", "Y=Q=", "YQ==YQ==", " Y W J j ", "YQ=", "=", "YQ==x", "ä", "YW\nJj", None], ["encode(decode(a, 'base64'), 'hex')"])
one("int", ["1", "65", "228", "26085", "128578"], ["chr(a)"])
one("int", ["0", "1", "65", "228", "26085", "128578", "55296", "1114111", "1114112", "-1", "2147483647", None], ["to_hex(a)", "ascii(chr(a))", "encode(convert_to(chr(a), 'UTF8'), 'hex')"])
one("bigint", BIGINT, ["to_hex(a)"])
one("bytea", BYTEA, ["encode(a, 'base64')"])

INTEGERS = [("smallint", SMALLINT), ("int", INT), ("bigint", BIGINT)]
for left_integer in INTEGERS:
    one(*left_integer, ["~a", "~ ~a", "a & 6", "a | 6", "a # 6", "a << 1", "a >> 1", "a << 40", "a >> 40", "a << -1", "1 << a::int"] if left_integer[0] != "bigint" else ["~a", "a & 6", "a | 6", "a # 6", "a << 1", "a >> 70", "a << -3"])
    for right_integer in INTEGERS:
        two(left_integer, right_integer, ["a & b", "a | b", "a # b"])
        if left_integer[0] == right_integer[0]:
            two(left_integer, ("int", ["0", "1", "15", "31", "32", "63", "64", "-1", None]), ["a << b", "a >> b"])
for left_number in NUMBERS[:4] + MORE_NUMBERS[1:]:
    two(left_number, NUMBERS[3], ["div(a, b)", "div(b, a)"])
    one(*left_number, ["div(a, 2)", "div(a, -7)", "div(a, 0)", "div(a, 0.3)", "width_bucket(a, 0, 10, 5)", "width_bucket(a, 10, 0, 5)", "width_bucket(a, -1.5, 1.5, 3)"])
one("numeric(38,10)", WIDE, ["div(a, 3)", "div(a, 0.7)", "div(7, a)"])
two(("double", DOUBLE), ("double", ["0", "10", "-1e300", "1e300", "NaN", "Infinity", None]), ["width_bucket(a, b, 5, 4)", "width_bucket(a, -3, b, 7)", "width_bucket(a, b, b + 1, 2147483647)"])
two(("double", ["0", "0.5", "1", "-1", None]), ("int", INT), ["width_bucket(a, 0, 1, b)"])

ZONES = ["UTC", "Europe/Berlin", "america/new_york", "Asia/Kolkata", "Australia/Lord_Howe", "America/St_Johns", "Pacific/Apia", "Africa/Casablanca", "GMT", "Etc/GMT+5", "Nowhere/Town", "", None]
CHANGES = ["2024-03-31 00:59:59.999999", "2024-03-31 01:00:00", "2024-03-31 02:30:00", "2024-10-27 00:59:59", "2024-10-27 01:00:00", "2024-10-27 02:30:00", "2024-03-10 06:59:59", "2024-03-10 02:30:00", "2024-11-03 01:30:00", "2011-12-30 12:00:00",
           "1893-04-01 00:00:00", "1850-01-01 00:00:00", "2024-10-06 02:15:00", "2036-07-01 12:00:00", "2037-12-31 00:00:00"]
LATER_CHANGES = ["2037-11-01 12:00:00", "2038-03-28 00:59:59", "2038-03-28 01:00:00", "2038-03-28 02:30:00", "2038-10-31 01:30:00", "2038-10-31 02:30:00", "2044-02-29 12:00:00", "2100-07-01 00:00:00", "2400-12-31 23:59:59", "9999-12-31 23:59:59.000001"]
for time_type in ["timestamp", "timestamptz"]:
    two((time_type, CHANGES + [None]), ("text", ZONES), ["a AT TIME ZONE b", "timezone(b, a)"])
    two((time_type, LATER_CHANGES), ("text", ["Europe/Berlin", "Europe/Dublin", "America/New_York", "Australia/Lord_Howe", "America/Nuuk", "Asia/Gaza", "Africa/Cairo", "Africa/Casablanca", "Asia/Tokyo", "Pacific/Easter", "Antarctica/Troll"]), ["a AT TIME ZONE b"])
    one(time_type, TIMESTAMP[:4] + CHANGES + [None], ["a AT TIME ZONE 'Europe/Berlin'", "a AT TIME ZONE 'UTC'", "a AT TIME ZONE INTERVAL '2 hours'", "a AT TIME ZONE INTERVAL '-03:30'", "a AT TIME ZONE INTERVAL '1 day'", "a AT TIME ZONE INTERVAL '1 mon'", "a AT TIME ZONE NULL",
                                                    "a AT TIME ZONE 'Asia/Tokyo' AT TIME ZONE 'America/Los_Angeles'", "(a AT TIME ZONE 'Europe/Berlin')::date", "extract(hour FROM a AT TIME ZONE 'Asia/Kathmandu')", "a AT TIME ZONE 'No/Where'",
                                                    ("a AT TIME ZONE 'CET'", "abbreviations"), ("a AT TIME ZONE '+02'", "offsets that count westwards"), ("a AT TIME ZONE 'EST'", "abbreviations")])
TRUNCATED = ["microseconds", "second", "minute", "hour", "day", "week", "month", "quarter", "year", "decade", "century", "millennium", "epoch", "", None]
two(("timestamptz", CHANGES + LATER_CHANGES + [None]), ("text", TRUNCATED), [f"date_trunc(b, a, '{zone}')" for zone in ["UTC", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Pacific/Apia"]] + ["date_trunc(b, a, NULL)"])
two(("timestamptz", CHANGES[:4] + [None]), ("text", ZONES), ["date_trunc('day', a, b)", "date_trunc('hour', a, b)"])
one("timestamptz", CHANGES, ["date_trunc('day', a, 'No/Where')", ("date_trunc('day', a, 'CET')", "abbreviations")])
one("date", [d for d in DATE if d not in ("294246-12-31", "9999-12-31")], ["a AT TIME ZONE 'Europe/Berlin'", "a AT TIME ZONE 'UTC'"])

TIME_TEMPLATES = ["YYYY-MM-DD HH24:MI:SS.US", "YYYY-MM-DD", "HH12:MI AM", "HH:MI:SS p.m.", "Day, DD Month YYYY", "FMDay, FMDD FMMonth FMYYYY", "DAY day Dy DY dy", "MONTH month Mon MON mon", "D ID DDD IDDD WW IW W Q", "CC YY YYY Y Y,YYY IYYY IYY IY I", "J", "MS US FF1 FF2 FF3 FF4 FF5 FF6",
                  "SSSS SSSSS", "DDth MMTH FMDDth FMHH24th", "YYYY BC b.c. A.D. ad", "TZ tz TZH:TZM OF", '"literal YYYY" YYYY \\"x', "yyyy-mm-dd hh24:mi", "RM rm FMRM", "YYYYMMDD", "Mon DD, YYYY", "FMMM/FMDD/YY FMHH12:MI:SS AM", "äYYYY日", "-", "FM", "ABC", "AAA MMM", "YYYY\"T\"HH24", "Q\"th\"", "HH24MISSMS", "FMMS FMUS FMSSSS FMCC FMY,YYY FMJ FMWW FMDDD", ""]
for time_type in ["timestamp", "timestamptz"]:
    one(time_type, TIMESTAMP + ["2024-12-30 05:06:07.089", "2021-01-03 00:00:00", "2000-12-31 12:00:00", "1999-05-11 13:21:22.023", "2023-01-02 03:04:05"], ["to_char(a, '" + template.replace("'", "''") + "')" for template in TIME_TEMPLATES] +
        [("to_char(a, 'TMMonth')", "names in other languages"), ("to_char(a, 'DDSP')", "numbers spelt out"), "to_char(a, NULL)"])
    two((time_type, ["2024-02-29 12:34:56.5", None]), ("text", TIME_TEMPLATES + [None]), ["to_char(a, b)"])
# Templates that read, each with each text.
DATE_INPUTS = ["", " ", "x", "2024-02-29", "2024-2-9", "  2024  02 29", "2023-02-29", "2024-13-01", "2024-00-10", "2024-01-32", "20240229", "240229", "24-02-29", "69-1-1", "70-1-1", "99-1-1", "100-1-1", "519-1-1", "520-1-1", "999-1-1", "29.02.2024", "29/02/2024",
               "Feb 29, 2024", "FEBRUARY 29 2024", "february29 2024", "Mayday", "Thursday, 29 February 2024", "Thu 29 Feb 2024", "2024-060", "2024-366", "2023-366", "2024-W09-4", "2020-W53-7", "2024-W54-1", "44-03-15 BC", "44-03-15 b.c.", "2,024-02-29", "-1-01-01", "0000-01-01",
               "99999-12-31", "99999999999-01-01", "2024-02-29 12:34:56", "2024-02-29 12:34:56.789", "2024-02-29 12:34:56.7891234", "2024-02-29T23:59:59Z", "2024-02-29 24:00:00", "2024-02-29 12:60:00", "2024-02-29 11:05 pm", "2024-02-29 12:05 am",
               "2024-02-29 13:05 PM", "2024-02-29 0:05 PM", "2024-02-29 12:34:56+02:30", "2024-02-29 12:34:56 -03", "2024-02-29 12:34:56+16:00", "2024-02-29 12:34:56 - 3", "2460370", "21", "20 99", "1st January 2024", "22nd 02 2024", "II 2024", "viii 2024", "XIII 2024", "86399", "45296.25", "١٢", "日本-02-29",
               "2024--02--29", "2024_02_29", "2024 02 29 extra", "+2024-02-29", "2024-02-29 1:2:3", None]
DATE_TEMPLATES = ["YYYY-MM-DD", "YYYYMMDD", "YYMMDD", "YY-MM-DD", "YYY-MM-DD", "Y-M-D", "DD.MM.YYYY", "Mon DD, YYYY", "Month DD YYYY", "MonthDD YYYY", "Day, DD Month YYYY", "Dy DD Mon YYYY", "YYYY-DDD", "IYYY-\"W\"IW-ID", "IYYY-IDDD", "YYYY-MM-DD BC", "YYYY-MM-DD b.c.", "Y,YYY-MM-DD",
                  "YYYY-MM-DD HH24:MI:SS", "YYYY-MM-DD HH24:MI:SS.MS", "YYYY-MM-DD HH24:MI:SS.US", "YYYY-MM-DD HH24:MI:SS.FF1", "YYYY-MM-DD HH24:MI:SS.FF4", "YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"", "YYYY-MM-DD HH12:MI AM", "YYYY-MM-DD HH:MI p.m.", "YYYY-MM-DD HH24:MI:SSTZH:TZM", "YYYY-MM-DD HH24:MI:SS TZH",
                  "J", "CC", "CC YY", "DDth Month YYYY", "DDTH MM YYYY", "RM YYYY", "SSSSS", "SSSSS.US", "YYYY WW D", "YYYY W MM", "Q YYYY", "FXYYYY-MM-DD", "FXYYYY-MM-DD HH24:MI", "FMYYYY-FMMM-FMDD", "yyyy-mm-dd hh24:mi:ss", "YYYY\\\"MM", "YYYY MM DD", "YYYYxMMxDD", "YYYY-MM-DD YYYY", "IYYY-MM-DD", "MI", "HH24MISS", "äYYYY", "FM", ""]
for some in [DATE_TEMPLATES[:17], DATE_TEMPLATES[17:34], DATE_TEMPLATES[34:] + [None]]:  # the judge looks at every row for each that fails
    two(("text", DATE_INPUTS), ("text", some), ["to_date(a, b)", "to_timestamp(a, b)"])
one("text", DATE_INPUTS, [f"{function}(a, '{template}')" for function in ["to_date", "to_timestamp"] for template in ["YYYY-MM-DD", "TZ"]] + [("to_date(a, 'YYYY OF')", "it fails for each text that comes so far"), ("to_timestamp(a, 'YYYY tz')", "it fails for each text that comes so far"), ("to_date(a, 'TMMonth')", "names in other languages"), ("to_timestamp(a, 'DDSP')", "numbers spelt out"), "to_date(a, NULL)", "to_timestamp('2024-060', 'YYYY-DDD')"])
one("date", DATE, ["to_char(a, 'YYYY-MM-DD')", "to_char(a, 'IYYY-\"W\"IW-ID')"])
two(("int", INT), ("int", INT), [f"a {operator} {kind} (ARRAY[b, 1, -7])" for operator in ["=", "<>", "<", "<=", ">", ">="] for kind in ["ANY", "ALL"]] + ["a = ALL ('{}')", "a < ANY ('{}')", "a <= ALL (ARRAY[b, NULL])"])
