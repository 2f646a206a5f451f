"""FAISS reads a sealed snapshot as it reads the plain index.

    python read_sealed.py FAISSIL INDEX...

An INDEX is a file, or a folder of them: FOLDER/VERSION/NAME.faiss. Every index file is copied, sealed by the command FAISSIL, and read by FAISS itself: plain and sealed, into memory and through both
kinds of memory map. Whatever FAISS makes of the plain file (an index, its answers to three queries, a refusal, even a crash) it must
make of the sealed one. `faissil unseal` must then give the first bytes back. A crash is an outcome like any other.
"""

import hashlib
import json
import multiprocessing
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import faiss
import numpy

faissil, *indexes = (pathlib.Path(argument).resolve() for argument in sys.argv[1:])
FLAGS = {"memory": 0, "map": faiss.IO_FLAG_MMAP, "interface map": faiss.IO_FLAG_MMAP_IFC}
faiss.omp_set_num_threads(1)


def read(path, flags, binary):
    """What FAISS makes of a file, as text."""
    index = (faiss.read_index_binary if binary else faiss.read_index)(str(path), flags)
    numbers = numpy.random.RandomState(7)
    if binary:
        queries = numbers.randint(0, 256, (3, index.d // 8)).astype("uint8")
    else:
        queries = numbers.rand(3, index.d).astype("float32")
    said = [type(faiss.downcast_IndexBinary(index) if binary else faiss.downcast_index(index)).__name__, index.ntotal]
    if flags == 0:
        bytes_back = (faiss.serialize_index_binary if binary else faiss.serialize_index)(index)
        said.append(hashlib.sha256(bytes_back.tobytes()).hexdigest())
    if index.is_trained and index.ntotal:
        distances, ids = index.search(queries, 5)
        said += [ids.tolist(), distances.tobytes().hex()]
    return json.dumps(said)


def outcome(path, flags, binary):
    """`read` as text, whatever comes of it."""
    try:
        return "read " + read(path, flags, binary)
    except Exception as error:
        # The message ends with what FAISS expected; before that it may name the file.
        return "refused " + type(error).__name__ + " " + str(error).splitlines()[0].split(" at ")[-1].replace(str(path), "")


def outcomes(path, binary, names=tuple(FLAGS)):
    """What comes of each way to read, in a process of its own; if it dies, each way gets one."""
    source, sink = os.pipe()
    child = os.fork()
    if child == 0:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        with os.fdopen(sink, "w") as pipe:
            json.dump({name: outcome(path, FLAGS[name], binary) for name in names}, pipe)
        os._exit(0)
    os.close(sink)
    with os.fdopen(source) as pipe:
        said = pipe.read()
    _, status = os.waitpid(child, 0)
    if status == 0:
        return json.loads(said)
    if len(names) == 1:
        return {names[0]: f"died {status}"}
    return {name: how for one in names for name, how in outcomes(path, binary, (one,)).items()}


def compare(file):
    """What FAISS makes of a file on each way, and what is wrong with that."""
    facts = file.with_suffix(".json")
    binary = facts.exists() and json.loads(facts.read_text())["binary"]
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)  # where FAISS looks for the lists of an on-disk index
        for beside in file.parent.glob(file.stem + ".ivfdata"):
            shutil.copyfile(beside, beside.name)
        copy = pathlib.Path(file.name)
        shutil.copyfile(file, copy)
        plain = outcomes(copy, binary)
        subprocess.run([faissil, "seal", copy], check=True, capture_output=True)
        assert copy.stat().st_size > file.stat().st_size and copy.read_bytes().startswith(file.read_bytes())
        sealed = outcomes(copy, binary)
        subprocess.run([faissil, "unseal", copy], check=True, capture_output=True)
        unsealed = copy.read_bytes() == file.read_bytes()
        os.chdir("/")
    if plain == sealed and unsealed:
        return plain, None
    return plain, f"{file}\n  plain:  {plain}\n  sealed: {sealed}\n  unsealed again: {unsealed}"


def main():
    files = {}
    for index in indexes:
        for file in sorted(index.glob("*/*.faiss")) if index.is_dir() else [index]:
            files.setdefault((file.parent.name, file.name), file)
    passed, failed, kinds = 0, 0, {}
    with multiprocessing.Pool(os.cpu_count()) as pool:
        for plain, fault in pool.imap_unordered(compare, files.values()):
            if fault:
                failed += 1
                print(fault)
            else:
                passed += 1
            for name, said in plain.items():
                key = (name, said.split(" ")[0])
                kinds[key] = kinds.get(key, 0) + 1
    print("; ".join(f"{name}: {how} {count}" for (name, how), count in sorted(kinds.items())))
    print(f"{passed} passed, {failed} failed")
    # Most files can be read in every way; otherwise the comparison says nothing.
    assert all(kinds.get((name, "read"), 0) > len(files) // 2 for name in FLAGS)
    sys.exit(failed != 0)


if __name__ == "__main__":
    main()
