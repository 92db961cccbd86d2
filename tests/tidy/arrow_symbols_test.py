"""Arrow's libraries show their own names only: no OpenSSL, no simdjson for others to bind to. Arguments: the libraries."""
import re
import subprocess
import sys

FOREIGN = re.compile(r"(EVP|SSL|X509|CRYPTO|BIO|RSA|OPENSSL)_\w+|.*simdjson.*")
REQUIRED = {"libarrow.so": "_ZN5arrow6StatusC", "libparquet.so": "_ZN7parquet"}  # the check reads a table that holds something


def visible(library):
    """Names that the dynamic linker may bind others to."""
    table = subprocess.run(["readelf", "--dyn-syms", "--wide", library], capture_output=True, text=True, check=True).stdout
    for line in table.splitlines():
        columns = line.split()
        if len(columns) >= 8 and columns[0].endswith(":") and columns[5] in ("DEFAULT", "PROTECTED") and columns[6] != "UND":
            yield columns[7].split("@")[0]


def main(libraries):
    failures = 0
    for library in libraries:
        names = set(visible(library))
        leaked = sorted(name for name in names if FOREIGN.fullmatch(name) and "5arrow" not in name and "7parquet" not in name)
        if leaked:
            failures += 1
            print(f"{library} exports {len(leaked)} foreign names, such as {', '.join(leaked[:5])}: conf/cmake/hide_symbols.py did not run on it")
        for stem, prefix in REQUIRED.items():
            if stem in library and not any(name.startswith(prefix) for name in names):
                failures += 1
                print(f"{library} shows no {prefix}*: its own API was hidden")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
