"""Regular expressions that the judge asks about. A pattern is a text; or (text, use, reason) where we refuse uses of it from `use` on, of which each takes in the one before: `groups` (what groups kept), `place` (where the match is), `test` (whether there is one)."""
TEXTS = ["", "a", "b", "ab", "abc", "aabbcc", "abcabc", "ABC", "xaby", "a.b", "a\\b", "2024-01-31", "10.0.0.1:8080", "key=value; other=2", "GET /a/b?x=1 HTTP/1.1", "<b>bold</b><i>it</i>",
         "foo  bar\tbaz", "line one\nline two\n", "\n", "äöü ÄÖÜ", "日本語 text", "🙂x", "user@example.org", "aaa", "abababab", "12,345.67", "[x]", "a|b", "$9^", "   ", None]

NO_CHOICE = "what groups keep where alternatives begin alike, or several parts of a pattern can share its characters in more than one way"
NO_MIXTURE = "quantifiers that take little together with others that take much"
NO_LOOKING = "looking around"
NO_BORDER = "borders of words"
NO_REFERENCE = "back references"

PATTERNS = [
    # characters, sets, classes
    "a", "b", "abc", "A", "", ".", "..", "^", "$", "^$", "^a", "a$", "^abc$", "a.c", "a\\.b", "\\.", "\\\\", "[abc]", "[^abc]", "[a-c]+", "[^a-c]+", "[]a]", "[^]a]", "[a-]", "[-a]", "[a\\-c]", "[.]",
    "[\\.]", "[\\d]", "[\\w-]+", "[^\\s]+", "[[:alpha:]]+", "[[:digit:]]+", "[[:space:]]", "[[:upper:]]+", "[[:lower:]]+", "[[:alnum:]_]+", "[[:punct:]]", "[[:xdigit:]]+", "[^[:alpha:]]+", "[[:blank:]]+",
    "[[:cntrl:]]", "[[:graph:]]+", "[[:print:]]+", "[[:word:]]+", "[[.a.]]", "[[=a=]]", "[[.-.]x]", "\\d", "\\d+", "\\D+", "\\s", "\\s+", "\\S+", "\\w", "\\w+", "\\W", "\\W+", "[\\D]", "[\\W]", "[^\\W]+", "[\\S ]",
    "ä", "[äöü]+", "[à-ÿ]+", "日", "[一-龯]+", "🙂", ".x", "\\u00e4", "\\x61", "\\U0001F642", "\\n", "\\t", "\\e", "\\141", "\\cA", "\\a", "\\B", "\\f|\\v|\\r", "\\0", "\\|", "\\[x\\]", "\\$", "\\^",
    # quantifiers
    "a*", "a+", "a?", "b*", "a{2}", "a{2,}", "a{1,2}", "a{0,1}", "a{0}", "a{,2}", "a{", "a{x", "x*", "(ab)*", "(ab)+", "(ab){2}", "(ab){2,3}", "(ab)?", ".*", ".+", ".?", "a.*b", "a.*c", "[ab]*c", "ab*c*", "(a|b)*",
    "(a|b)+c", "(?:a|b)*", "(?:ab)+", "a*?", "a+?", "a??", ".*?", ".+?b", "a.*?b", "<.*?>", "<[^>]*>", "a{1,2}?", "[^=]+?=", "^.*?$", ".*?\\d",
    # alternatives and groups
    "a|b", "a|ab", "ab|a", "a|", "|a", "a||b", "abc|b|c", "^a|b$", "^(a|b)", "(a|b)$", "(a)", "(a)(b)", "(a)(b)(c)", "((a)b)c", "(a(b(c)))", "(?:a)(b)", "(a)|(b)", "(a)|(b)|(c)", "(x)?a", "(x)?(a)?", "(^a)", "()", "(|a)",
    "a()b", "(\\d+)-(\\d+)-(\\d+)", "(\\d{4})-(\\d{2})", "^(\\w+)=(\\w+)", "(\\w+)@(\\w+)\\.(\\w+)", "(\\d+)(\\.\\d+)?", "(\\d+)(,\\d+)*", "(GET|PUT|POST|PATCH) (\\S+)", "^(http|https)://", "(.*)-(.*)", "(.*)b(.*)", "(.*)(b+)",
    "(a*)(b*)(c*)", "(a*)(a*)", "(a+)(a*)", "(a?)(ab)", "([^:]+):(\\d+)", "([^;]*);\\s*(.*)", "(.)(.)", "^(.)(.*)$", "(.*)(.)$", "(.*)\\.(\\d+)$", "(<[^>]*>)([^<]*)", "([a-z]+) +([a-z]+)", "(\\w+)\\s+(\\w+)", "(foo|bar)",
    "(one|two)", "(on|tw)[eo]", "(?:on|tw)([eo])", "<(.*?)>", "^(.*?)@", "(.*?)=(.*?);", "(.+?)b", "([ab]+)(c)", "(a|b|c)(a|b|c)", "(ab|cd)(c|d)?",
    ("(a|ab)(c|bcd)(d*)", "groups", NO_CHOICE), ("(a|ab)(b?)", "groups", NO_CHOICE), ("(a?(ab)?)(b?)", "groups", NO_CHOICE), ("(ab|a)(bc)?", "groups", NO_CHOICE), ("((a)|b)*", "groups", NO_CHOICE), ("((a)|(b))+", "groups", NO_CHOICE),
    ("(a*)*", "groups", NO_CHOICE), ("(a*)+", "groups", NO_CHOICE), "(a|b)*(ab)", ("(ab)*(a)", "groups", NO_CHOICE), ("(a*)?", "groups", NO_CHOICE), ("(b|(a))+", "groups", NO_CHOICE),
    ("a+?b*", "place", NO_MIXTURE), ("(a|b)+?c", "place", NO_MIXTURE), ("<(.*?)>(.*)<", "place", NO_MIXTURE), ("a*?|b", "place", NO_MIXTURE), ("(?:ab)+?", "place", NO_MIXTURE), ("(\\d+?)-(\\d+)", "place", NO_MIXTURE),
    ("(ab)??c", "place", NO_MIXTURE), ("(a+?)(b+)", "place", NO_MIXTURE), ("(?:ab)*?c", "place", NO_MIXTURE),
    # what tries again and again
    ("(a)\\1", "test", NO_REFERENCE), ("(\\w)\\1", "test", NO_REFERENCE), ("a(?=b)", "test", NO_LOOKING), ("a(?!b)", "test", NO_LOOKING), ("(?<=a)b", "test", NO_LOOKING), ("(?<!a)b", "test", NO_LOOKING),
    ("\\ya", "test", NO_BORDER), ("a\\M", "test", NO_BORDER), ("\\mb", "test", NO_BORDER), ("\\Yb", "test", NO_BORDER), ("[[:<:]]a", "test", NO_BORDER), ("a[[:>:]]", "test", NO_BORDER), ("***=a.b", "test", "directors"),
    # \A, \Z, options, comments
    "\\Aa", "c\\Z", "\\Aabc\\Z", "(?i)abc", "(?i)ä", "(?i)[a-c]+", "(?i)[[:upper:]]+", "(?c)a", "(?n)^l.*", "(?n).+$", "(?n)[^a]+", "(?p)^line.*", "(?w)^line.*$", "(?s)line.*two", "(?x) a b # both", "(?q)a.b", "(?q)[x]",
    "a(?#comment)b", "(?x)a # (", "(?in)^LINE",
    # refused by both
    "(", ")", "a)", "(a", "[a", "[z-a]", "[a-c-e]", "a**", "a+*", "*a", "+", "?", "a|*b", "^*", "$+", "a{2,1}", "a{256}", "a{1", "(*a)", "[[:nothing:]]", "[[:alpha:]-z]", "\\", "\\q", "\\z", "(?z)a", "(?a", "[\\q]", "[[.a", "(?:a", "a{1,2}{3}",
    "[a-\\d]", "\\u12", "(?i", "\\xg",
]


