#!/usr/bin/env python3
"""Refuses what breaks the house rules of backend/: includes between floors, engines outside their folder, floating point in
domain code and SQL, banned calls, packages that the image's build lacks. Prints each breach as file:line and exits 1 when there is any."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent / "backend"
SRC = ROOT / "src"
# folder: what it may include from (docs/architecture.md, "The house")
MAY_USE = {
    "base": {"base"},
    "json": {"base", "json"},
    "crypto": {"base", "crypto"},
    "media": {"base", "media"},
    "files": {"base", "files"},
    "excel": {"base", "excel"},
    "db": {"base", "json", "crypto", "db"},
    "http": {"base", "json", "crypto", "http"},
    "cloud": {"base", "json", "crypto", "files", "cloud"},
    "domain": {"base", "json", "crypto", "media", "files", "excel", "db", "http", "domain"},
    "legacy": {"base", "json", "crypto", "media", "files", "db", "domain", "legacy"},
}
EVERYTHING = {"base", "json", "crypto", "media", "files", "excel", "db", "http", "cloud", "domain", "legacy", "app", "ops"}
ENGINES = {"sqlite3.h": ["db"], "libpq-fe.h": ["db"], "microhttpd.h": ["http"], "gd.h": ["media"], "xlsxwriter.h": ["excel"],
           "zip.h": ["excel", "files"], "expat.h": ["excel", "cloud"], "curl/curl.h": ["cloud"], "lzma.h": ["files"]}
BANNED = r"\b(sprintf|vsprintf|strcpy|strcat|strtok|atoi|atol|atof|gmtime|localtime|rand|alloca)\s*\("
FLOATING = r"\b(float|double)\b"
FLOATING_SQL = r"\b(REAL|FLOAT|DOUBLE)\b"

breaches: list[str] = []


def strip(text: str) -> str:
    """Without comments and string literals, line numbers kept."""
    blank = lambda m: re.sub(r"[^\n]", " ", m.group())
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"', blank, text, flags=re.S)


def find(path: pathlib.Path, text: str, pattern: str, what: str) -> None:
    for number, line in enumerate(text.splitlines(), start=1):
        for match in re.finditer(pattern, line):
            breaches.append(f"{path.relative_to(ROOT)}:{number}: {what}: {match.group().strip()}")


def check_includes(path: pathlib.Path, folder: str, text: str) -> None:
    for number, line in enumerate(text.splitlines(), start=1):
        match = re.match(r'\s*#\s*include\s*[<"]([^>"]+)[>"]', line)
        if not match:
            continue
        name = match[1]
        where = f"{path.relative_to(ROOT)}:{number}"
        if folder not in ENGINES.get(name, [folder]):
            breaches.append(f"{where}: {name} belongs to {'/ and '.join(ENGINES[name])}/")
        first = name.split("/")[0]
        if first in EVERYTHING and first not in MAY_USE.get(folder, EVERYTHING):
            breaches.append(f"{where}: {folder}/ must not use {name}")


for path in sorted(SRC.glob("*/*.[ch]")):
    folder = path.parent.name
    text = path.read_text(encoding="utf-8")
    code = strip(text)
    check_includes(path, folder, text)
    find(path, code, BANNED, "banned call")
    if folder != "base":
        find(path, code, r"(?<![\w.>])time\s*\(", "the clock is asked in base/ only")
    if folder in {"domain", "legacy", "base", "json", "db"}:
        find(path, code, FLOATING, "floating point")
    find(path, text if folder in {"domain", "legacy"} else "", r"\bCAST\([^)]* AS (REAL|FLOAT|DOUBLE[^)]*)\)", "floating point in SQL")
for path in sorted((ROOT / "sql").glob("*.sql")):
    find(path, re.sub(r"--[^:].*", "", path.read_text(encoding="utf-8")), FLOATING_SQL, "floating point in SQL")

# What a build wants on a machine, it wants in the image as well (which has a libgd of its own).
wanted = set(re.search(r"^build_packages=\(([^)]*)\)", (ROOT.parent / "scripts/setup.sh").read_text(encoding="utf-8"), re.M)[1].split())
installed = set((ROOT / "Dockerfile").read_text(encoding="utf-8").split())
breaches += [f"Dockerfile: {name} is not installed, scripts/setup.sh has it" for name in sorted(wanted - installed - {"libgd-dev"})]

print("\n".join(breaches) or f"floors stand: {len(list(SRC.glob('*/*.[ch]')))} files looked at")
sys.exit(1 if breaches else 0)
