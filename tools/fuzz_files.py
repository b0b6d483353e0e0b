"""Load thousands of damaged and distorted model files, and see that each is loaded or refused and nothing else happens.

    python tools/fuzz_files.py --count 10000 --seed 0

Files of every format that kx reads are written, and then changed at random: single bytes, runs of bytes, lengths,
values and names inside the JSON of a config, members of an archive put together anew. Each is loaded in a process that
watches itself (`Watch`): an import, a file opened other than the given one, a program started, or code compiled is a
finding; so are a crash of the process, a load of more than `SECONDS`, more than `MEMORY` bytes more memory, and an
exception that does not say what is wrong (KeyError, RecursionError, ...).
"""

import argparse
import codecs
import collections
import importlib
import io
import json
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
import zipfile
from pathlib import Path

import numpy as np

import kx

SECONDS = 5
MEMORY = 1 << 30
CLEAR = (ValueError, TypeError, NotImplementedError, OSError)

# ---- the files that are changed ----------------------------------------------------------------------------------


def small_models():
    """A few models with many kinds of parts, trained a step so that there is state of all kinds."""
    L = kx.layers
    inputs = kx.Input((8,), dtype="int32")
    x = L.Embedding(11, 4, mask_zero=True)(inputs)
    x = L.Bidirectional(L.LSTM(3, dropout=0.1))(x)
    nested = kx.Sequential(
        [kx.Input((6,)), L.Dense(4, "relu", kernel_regularizer="l2"), L.BatchNormalization()]
    )
    x = kx.ops.concatenate([nested(x) * 2.0, x], axis=-1)
    words = kx.Model(inputs, L.Dense(1, "sigmoid", name="out")(x))
    words.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    words.fit(np.ones((4, 8), "int32"), np.ones((4, 1)), verbose=0)
    images = kx.Sequential(
        [
            kx.Input((6, 6, 1)),
            L.Conv2D(2, 3, padding="same"),
            L.MaxPooling2D(),
            L.Flatten(),
            L.Dropout(0.5),
            L.Dense(2),
        ]
    )
    images.compile(kx.optimizers.SGD(0.1, momentum=0.9), "mse")
    images.fit(np.ones((4, 6, 6, 1)), np.ones((4, 2)), verbose=0)
    return {"words": words, "images": images}


def write_corpus(folder):
    """Write the models in all formats; returns the names of the files."""
    for name, model in small_models().items():
        for suffix in (".keras", ".h5"):
            model.save(folder / f"{name}{suffix}")
        for suffix in (".weights.h5", ".safetensors"):
            model.save_weights(folder / f"{name}{suffix}")
        model.save_weights(folder / f"{name}_old.h5")
        (folder / f"{name}.json").write_text(model.to_json())
        (folder / f"{name}.yaml").write_text(model.to_yaml())
    return sorted(path.name for path in folder.iterdir())


# ---- changes -----------------------------------------------------------------------------------------------------

NUMBERS = (0, 1, -1, 255, 2**15, 2**31 - 1, 2**32, 2**63 - 1, -(2**63), 10**30, 1e308, float("nan"))
WORDS = (
    "os", "system", "builtins", "eval", "function", "__lambda__", "Lambda", "keras.utils", "get_file", "../../../tmp/x",
    "/etc/passwd", "__import__", "Functional", "Sequential", "Dense", "", "\x00", "x" * 5000, "__class__", "float32",
    "__numpy__", "__tensor__", "TorchModuleWrapper", "TFSMLayer", "StringLookup", "http://127.0.0.1:9/x",
)  # fmt: skip


def changed_bytes(data, rng):
    """The bytes with a few of them changed, cut out, doubled or made up."""
    data = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 4, 16))):
        at = rng.randrange(len(data) + 1)
        kind = rng.randrange(7)
        if kind == 0 and data:
            data[at % len(data)] ^= 1 << rng.randrange(8)
        elif kind == 1 and data:
            data[at % len(data)] = rng.choice((0, 255, 127, 128, rng.randrange(256)))
        elif kind == 2:
            data[at : at + rng.choice((4, 8))] = (
                rng.choice(NUMBERS[:9]).to_bytes(8, "little", signed=True)
                if rng.random() < 0.5
                else os.urandom(0)
            )
        elif kind == 3:
            del data[at : at + rng.randrange(1, 200)]
        elif kind == 4:
            data[at:at] = data[at : at + rng.randrange(1, 200)]
        elif kind == 5:
            data[at:at] = rng.randbytes(rng.randrange(1, 50))
        else:
            del data[rng.randrange(len(data) + 1) :]
    return bytes(data)