def quoted(text):
    return "'" + text.replace("'", "''") + "'"


def uses_of(pattern, flags=""):
    more = f", {quoted(flags)}" if flags else ""
    return {"test": [f"a ~ {quoted(pattern)}", f"a !~* {quoted(pattern)}", f"regexp_like(a, {quoted(pattern)}{more})"],
            "place": [f"regexp_replace(a, {quoted(pattern)}, '<\\&>', {quoted('g' + flags)})", f"regexp_replace(a, {quoted(pattern)}, '-'{more})", f"regexp_substr(a, {quoted(pattern)})",
                      f"regexp_count(a, {quoted(pattern)})", f"regexp_instr(a, {quoted(pattern)}, 1, 2)", f"regexp_split_to_array(a, {quoted(pattern)}{more})"],
            "groups": [f"substring(a FROM {quoted(pattern)})", f"regexp_match(a, {quoted(pattern)}{more})", f"regexp_replace(a, {quoted(pattern)}, '[\\2|\\1]', {quoted('g' + flags)})"]}


def expressions_of(pattern):
    text, refused_from, reason = pattern if isinstance(pattern, tuple) else (pattern, None, None)
    refused = {"test": ["test", "place", "groups"], "place": ["place", "groups"], "groups": ["groups"], None: []}[refused_from]
    return [(one, reason) if use in refused else one for use, all_of in uses_of(text).items() for one in all_of]


