"""The files under test and what is found wrong with them."""
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

CPP = (".h", ".cc")


@dataclass(frozen=True, order=True)
class Finding:
    path: str
    line: int
    rule: str
    message: str

    def __str__(self):
        return f"{self.path}:{self.line}: [{self.rule}] {self.message}"


class Tree:
    """A source tree: what git knows or would add; every file where there is no git. Paths are relative, with '/'."""

    def __init__(self, root):
        self.root = Path(root)
        self.files = sorted(self._from_git() or self._from_disk())
        self._known = set(self.files) | {str(parent) for file in self.files for parent in Path(file).parents}

    def _from_git(self):
        if not (self.root / ".git").exists():
            return None
        listed = subprocess.run(["git", "-C", str(self.root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                                capture_output=True, text=True, check=True).stdout
        return [name for name in listed.split("\0") if name and (self.root / name).is_file()]

    def _from_disk(self):
        found = []
        for folder, _, names in os.walk(self.root):
            found += [str((Path(folder) / name).relative_to(self.root)) for name in names]
        return found

    def holds(self, path):
        """Whether a file or folder of that name is in the tree."""
        return os.path.normpath(path) in self._known

    def read(self, path):
        return (self.root / path).read_text(encoding="utf-8", errors="replace")

    def under(self, *folders, suffixes=None):
        """Files below the folders, optionally of these suffixes."""
        prefixes = tuple(folder + "/" for folder in folders)
        return [name for name in self.files if name.startswith(prefixes) and (suffixes is None or name.endswith(suffixes))]
