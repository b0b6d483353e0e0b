"""Pack files of Keras 3.15.1 and tf_keras, and what their models do next, from a folder of tools/round_trips.py.

    python tools/round_trips.py all FOLDER PYTHON
    python tools/record/saved_round_trips.py FOLDER

Writes packages/kx-models/tests/golden/round_trips.tar.xz, of those that kx read as the other library did.
"""

import io
import json
import pathlib
import sys
import tarfile

TARGET = pathlib.Path(__file__).parents[2] / "packages/kx-models/tests/golden/round_trips.tar.xz"
RECORDED = TARGET.parent / "files"  # of saved_files.py
HDF5 = (
    "attentions",
    "features",
    "nested",
    "own_variables",
    "recurrent",
    "states",
)  # of tf_keras, also as .h5


def members(folder):
    for library in ("keras", "tf_keras"):
        read = json.loads((folder / library / "read_by_kx.json").read_text())
        there = {path.stem for path in RECORDED.glob("*.keras")}
        prefix = "tf_" if library == "tf_keras" else ""
        for name, told in sorted(read.items()):
            suffixes = [".keras"] if f"{prefix}{name}" not in there else []
            suffixes += [".h5"] if library == "tf_keras" and name in HDF5 else []
            suffixes = [suffix for suffix in suffixes if told[suffix] == "yes"]
            for suffix in [*suffixes, ".npz"] if suffixes else []:
                yield f"{library}/{name}{suffix}"


def main(folder):
    with tarfile.open(TARGET, "w:xz", preset=9) as archive:
        for name in members(folder):
            data = (folder / name).read_bytes()
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    print(f"{TARGET.stat().st_size} bytes")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
