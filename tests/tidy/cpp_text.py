"""Just enough of C++'s surface to measure functions and find class comments, without a parser."""
import re
from dataclasses import dataclass

_HIDE = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"([^(\s]*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|(?<![0-9A-Za-z_])\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)


def code_only(text):
    """The text with comments, strings and characters blanked; line numbers stay."""
    return _HIDE.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), text)


@dataclass(frozen=True)
class Function:
    name: str
    line: int
    lines: int


def functions(text):
    """Outermost function bodies: braces opened at namespace or class level behind a parameter list."""
    code = re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", lambda m: re.sub(r"[^\n]", " ", m.group()), code_only(text), flags=re.MULTILINE)
    found, stack, head_at, body = [], [], 0, None
    for at, char in enumerate(code):
        if char == "{":
            if "body" not in stack:
                head = code[head_at:at].strip()
                kind = "scope" if _is_scope(head) else "body"
                if kind == "body":
                    # `{`, or `, b_{`, right behind a body: that was a member's initializer, the function's head goes on.
                    body = (at, body[1] if body and (not head or head.startswith(",")) else head)
                stack.append(kind)
            else:
                stack.append("inner")
            head_at = at + 1
        elif char == "}":
            if stack and stack.pop() == "body" and "(" in body[1] and not body[1].endswith("="):
                line = code.count("\n", 0, body[0]) + 1
                name = re.findall(r"([~\w]+)\s*\(", body[1])
                found.append(Function(name[0] if name else "?", line, code.count("\n", body[0], at) + 1))
            head_at = at + 1
        elif char == ";":
            head_at = at + 1
    return found


def _is_scope(head):
    head = re.sub(r"^(public|private|protected)\s*:", "", head).strip()
    head = re.sub(r"^template\s*<[^{;]*?>\s*(?=class|struct|union)", "", head)
    if re.match(r"(inline\s+)?namespace\b|extern\s*$", head):
        return True
    return re.match(r"(typedef\s+)?(class|struct|union|enum)\b", head) is not None and not re.search(r"\)\s*(const|noexcept|override)?\s*$", head)


@dataclass(frozen=True)
class ClassHead:
    kind: str       # class | struct
    name: str
    line: int
    comment: str    # of the comment block right above, joined; empty if none
    has_private: bool


_CLASS = re.compile(r"^(?:template\s*<.*>\s*)?(class|struct)\s+(?:\[\[[^\]]*\]\]\s*|alignas\([^)]*\)\s*|[A-Z_]+(?:\([^)]*\))?\s+)*(\w+)(?:\s+final)?\s*(?::[^:;{].*?)?\s*(\{|$)")


def classes(text):
    """Classes defined at namespace level of a header."""
    lines = text.split("\n")
    found = []
    for number, line in enumerate(lines):
        match = _CLASS.match(line)
        if not match or (not match.group(3) and not (number + 1 < len(lines) and "{" in lines[number + 1])):
            continue
        above = number - 1
        while above >= 0 and re.match(r"\s*(template\s*<.*>|requires\b.*)\s*$", lines[above]):
            above -= 1
        comment = []
        while above >= 0 and lines[above].lstrip().startswith("//"):
            comment.insert(0, lines[above].lstrip().lstrip("/").strip())
            above -= 1
        end = number
        while end < len(lines) and not re.match(r"\};|.*\};?\s*$" if end == number else r"\}", lines[end]):
            end += 1
        body = "\n".join(lines[number:end])
        found.append(ClassHead(match.group(1), match.group(2), number + 1, " ".join(comment),
                               re.search(r"^ ?(private|protected)\s*:", body, re.MULTILINE) is not None))
    return found
