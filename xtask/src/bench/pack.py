"""How small, and how fast, packed snapshots are: rows of the table of `cargo xtask bench --pack`.

    pack.py FAISSIL SAMPLE FOLDER [VECTORS.npy]

Index files are made by FAISS of the vectors (of the sample where none are given), in FOLDER, once. Each is packed by
`faissil` and compressed by zstd in the same run; arrays also by byte shuffle and zstd, and by pco. Times of a core are CPU time, those of whole
files pass while both have all cores; ours are the middle one of five. Prints cells with tabs between them.
"""
import os
import resource
import statistics
import subprocess
import sys
import time

import faiss
import numpy as np
import zstandard
from pcodec import ChunkConfig, standalone

FAISSIL, SAMPLE, FOLDER = sys.argv[1:4]
faiss.omp_set_num_threads(os.cpu_count())


def vectors():
    if len(sys.argv) > 4:
        return np.load(sys.argv[4]).astype(np.float32)
    path = os.path.join(FOLDER, "sample.npy")
    run("vectors", SAMPLE, "-o", path)
    return np.load(path).astype(np.float32)


def run(*arguments):
    """Seconds that the command takes, and seconds of CPU."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([FAISSIL, *arguments], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    took, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return took, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def timed(work):
    """What it gives, seconds that it takes, and seconds of CPU."""
    before, start = os.times(), time.perf_counter()
    out = work()
    took, after = time.perf_counter() - start, os.times()
    return out, took, after.user + after.system - before.user - before.system


def index_file(name, factory, x):
    path = os.path.join(FOLDER, f"{name}.faiss")
    if not os.path.exists(path):
        index = faiss.index_factory(x.shape[1], factory)
        index.train(x)
        index.add(x)
        faiss.write_index(index, path)
    return path


def packed(path, level):
    """Size; seconds of packing; CPU seconds of verifying, when every chunk is decoded and hashed twice."""
    out = path + ".packed"
    saving = statistics.median(run("save", path, out, "--layout", "packed", "--pack", level)[0] for _ in range(5))
    verifying = statistics.median(run("verify", out)[1] for _ in range(5))
    return os.path.getsize(out), saving, verifying


def row(what, ours, rival, ratio, promised):
    print(what, ours, rival, ratio, promised, sep="\t", flush=True)


def share(path, x, what, promised, rivals):
    """An array: stored for one byte of it, against rivals that see nothing but it."""
    small = packed(path, "small")[0]
    size, _, verifying = packed(path, "balanced")
    length = os.path.getsize(path)
    least = min(rivals.values())
    said = ", ".join(f"{name}: {value:.3f}" for name, value in rivals.items())
    missed = "" if size / length <= promised + 0.0005 else " (missed)"
    row(f"stored of {what}, `balanced`", f"{size / length:.4f}", said, f"{least * length / size:.3f}{missed}", f"≤ {promised}")
    row("the same, `small`", f"{small / length:.4f}", "", "", "")
    row("`verify` of it, a core", f"{length / verifying / 1e9:.2f} GB/s", "", "", "")


def shuffled(array):
    return array.view(np.uint8).reshape(-1, array.itemsize).T.tobytes()


def zstd(level, data, threads=0):
    return len(zstandard.ZstdCompressor(level=level, threads=threads).compress(data))


def whole(path, what, promised):
    length = os.path.getsize(path)
    data = open(path, "rb").read()
    size, saving, _ = packed(path, "balanced")
    three, nineteen = zstd(3, data), zstd(19, data)
    _, took, _ = timed(lambda: zstd(19, data, os.cpu_count()))
    smaller = 1 - size / nineteen
    missed = "" if smaller >= promised else " (missed)"
    said = f"`zstd -19`: {nineteen / length:.4f}, `-3`: {three / length:.4f}"
    row(f"file `{what}`, packed", f"{size / length:.4f}", said, f"{smaller:.1%} smaller{missed}", f"{promised:.0%} smaller")
    missed = "" if took / saving >= 20 else " (missed)"
    row("packing it, verified, on all cores", f"{saving:.3f} s", f"`zstd -19`, too: {took:.2f} s", f"{took / saving:.0f}{missed}", "≥ 20")


def main():
    x = vectors()
    n = len(x)
    words = x.view(np.uint32)
    narrow = {
        "float32": (x, 0.83),
        "float32 that was fp16": (x.astype(np.float16).astype(np.float32), 0.425),
        "float32 that was bf16": (((words + 0x8000) & 0xFFFF0000).astype(np.uint32).view(np.float32), 0.335),
    }
    for what, (array, promised) in narrow.items():
        name = "flat" if what == "float32" else "flat_" + what.split()[-1]
        raw = array.tobytes()
        pco = len(standalone.simple_compress(array.ravel(), ChunkConfig()))
        rivals = {"zstd -3": zstd(3, raw), "shuffle and zstd -1": zstd(1, shuffled(array.ravel())), "pco": pco}
        rivals = {name: size / len(raw) for name, size in rivals.items()}
        share(index_file(name, "Flat", array), array, what, promised, rivals)
    raw = standalone.simple_compress(x.ravel(), ChunkConfig())
    standalone.simple_decompress(raw)
    _, _, seconds = timed(lambda: standalone.simple_decompress(raw))
    row("pco decoding float32, a core", "", f"{x.nbytes / seconds / 1e9:.2f} GB/s", "", "")
    sq8 = index_file("sq8", "SQ8", x)
    codes = faiss.vector_to_array(faiss.read_index(sq8).codes).tobytes()
    share(sq8, None, "SQ8 codes", 0.885, {"zstd -3": zstd(3, codes) / len(codes), "zstd -19": zstd(19, codes) / len(codes)})
    nlist = min(1024, n // 24)
    whole(index_file("ivf_pq32", f"IVF{nlist},PQ32", x), f"IVF{nlist},PQ32", 0.08)
    whole(index_file("hnsw32", "HNSW32", x), "HNSW32", 0.04)
    whole(index_file("flat", "Flat", x), "Flat", 0.03)


main()
