"""Everything that is not C++: room READMEs, the picture of the house, configuration, what stands at the top."""
import json
import re
import subprocess
from pathlib import PurePosixPath
from xml.etree import ElementTree

from tree import CPP, Finding

TOP = re.compile(r"CMakeLists\.txt|CMakePresets\.json|src|include|conf|tests|bench|docker|README\.md|LICENSE|\..+")
README_LINES = 60
QUOTED = re.compile(r"`([^`\n]+)`")
# A word in backquotes is a file name if it looks like one; `<noun>.h`, `*.cc` and `x.h` are patterns.
FILE_NAME = re.compile(r"[\w./-]+\.(h|cc|py|sh|txt|md|yaml|json|sql|cmake|xml)|(src|include|tests|conf|bench|docker)/[\w./-]*")


def check(tree):
    return top_level(tree) + readmes(tree) + configuration(tree)


def top_level(tree):
    entries = sorted({path.split("/")[0] for path in tree.files})
    return [Finding(entry, 1, "top-level", "not a place of its own: src, include, conf, tests, bench or docker") for entry in entries
            if not TOP.fullmatch(entry)]


def readmes(tree):
    findings = []
    folders = {str(PurePosixPath(path).parent) for path in tree.under("src", suffixes=CPP)}
    for folder in sorted(folders):
        path = f"{folder}/README.md"
        if not tree.holds(path):
            findings.append(Finding(path, 1, "readme", "missing: what the room is for, its files in reading order, how to add a thing"))
            continue
        lines = len(tree.read(path).splitlines())
        if lines > README_LINES:
            findings.append(Finding(path, lines, "readme", f"{lines} lines, at most {README_LINES}"))
    for path in tree.under("src", "conf", "docker", suffixes=("README.md",)) + ["README.md"] * tree.holds("README.md"):
        findings += _missing_names(tree, path)
    return findings


def _missing_names(tree, path):
    folder = PurePosixPath(path).parent
    room = str(folder).removeprefix("src/")
    places = [str(folder), "", "src", "include", "tests", f"tests/{room}"]
    findings = []
    for number, line in enumerate(tree.read(path).splitlines(), 1):
        for name in QUOTED.findall(line):
            if not FILE_NAME.fullmatch(name) or name.startswith("/") or re.fullmatch(r"([xyz]|name|noun)\.\w+", name):
                continue
            if not any(tree.holds(str(PurePosixPath(place) / name)) for place in places):
                findings.append(Finding(path, number, "readme", f"`{name}` does not exist"))
    return findings


def configuration(tree):
    """JSON, XML and shell parse. YAML is read by the parser the daemon uses: ctest `conf_yaml_parses`."""
    findings = []
    for path in tree.under("conf", "docker", "tests", "bench") + ["CMakePresets.json"] * tree.holds("CMakePresets.json"):
        try:
            if path.endswith(".json") and "/_delta_log/" not in path:  # a log's are of one document a line
                json.loads(tree.read(path))
            elif path.endswith(".xml"):
                ElementTree.fromstring(tree.read(path))
            elif path.endswith(".sh"):
                subprocess.run(["bash", "-n", str(tree.root / path)], check=True, capture_output=True, text=True)
        except (ValueError, ElementTree.ParseError) as error:
            findings.append(Finding(path, 1, "parse", str(error)))
        except subprocess.CalledProcessError as error:
            findings.append(Finding(path, 1, "parse", error.stderr.strip()))
    return findings
