#!/usr/bin/env python3
"""Makes the library of the corpus: corpus.py CORPUS.toml DIRECTORY.

Each package is downloaded by its registry's own client, its hash is compared, and its files are laid below
DIRECTORY/PACKAGE."""

import fnmatch
import hashlib
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile
from pathlib import Path


def download(package, directory):
    """The package's file, in the empty directory."""
    if package["registry"] == "pypi":
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:",
               "--platform", package["platform"], "--python-version", "3.11", "--implementation", "cp",
               "--abi", "cp311", "--abi", "none"]
        subprocess.run([*pip, "--dest", str(directory), f"{package['package']}=={package['version']}"], check=True)
    else:
        wanted = f"{package['package']}@{package['version']}"
        subprocess.run(["npm", "pack", "--silent", wanted], cwd=directory, check=True, stdout=subprocess.DEVNULL)
    (file,) = directory.iterdir()
    return file


def members(file):
    """Names and contents of what is in a wheel or in a package of npm."""
    if file.suffix == ".whl":
        with zipfile.ZipFile(file) as archive:
            for name in archive.namelist():
                if not name.endswith("/"):
                    yield name, lambda name=name: archive.read(name)
    else:
        with tarfile.open(file) as archive:
            for member in archive:
                if member.isfile():
                    yield member.name, lambda member=member: archive.extractfile(member).read()


def unpack(file, patterns, directory):
    found = 0
    for name, read in members(file):
        if any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns):
            target = (directory / name).resolve()
            if directory.resolve() not in target.parents:
                raise ValueError(f"{file.name} leaves its directory by {name}")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(read())
            found += 1
    if not found:
        raise ValueError(f"{file.name} has nothing of {patterns}")


def main():
    corpus, library = tomllib.loads(Path(sys.argv[1]).read_text(encoding="utf-8")), Path(sys.argv[2])
    for name, package in corpus["package"].items():
        with tempfile.TemporaryDirectory() as directory:
            file = download(package, Path(directory))
            digest = hashlib.sha256(file.read_bytes()).hexdigest()
            if digest != package["sha256"]:
                raise ValueError(f"{name}: {file.name} is {digest}, not {package['sha256']}")
            unpack(file, package["files"], library / name)
        print(name, flush=True)


main()
