"""FAISS reads what is salvaged of damaged snapshots, and finds in it what it found before.

    python read_salvaged.py FAISSIL FIXTURES

Two sets of indexes are saved as snapshots, damaged, and salvaged by the command FAISSIL: every fixture that FAISS reads, packed, and
indexes of 6,000 vectors made here, sealed and packed. A salvaged index must have as many vectors as the command says, FAISS must read
it, and a search must answer what it answered before, without the rows that are left out: the same ids at the same distances. Of a
graph that is left out, where answers were approximate, every vector that is left must find itself.

FAISS has its say in a process of its own; if it dies, that is a failure like any other.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

import faiss
import numpy

faissil, fixtures = (pathlib.Path(argument).resolve() for argument in sys.argv[1:3])
faiss.omp_set_num_threads(1)
ROWS, D = 6000, 48
KINDS = [
    "Flat", "IDMap,Flat", "IDMap2,Flat", "SQ8", "PQ8x4", "IVF16,Flat", "IVF100,SQ8", "IVF16,PQ8x4", "IDMap2,IVF16,Flat",
    "IDMap2,HNSW8,Flat", "HNSW8,SQ8", "PCA16,Flat", "IVF16,SQ8,RFlat", "SQ8,RFlat", "BFlat", "BIVF16", "IDMap2,BFlat",
]  # fmt: skip


def make(kind, path):
    """An index of this kind under ids of its own where it takes them."""
    numbers = numpy.random.RandomState(5)
    binary = "B" in kind.split(",")[-1][:1]
    if binary:
        vectors = numbers.randint(0, 256, (ROWS, 8 * D)).astype("uint8")
        inner = faiss.index_binary_factory(64 * D, kind.removeprefix("IDMap2,"))
        inner.train(vectors)
        index = faiss.IndexBinaryIDMap2(inner) if kind.startswith("IDMap2") else inner
    else:
        vectors = numbers.rand(ROWS, D).astype("float32")
        index = faiss.index_factory(D, kind)
        index.train(vectors)
    if kind.startswith(("IDMap", "IVF", "BIVF", "OPQ")) and "RFlat" not in kind:
        index.add_with_ids(vectors, numpy.arange(ROWS) * 7 + 1000)
    else:
        index.add(vectors)
    if kind == "IVF100,SQ8":
        index.set_direct_map_type(faiss.DirectMap.Hashtable)
    (faiss.write_index_binary if binary else faiss.write_index)(index, str(path))
    return binary


def asked(path, binary, k):
    """Vectors, and what FAISS answers to them as pairs of distance and id."""
    index = (faiss.read_index_binary if binary else faiss.read_index)(str(path))
    exhaust(index, binary, k)
    numbers = numpy.random.RandomState(3)
    if binary:
        queries = numbers.randint(0, 256, (4, index.d // 8)).astype("uint8")
    else:
        queries = numbers.rand(4, index.d).astype("float32")
    distances, ids = index.search(queries, min(k, max(index.ntotal, 1)))
    ascending = binary or index.metric_type != faiss.METRIC_INNER_PRODUCT
    answers = [[(float(far), int(id)) for far, id in zip(*row) if id >= 0] for row in zip(distances, ids)]
    return index.ntotal, ascending, answers


def exhaust(index, binary, k):
    """Let a search look at everything, so that its answer does not depend on where a row stands."""
    index = (faiss.downcast_IndexBinary if binary else faiss.downcast_index)(index)
    for name in ("index", "base_index", "index_ivf"):
        if hasattr(index, name):
            exhaust(getattr(index, name), binary and not isinstance(index, faiss.IndexBinaryFromFloat), k)
    if hasattr(index, "nprobe") and hasattr(index, "nlist"):
        index.nprobe = index.nlist
    if hasattr(index, "k_factor"):
        index.k_factor = index.ntotal / k + 1
    if hasattr(index, "search_type"):
        index.search_type = 0 if isinstance(index, faiss.IndexPQ) else index.search_type


def apart(work, *arguments):
    """What `work` gives, in a process of its own; a sentence where it fails or dies."""
    source, sink = os.pipe()
    child = os.fork()
    if child == 0:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        with os.fdopen(sink, "w") as pipe:
            try:
                json.dump(work(*arguments), pipe)
            except Exception as error:
                json.dump("refused: " + str(error).splitlines()[0], pipe)
        os._exit(0)
    os.close(sink)
    with os.fdopen(source) as pipe:
        said = pipe.read()
    _, status = os.waitpid(child, 0)
    return json.loads(said) if status == 0 else f"died {status}"


def command(code, *arguments):
    done = subprocess.run([faissil, *arguments], capture_output=True, text=True)
    assert done.returncode in code, f"{arguments}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done


def ids_of(path, binary, ntotal):
    """All ids, as the command reads them; row numbers where none are stored, nothing where they cannot be read."""
    said = command((0, 2), "ids", path)
    if said.returncode:
        return None
    ids = [int(line) for line in said.stdout.split()]
    return ids if ids else list(range(ntotal))


def same(before, after, lost, ascending, exact):
    """Whether both answers agree on what is left. Of equal distances any order is right."""
    for old, new in zip(before, after):
        old = [pair for pair in old if pair[1] not in lost]
        common = min(len(old), len(new), 10)
        far = lambda pairs: numpy.array([pair[0] for pair in pairs[:common]])
        if not numpy.allclose(far(old), far(new), rtol=1e-4, atol=1e-4):
            return False
        if common and not exact:
            continue
        limit = far(old)[-1] if common else 0
        inside = lambda pairs: {id for distance, id in pairs[:common] if (distance < limit - 1e-3 if ascending else distance > limit + 1e-3)}
        if inside(old) != inside(new):
            return False
    return True


def damages(path):
    """Places of one damaged byte each: in the stream of a sealed snapshot or the chunks of a packed one."""
    size = path.stat().st_size
    return sorted({int(size * part) for part in (0.1, 0.35, 0.6, 0.85)})


def try_all(name, index, binary, layouts, counts):
    """Damage, salvage and search one index; sentences about what is wrong."""
    wrong = []
    plain = apart(asked, index, binary, 1000)
    if isinstance(plain, str):
        return wrong
    ntotal, ascending, before = plain
    old_ids = ids_of(index, binary, ntotal)
    if old_ids is None:
        return wrong
    for layout in layouts:
        good = pathlib.Path(f"good.{layout}")
        command((0,), "save", index, good, "--layout", layout)
        for at in damages(good):
            bad, out = pathlib.Path("bad"), pathlib.Path("out.faiss")
            out.unlink(missing_ok=True)
            content = bytearray(good.read_bytes())
            content[at] ^= 0x55
            bad.write_bytes(content)
            done = command((0, 1, 2), "load", bad, out, "--salvage", "--json")
            if done.returncode != 1 or not out.exists():
                counts["refused"] = counts.get("refused", 0) + 1
                if "cannot be left out" not in done.stderr and "cannot read" not in done.stderr:
                    wrong.append(f"{name} {layout} {at}: {done.returncode} {done.stderr}")
                continue
            said = json.loads(done.stdout)["salvaged"]
            lost_rows, kind = said["left_out"]["rows"], "rows left out" if said["left_out"]["rows"] else "other"
            counts[kind] = counts.get(kind, 0) + 1
            after = apart(asked, out, binary, 10)
            if isinstance(after, str):
                wrong.append(f"{name} {layout} {at}: FAISS {after}")
                continue
            new_ids = ids_of(out, binary, after[0])
            lost = set(old_ids) - set(new_ids)
            graph = any("graph" in dropped["what"] for dropped in said["dropped"])
            if after[0] != ntotal - lost_rows or (len(set(old_ids)) == len(old_ids) and len(lost) != lost_rows):
                wrong.append(f"{name} {layout} {at}: {after[0]} vectors of {ntotal}, {lost_rows} left out, {len(lost)} ids gone")
            elif graph and not apart(find_themselves, index, out, binary, new_ids):
                wrong.append(f"{name} {layout} {at}: a vector that is left does not find itself")
            elif not graph and not same(before, after[2], lost, ascending, len(before[0]) == ntotal or ntotal > 1000):
                wrong.append(f"{name} {layout} {at}: other answers\n  {before[0][:5]}\n  {after[2][0][:5]}")
    return wrong


def find_themselves(old, new, binary, ids):
    """Whether vectors that the old index has are found in the new one under the ids that it has left."""
    read = faiss.read_index_binary if binary else faiss.read_index
    old, new = read(str(old)), read(str(new))
    exhaust(new, binary, 10)
    by_id = {int(id): row for row, id in enumerate(faiss.vector_to_array(old.id_map))} if hasattr(old, "id_map") else {}
    storage = old.index if by_id else old
    for id in ids[:: max(1, len(ids) // 20)]:
        vector = storage.reconstruct(by_id.get(id, id))[None]
        if id not in new.search(vector, 10)[1][0]:
            return False
    return True


def main():
    wrong, counts = [], {}
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for file in sorted(fixtures.glob("*/*.faiss")):
            binary = json.loads(file.with_suffix(".json").read_text())["binary"]
            if not list(file.parent.glob(file.stem + ".ivfdata")):
                wrong += try_all(f"{file.parent.name}/{file.stem}", file, binary, ["packed"], counts)
        of_fixtures = dict(counts)
        for kind in KINDS:
            index = pathlib.Path("index.faiss")
            binary = make(kind, index)
            made = {}
            wrong += try_all(kind, index, binary, ["sealed", "packed"], made)
            # Each of these kinds loses rows somewhere, and FAISS reads what is left.
            if not made.get("rows left out"):
                wrong.append(f"{kind}: no damage cost rows: {made}")
            counts = {key: counts.get(key, 0) + made.get(key, 0) for key in counts.keys() | made.keys()}
    print("\n".join(wrong))
    print(f"fixtures: {of_fixtures}; all: {counts}")
    print(f"{len(wrong)} failed")
    assert of_fixtures["rows left out"] > 100 and counts["rows left out"] > of_fixtures["rows left out"] + 50
    sys.exit(len(wrong) != 0)


main()
