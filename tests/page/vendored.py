"""Third-party files of the tests: `python tests/page/vendored.py` brings in those that `vendor/vendored.json` names.

With `--newest` it takes each package's newest version, and writes down that version and the checksums.
"""

import argparse
import hashlib
import json
import subprocess
import tarfile
import tempfile
from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "vendor"
RECORD = FOLDER / "vendored.json"


def bring(entry: dict[str, str], newest: bool) -> dict[str, str]:
    """Write a package's file into the folder; the entry with its version, licence and checksum.

    Raises ValueError where a pinned version has another content than was written down.
    """
    with tempfile.TemporaryDirectory() as scratch:
        wanted = entry["package"] if newest else f"{entry['package']}@{entry['version']}"
        command = ["npm", "pack", "--json", "--ignore-scripts", "--pack-destination", scratch, wanted]
        packed = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)[0]
        with tarfile.open(Path(scratch, packed["filename"])) as archive:
            content = archive.extractfile(f"package/{entry['file']}").read()
            package = json.load(archive.extractfile("package/package.json"))
    digest = hashlib.sha256(content).hexdigest()
    if not newest and digest != entry["sha256"]:
        raise ValueError(f"{wanted}: {entry['file']} has the checksum {digest}, and not {entry['sha256']}")
    (FOLDER / Path(entry["file"]).name).write_bytes(content)
    return entry | {"version": package["version"], "licence": package["license"], "sha256": digest}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--newest", action="store_true", help="take the newest versions, and write them down")
    newest = parser.parse_args().newest
    entries = [bring(entry, newest) for entry in json.loads(RECORD.read_text(encoding="utf-8"))]
    RECORD.write_text(json.dumps(entries, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
