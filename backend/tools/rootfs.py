#!/usr/bin/env python3
"""Makes the file system of the service's image: rootfs.py ROOT PROGRAM VERSION CREATED

The program, every library that it names, what is opened by name at run time (the conversions of iconv that imports need, libgcc),
certificates, the tables of users and names, the notices of all packages, and a list of those packages (CycloneDX)."""
import datetime
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import uuid

OWNER = 1001
CODECS = {"GBK", "GB18030", "UTF-16"}  # excel/sheet_text.c
DATA_PACKAGES = ["unicode-data"]  # compiled into the program
BUILT = pathlib.Path("/usr/local/share/mms-built")  # libraries made here from a Debian source: PACKAGE SOURCE VERSION


def run(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def place(path: pathlib.Path) -> pathlib.Path:
    """Where a file really is, by its own name: folders may be links (/lib)."""
    return path.parent.resolve() / path.name


def libraries_of(program: str) -> list[pathlib.Path]:
    return sorted({place(pathlib.Path(name)) for name in re.findall(r"(/\S+) \(0x", run("ldd", program))})


def triplet() -> str:
    return run("gcc", "-print-multiarch").strip()


def owner_of(file: pathlib.Path) -> str | None:
    """The Debian package that a file came with."""
    real = str(file.resolve())
    for name in (real, str(file), real.removeprefix("/usr")):
        found = subprocess.run(["dpkg-query", "-S", name], capture_output=True, text=True)
        if found.returncode == 0:
            return found.stdout.split(":")[0]
    return None


class Root:
    def __init__(self, folder: str) -> None:
        self.folder = pathlib.Path(folder)
        self.packages: set[str] = set(DATA_PACKAGES)

    def at(self, path: str | pathlib.Path) -> pathlib.Path:
        target = self.folder / str(path).lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        return target

    def copy(self, file: pathlib.Path, to: str | pathlib.Path | None = None) -> None:
        shutil.copyfile(file.resolve(), self.at(to or file))
        shutil.copymode(file.resolve(), self.at(to or file))

    def copy_packaged(self, file: pathlib.Path, to: str | pathlib.Path | None = None) -> None:
        """A file of a Debian package, or of a library that was built here."""
        self.copy(file, to)
        package = owner_of(file)
        if package:
            self.packages.add(package)
        elif not str(file).startswith("/usr/local/lib/"):
            sys.exit(f"rootfs.py: no package has {file}")

    def write(self, path: str, text: str) -> None:
        self.at(path).write_text(text, encoding="utf-8")

    def folder_of(self, path: str, mode: int, owner: int = 0) -> None:
        target = self.at(path)
        target.mkdir(parents=True, exist_ok=True)
        target.chmod(mode)
        os.chown(target, owner, owner)


def copy_libraries(root: Root, program: str) -> None:
    lib = pathlib.Path("/usr/lib") / triplet()
    for link in ("lib", "lib64"):
        if pathlib.Path("/", link).is_symlink():
            root.at(link).symlink_to(f"usr/{link}")
    # libgcc_s is opened when a thread ends.
    for file in [*libraries_of(program), place(lib / "libgcc_s.so.1")]:
        root.copy_packaged(file, lib / file.name if str(file).startswith("/usr/local/") else file)


def copy_codecs(root: Root) -> None:
    folder = pathlib.Path("/usr/lib") / triplet() / "gconv"
    lines = []
    for file in [folder / "gconv-modules", *sorted(folder.glob("gconv-modules.d/*.conf"))]:
        lines += [line.split() for line in file.read_text(encoding="utf-8").splitlines()]
    modules = [words for words in lines if words[:1] == ["module"] and words[3] in CODECS]
    names = {name for words in modules for name in words[1:3]}
    aliases = [words for words in lines if words[:1] == ["alias"] and words[2] in names]
    if {words[3] for words in modules} != CODECS:
        sys.exit("rootfs.py: a conversion is missing in gconv-modules")
    for codec in CODECS:
        root.copy_packaged(folder / f"{codec}.so")
    root.write(f"{folder}/gconv-modules", "".join("\t".join(words) + "\n" for words in aliases + modules))


def write_tables(root: Root) -> None:
    root.copy(pathlib.Path("/etc/ssl/certs/ca-certificates.crt"))
    root.packages.add("ca-certificates")
    root.write("/etc/passwd", f"root:x:0:0:root:/:/sbin/nologin\nmms:x:{OWNER}:{OWNER}:mms:/app:/sbin/nologin\n")
    root.write("/etc/group", f"root:x:0:\nmms:x:{OWNER}:\n")
    root.write("/etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n")
    root.folder_of("/tmp", 0o1777)
    for folder in ("/app", "/app/uploads", "/app/logs", "/data", "/backup"):
        root.folder_of(folder, 0o750 if folder != "/app" else 0o755, OWNER)


def built_here() -> list[dict]:
    """Beside Debian's version: which formats it has is ours."""
    found = []
    for line in BUILT.read_text(encoding="utf-8").splitlines():
        name, source, version = line.split()
        found.append({"type": "library", "name": name, "version": version, "purl": f"pkg:deb/debian/{source}@{version.replace('+', '%2B')}?arch=source",
                      "description": "built from the Debian source, without the formats that are not read"})
    return found


def packaged(names: set[str]) -> list[dict]:
    form = "${Package}\t${Version}\t${Architecture}\t${source:Package}\n"
    found = []
    for line in sorted(set(run("dpkg-query", "-W", "-f", form, *sorted(names)).splitlines())):
        name, version, architecture, source = line.split("\t")
        found.append({"type": "library", "name": name, "version": version, "properties": [{"name": "debian:source", "value": source}],
                      "purl": f"pkg:deb/debian/{name}@{version.replace('+', '%2B')}?arch={architecture}"})
    return found


def write_notices(root: Root) -> None:
    for name in sorted(root.packages):
        root.copy(pathlib.Path("/usr/share/doc", name, "copyright"))
    for file in pathlib.Path("/usr/local/share/doc").glob("*/copyright"):
        root.copy(file, f"/usr/share/doc/{file.parent.name}/copyright")


def write_list(root: Root, version: str, created: str) -> None:
    components = packaged(root.packages) + built_here()
    for component in components:
        component["bom-ref"] = component["purl"]
    program = {"type": "application", "name": "mms-backend", "version": version, "bom-ref": f"mms-backend@{version}"}
    content = {"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
               "metadata": {"timestamp": created, "component": program}, "components": components,
               "dependencies": [{"ref": program["bom-ref"], "dependsOn": [component["bom-ref"] for component in components]}]}
    content["serialNumber"] = f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(content, sort_keys=True))}"
    root.write("/usr/share/mms/sbom.cdx.json", json.dumps(content, ensure_ascii=False, indent=1) + "\n")


def settle_times(root: Root, created: str) -> None:
    """The same files have the same times whenever they are made."""
    when = datetime.datetime.fromisoformat(created.replace("Z", "+00:00")).timestamp()
    for path in [*root.folder.rglob("*"), root.folder]:
        os.utime(path, (when, when), follow_symlinks=False)


def main(folder: str, program: str, version: str, created: str) -> None:
    root = Root(folder)
    copy_libraries(root, program)
    root.copy(pathlib.Path(program))
    copy_codecs(root)
    write_tables(root)
    write_notices(root)
    write_list(root, version, created)
    settle_times(root, created)


main(*sys.argv[1:])