def changed_value(value, rng):
    """A JSON value with one of its parts changed."""
    places = []

    def walk(item):
        if isinstance(item, (dict, list)):
            places.extend((item, key) for key in (item if isinstance(item, dict) else range(len(item))))
            for inner in item.values() if isinstance(item, dict) else item:
                walk(inner)

    walk(value)
    for _ in range(rng.choice((1, 1, 2, 3))):
        if not places:
            break
        holder, key = rng.choice(places)
        kind = rng.randrange(8)
        try:
            if kind == 0:
                holder[key] = rng.choice(NUMBERS)
            elif kind == 1:
                holder[key] = rng.choice(WORDS)
            elif kind == 2:
                holder[key] = rng.choice(
                    (None, True, [], {}, [[]], {"class_name": rng.choice(WORDS), "config": {}})
                )
            elif kind == 3 and isinstance(holder, dict):
                holder[rng.choice(WORDS)] = holder.pop(key)
            elif kind == 4:
                del holder[key]
            elif kind == 5:
                other, place = rng.choice(places)
                holder[key] = json.loads(json.dumps(other[place]))
            elif kind == 6:
                for _ in range(rng.choice((3, 100, 2000))):
                    holder[key] = (
                        [holder[key]]
                        if rng.random() < 0.5
                        else {"config": holder[key], "class_name": "Dense"}
                    )
            else:
                holder[key] = [holder[key]] * rng.choice((2, 50))
        except (KeyError, IndexError, TypeError, RecursionError):
            continue
    return value


def changed_text(text, rng):
    """JSON with a value changed, or any text with bytes changed."""
    if rng.random() < 0.7:
        try:
            return json.dumps(changed_value(json.loads(text), rng)).encode()
        except (ValueError, RecursionError):
            pass
    return changed_bytes(text, rng)


def changed_archive(data, rng):
    """A zip with a member changed and the rest as it was, or with its bytes changed."""
    if rng.random() < 0.25:
        return changed_bytes(data, rng)
    with zipfile.ZipFile(io.BytesIO(data)) as source:
        members = [(info.filename, source.read(info)) for info in source.infolist()]
    at = rng.randrange(len(members))
    name, content = members[at]
    if rng.random() < 0.1:
        name = rng.choice(WORDS[9:11])
    content = changed_text(content, rng) if name.endswith(".json") else changed_hdf5(content, rng)
    members[at : at + 1] = [(name, content)] * rng.choice((1, 1, 1, 1, 0, 2))
    out = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(out, "w", rng.choice((0, 8))) as archive:
        warnings.simplefilter("ignore")  # of two members of one name
        for name, content in members:
            archive.writestr(name, content)
    return out.getvalue()


def changed_hdf5(data, rng):
    """HDF5 with bytes changed, most of them in the headers of its parts, or JSON in its attributes changed."""
    starts = [
        i for i in range(0, len(data), 8) if data[i : i + 4] in (b"OHDR", b"TREE", b"HEAP", b"SNOD", b"GCOL")
    ]
    at = data.find(b'{"class_name"')
    if at >= 0 and rng.random() < 0.5:
        end = data.find(b"\x00", at)
        part = changed_text(data[at:end], rng)[: end - at]
        return data[:at] + part.ljust(end - at) + data[end:]
    if starts and rng.random() < 0.6:
        out = bytearray(data)
        for _ in range(rng.choice((1, 1, 2, 5))):
            place = rng.choice(starts) + rng.randrange(4, 64)
            out[place % len(out)] = rng.choice((0, 1, 2, 255, 127, 128, rng.randrange(256)))
        return bytes(out)
    return changed_bytes(data, rng)


def changed(name, data, rng):
    """A changed copy of a file's bytes, in the way of its format."""
    if name.endswith(".keras"):
        return changed_archive(data, rng)
    if name.endswith(".h5"):
        return changed_hdf5(data, rng)
    return changed_text(data, rng)


# ---- loading, watched --------------------------------------------------------------------------------------------

FORBIDDEN = {
    "import", "exec", "compile", "os.system", "os.exec", "os.posix_spawn", "subprocess.Popen", "marshal.loads",
    "pickle.find_class", "socket.connect", "socket.getaddrinfo", "urllib.Request", "os.symlink", "os.link",
    "ctypes.dlopen", "shutil.rmtree",
}  # fmt: skip


class Watch:
    """An audit hook that notes, while it is on, what a file must not make the loader do."""

    def __init__(self, folder):
        self.folder = os.path.realpath(folder)
        self.seen = None
        sys.addaudithook(self)

    def __call__(self, event, arguments):
        if self.seen is None:
            return
        if event == "open":
            path = arguments[0]
            if isinstance(path, int) or os.path.realpath(os.fsdecode(path)).startswith(self.folder):
                return
            self.seen.append(f"open {path!r}")
        elif event in FORBIDDEN:
            self.seen.append(f"{event} {str(arguments[:2])[:200]}")

    def during(self, function):
        """Run a function; return what was seen and the exception that it ended with, if any."""
        self.seen, problem = [], None
        try:
            function()
        except Exception as error:
            problem = error
        seen, self.seen = self.seen, None
        return seen, problem


class TooLong(BaseException):
    """A load took more than SECONDS."""