def cases():
    """For the judge: columns with their values, and expressions over them."""
    made = [([("a", "text", TEXTS)], expressions_of(pattern)) for pattern in PATTERNS]
    flagged = [("^l.*$", "n"), ("^l.*$", "i"), ("LINE", "i"), ("line.*two", "s"), ("line.*two", "n"), ("line.*", "p"), ("^line", "w"), ("a b", "x"), ("a.b", "q"), ("[A-C]+", "i"), ("A|B", "ic"), ("^", "n"), ("$", "n"), ("ä+", "i")]
    made += [([("a", "text", TEXTS)], [one for all_of in uses_of(pattern, flags).values() for one in all_of]) for pattern, flags in flagged]
    made.append(([("a", "text", TEXTS)], [
        "regexp_replace(a, '[ab]', 'X', 1)", "regexp_replace(a, '[ab]', 'X', 2, 1)", "regexp_replace(a, '[ab]', 'X', 1, 2)", "regexp_replace(a, '[ab]', 'X', 1, 0)", "regexp_replace(a, '[AB]', 'X', 1, 0, 'i')",
        "regexp_replace(a, '[ab]', 'X', 0)", "regexp_replace(a, '[ab]', 'X', 1, -1)", "regexp_replace(a, '[ab]', 'X', 99)", "regexp_replace(a, '(a)(b)?', '\\2\\1\\\\\\x\\0')", "regexp_replace(a, 'a', '\\')", "regexp_replace(a, 'a', '')",
        "regexp_replace(a, '', '-', 'g')", "regexp_replace(a, 'a', NULL)", "regexp_replace(a, 'a', 'b', 'z')", "regexp_replace(a, NULL, 'b')", "regexp_count(a, 'a', 2)", "regexp_count(a, 'A', 1, 'i')", "regexp_count(a, 'a', 0)", "regexp_count(a, '', 1)",
        "regexp_count(a, 'a', 100)", "regexp_instr(a, 'b')", "regexp_instr(a, 'b', 2)", "regexp_instr(a, 'b', 1, 1, 1)", "regexp_instr(a, '(a)(b)', 1, 1, 0, 'i', 2)", "regexp_instr(a, 'b', 1, 1, 0, '', 1)", "regexp_instr(a, 'b', 1, 1, 2)",
        "regexp_instr(a, 'b', 0)", "regexp_instr(a, 'b', 1, 0)", "regexp_instr(a, '(a)(b)?', 1, 1, 0, '', 2)", "regexp_instr(a, 'b', 1, 1, 0, '', 3)", "regexp_instr(a, 'b', 1, 1, 0, '', -1)", "regexp_substr(a, '[a-c]+', 2)", "regexp_substr(a, '[a-c]', 1, 2)",
        "regexp_substr(a, '([a-c])([a-c])', 1, 1, 'i', 2)", "regexp_substr(a, 'b', 0)", "regexp_substr(a, '\\w+', 1, 2)", "regexp_substr(a, 'b', 1, 1, '', 2)", "regexp_like(a, 'a', 'g')", "regexp_match(a, 'a', 'g')", "regexp_split_to_array(a, 'a', 'g')",
        "regexp_split_to_array(a, '')", "regexp_split_to_array(a, '\\s*')", "(regexp_match(a, '(\\d+)-(\\d+)'))[2]", "array_to_string(regexp_split_to_array(a, '[,;. ]'), '|')", "regexp_match(a, 'b') IS NULL", "cardinality(regexp_match(a, '(a)(b)?'))",
        "a ~ NULL", "a ~ '日' OR a ~* 'Ä'", "CASE WHEN a ~ 'a' THEN substring(a FROM 'a.') END", "a::text !~ '^\\s*$'", "a ~ ('a' || 'b')"]))
    likes = ["", "%", "a%", "%b%", "_", "(a|b)%", "(a|b)*", "a+", "[a-c]+", "%[0-9]%", "abc|ABC", "a.b", "a\\.b", "a\\_b", "\\d%", "%\\s%", "(ab){2}%", "^a", "$9^", "[^a]%", "%日%", "(", "[a", "a\\"]
    made.append(([("a", "text", TEXTS)], [f"a {negation}SIMILAR TO {quoted(one)}" for one in likes for negation in ["", "NOT "]] +
                 ["a SIMILAR TO 'a#%' ESCAPE '#'", "a SIMILAR TO 'a%' ESCAPE ''", "a SIMILAR TO 'a' ESCAPE 'xx'", "a SIMILAR TO NULL"]))
    some = [text for text in ["a", "b+", "(a)(b)?", "[a", "a{2,1}", "", "^a", "\\d+", "A", "(?i)A", "\\"]] + [None]
    made.append(([("a", "text", TEXTS), ("b", "text", some)], ["a ~ b", "a !~ b", "a ~* b", "a !~* b", "regexp_match(a, b)", "substring(a FROM b)", "regexp_replace(a, b, '<\\1>', 'g')", "regexp_replace('abcABC', b, a)", "regexp_split_to_array(a, b)",
                                                                  "regexp_count(a, b)", "regexp_like(a, b, 'i')", "regexp_substr(a, b)", "regexp_instr(a, b)", "a SIMILAR TO b"]))
    made.append(([("a", "text", ["abc", "aXbX", None]), ("b", "text", ["", "i", "g", "gi", "n", "z", "1", None])], ["regexp_replace(a, 'x', '-', b)", "regexp_like(a, 'x', b)", "regexp_match(a, 'x', b)", "regexp_split_to_array(a, 'x', b)"]))
    return made
