#!/usr/bin/env python3
"""Turns files into C: `embed.py migrations OUT FILE…` (NNNN_name.sql) or `embed.py text SYMBOL OUT FILE`."""
import os
import re
import sys


def literal(text: str) -> str:
    out = []
    for line in text.splitlines(keepends=True):
        escaped = line.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r").replace("?", "\\?")
        out.append(f'    "{escaped}"')
    return "\n".join(out) or '    ""'


def read(path: str) -> str:
    with open(path, encoding="utf-8-sig", newline="") as f:
        return f.read()


def migrations(out: str, files: list[str]) -> None:
    rows = []
    for number, path in enumerate(sorted(files), start=1):
        match = re.fullmatch(r"(\d{4})_(\w+)\.sql", os.path.basename(path))
        if not match or int(match[1]) != number:
            sys.exit(f"{path}: expected number {number:04d} and a name")
        rows.append(f'{{{number}, "{match[2]}",\n{literal(read(path))}}},')
    with open(out, "w", encoding="utf-8") as f:
        f.write('#include "db/db.h"\n\nconst struct migration migrations[] = {\n' + "\n".join(rows) +
                "\n};\nconst size_t migration_count = sizeof migrations / sizeof *migrations;\n")


def text(symbol: str, out: str, path: str) -> None:
    with open(out, "w", encoding="utf-8") as f:
        f.write(f"extern const char {symbol}[];\nconst char {symbol}[] =\n{literal(read(path))};\n")


if sys.argv[1] == "migrations":
    migrations(sys.argv[2], sys.argv[3:])
elif sys.argv[1] == "text":
    text(sys.argv[2], sys.argv[3], sys.argv[4])
else:
    sys.exit(__doc__)