def _too_long(*_):
    raise TooLong


def load(path, models):
    """Load a file in all the ways that its name asks for."""
    name = path.name
    if name.endswith(".json"):
        kx.models.model_from_json(path.read_bytes().decode(errors="surrogateescape"))
    elif name.endswith(".yaml"):
        kx.models.model_from_yaml(path.read_bytes().decode(errors="surrogateescape"))
    elif name.endswith((".weights.h5", "_old.h5", ".safetensors")):
        model = models["words" if name.startswith("words") else "images"]
        kept = model.get_weights()
        try:
            model.load_weights(path)
        finally:
            model.set_weights(kept)
    else:
        kx.models.load_model(path)


def run_cases(corpus, first, count, seed):
    """Load the cases of these numbers, one after the other, and write a line for each to standard output."""
    warnings.simplefilter("ignore")
    models = small_models()
    with tempfile.TemporaryDirectory() as folder:
        tempfile.tempdir = folder
        watch = Watch(folder)
        names = sorted(os.listdir(corpus))
        importlib.import_module("optree")
        codecs.lookup("cp437")  # of names in archives
        for name in names:  # what is imported on first use is imported now, on good files and on bad ones
            for data in (
                (corpus / name).read_bytes(),
                b"",
                changed(name, (corpus / name).read_bytes(), random.Random(1)),
            ):
                case = Path(folder) / name
                case.write_bytes(data)
                watch.during(lambda case=case: load(case, models))
        for warm in ("Unknown", "nothing"):
            watch.during(
                lambda warm=warm: kx.models.model_from_json(json.dumps({"class_name": warm, "config": {}}))
            )
        signal.signal(signal.SIGALRM, _too_long)
        for number in range(first, first + count):
            rng = random.Random(f"{seed}/{number}")
            name = rng.choice(names)
            case = Path(folder) / name
            case.write_bytes(changed(name, (corpus / name).read_bytes(), rng))
            print(json.dumps({"case": number, "file": name}), flush=True)
            before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.perf_counter()
            signal.alarm(SECONDS)
            try:
                seen, problem = watch.during(lambda case=case: load(case, models))
            except TooLong:
                seen, problem = [f"more than {SECONDS} s"], None
                watch.seen = None
            signal.alarm(0)
            grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) << 10
            if grown > MEMORY:
                seen.append(f"{grown >> 20} MB more memory")
            outcome = type(problem).__name__ if problem is not None else "loaded"
            if problem is not None and not isinstance(problem, CLEAR):
                seen.append("".join(traceback.format_exception(problem))[-1500:])
            line = {
                "done": number,
                "outcome": outcome,
                "seconds": time.perf_counter() - start,
                "findings": seen,
            }
            print(json.dumps(line), flush=True)


# ---- all cases, in processes that may die ------------------------------------------------------------------------


def fuzz(corpus, count, seed, report=print):
    """Run `count` cases; return (a Counter of outcomes, the findings as (case, file, text), the longest time)."""
    outcomes, findings, longest, first = collections.Counter(), [], 0.0, 0
    while first < count:
        command = [
            sys.executable,
            __file__,
            "--cases",
            str(corpus),
            str(first),
            str(min(1000, count - first)),
            str(seed),
        ]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        case = None
        for line in process.stdout:
            record = json.loads(line)
            if "case" in record:
                case = record
                continue
            outcomes[record["outcome"]] += 1
            longest = max(longest, record["seconds"])
            findings += [(record["done"], case["file"], text) for text in record["findings"]]
            first, case = record["done"] + 1, None
        if process.wait() != 0 or case is not None:
            if case is None:
                raise RuntimeError(
                    f"the process of the cases from {first} ended with {process.returncode} before any"
                )
            outcomes["crash"] += 1
            findings.append((case["case"], case["file"], f"the process died with {process.returncode}"))
            first = case["case"] + 1
        report(f"{first} of {count}: {dict(outcomes)}, {len(findings)} findings, longest {longest:.2f} s")
    return outcomes, findings, longest


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", default="0")
    parser.add_argument("--keep", type=Path, help="write the files of findings to this folder")
    parser.add_argument(
        "--cases", nargs=4, metavar=("CORPUS", "FIRST", "COUNT", "SEED"), help=argparse.SUPPRESS
    )
    options = parser.parse_args()
    if options.cases:
        corpus, first, count, seed = options.cases
        run_cases(Path(corpus), int(first), int(count), seed)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        names = write_corpus(Path(folder))
        _, findings, _ = fuzz(Path(folder), options.count, options.seed)
        for number, name, text in findings:
            print(f"\ncase {number}, {name}: {text}")
            if options.keep:
                rng = random.Random(f"{options.seed}/{number}")
                assert rng.choice(names) == name
                options.keep.mkdir(parents=True, exist_ok=True)
                (options.keep / f"{number}-{name}").write_bytes(
                    changed(name, (Path(folder) / name).read_bytes(), rng)
                )
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
