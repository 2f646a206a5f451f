"""What `faissil health` and `faissil map` say is what FAISS and NumPy say.

    python health.py FAISSIL

Makes indexes with FAISS, in a temporary folder, and works every figure out again from what FAISS itself holds of them: sizes of lists,
links of graphs (followed with a plain breadth-first search), codes, vectors, decoded ones as FAISS reconstructs them. Then the same of indexes that were damaged on purpose.
"""

import faulthandler
import json
import os
import pathlib
import subprocess
import sys
import tempfile

# FAISS and NumPy bring a BLAS each, with threads of its own. One thread is enough here; it has to be said before they are
# loaded, since `faiss.omp_set_num_threads` reaches neither.
for pool in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[pool] = "1"
# Should anything hang, it says where, and ends.
faulthandler.dump_traceback_later(1500, exit=True)

import faiss
import numpy as np

faissil = str(pathlib.Path(sys.argv[1]).resolve())
folder = tempfile.TemporaryDirectory()
checked = 0


def data(n, d, seed):
    """A few clusters of uneven size."""
    numbers = np.random.RandomState(seed)
    centres = numbers.randn(20, d)
    return (centres[numbers.zipf(1.6, n) % 20] + 0.3 * numbers.randn(n, d)).astype("float32")


def run(command, index, *options, code=0):
    path = pathlib.Path(folder.name) / "x.faiss"
    if isinstance(index, bytes):
        path.write_bytes(index)
    elif isinstance(index, faiss.IndexBinary):
        faiss.write_index_binary(index, str(path))
    else:
        faiss.write_index(index, str(path))
    asked = [faissil, command, str(path), "--json", *options]
    done = subprocess.run(asked, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300)
    assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
    return json.loads(done.stdout)


def section(report, part, path=""):
    found = [each for each in report["sections"] if each["part"] == part and each["path"] == path]
    assert len(found) == 1, (part, path, [(each["part"], each["path"]) for each in report["sections"]])
    return found[0]


def measure(found, code):
    return next(each for each in found["measures"] if each["code"] == code)


def same(what, found, expected, tolerance=0):
    global checked
    checked += 1
    assert np.allclose(found, expected, rtol=tolerance, atol=tolerance), (what, found, expected)


def check_lists(index, path=""):
    found = section(run("health", index), "lists", path)
    detail = found["detail"]
    lists = faiss.extract_index_ivf(index).invlists
    sizes = np.array([lists.list_size(i) for i in range(lists.nlist)])
    same("imbalance", measure(found, "imbalance")["value"], lists.imbalance_factor(), 1e-12)
    same("empty", detail["empty"], (sizes == 0).sum())
    for bucket in detail["histogram"]:
        inside = (sizes >= bucket["from"]) & (sizes <= bucket["to"])
        same("bucket", (bucket["count"], bucket["entries"]), (inside.sum(), sizes[inside].sum()))
    same("buckets", sum(bucket["count"] for bucket in detail["histogram"]), len(sizes))
    ranked = np.sort(sizes)[::-1]
    for point in detail["ranks"]:
        same("rank", point["size"], ranked[point["rank"] - 1])
    for largest in detail["largest"]:
        same("largest", sizes[largest["list"]], largest["entries"])
    # Successive sampling itself: of exponential clocks with the sizes as rates the first nprobe ring.
    numbers = np.random.RandomState(5)
    filled = sizes[sizes > 0]
    clocks = numbers.exponential(size=(4000, len(filled))) / filled
    order = np.argsort(clocks, axis=1)
    visited = np.cumsum(filled[order], axis=1).mean(axis=0) / sizes.sum()
    for row in detail["scanned"]:
        expected = visited[min(row["nprobe"], len(filled)) - 1]
        same(f"scanned {row}", row["share"], expected, 0.03)
    same("scanned at nprobe 1", detail["scanned"][0]["share"], (sizes.astype(float) ** 2).sum() / sizes.sum() ** 2, 1e-12)


def reached(links, starts):
    seen = np.zeros(len(links), bool)
    seen[starts] = True
    queue = list(starts)
    while queue:
        for other in links[queue.pop()]:
            if not seen[other]:
                seen[other] = True
                queue.append(other)
    return seen


def check_graph(found, neighbors, levels, offsets, cum, entry):
    detail, n = found["detail"], len(levels)

    def links(node, level):
        own = neighbors[offsets[node] + cum[level] : offsets[node] + cum[level + 1]]
        used = np.flatnonzero(own < 0)
        return own[: used[0]] if len(used) else own

    for level in detail["levels"]:
        same("level", level["nodes"], (levels == level["level"] + 1).sum())
        same("on level", level["on_level"], (levels > level["level"]).sum())
    for degrees in detail["degrees"]:
        on_level = np.flatnonzero(levels > degrees["level"])
        counts = np.bincount([len(links(node, degrees["level"])) for node in on_level])
        same("degrees", degrees["histogram"], counts)
    level0 = [links(node, 0) for node in range(n)]
    same("unreachable", detail["unreachable"], n - reached(level0, [entry]).sum())
    starts = np.flatnonzero((levels > 1) | (np.arange(n) == entry))
    unreached = np.flatnonzero(~reached(level0, starts))
    same("unreachable at all", detail["unreachable_at_all"], len(unreached))
    same("which", detail["unreachable_rows"], unreached[:100])


def hnsw_arrays(index):
    hnsw = index.hnsw
    array = lambda vector: faiss.vector_to_array(vector).astype("int64")
    return faiss.vector_to_array(hnsw.neighbors), array(hnsw.levels), array(hnsw.offsets), array(hnsw.cum_nneighbor_per_level), hnsw.entry_point


def check_hnsw(index):
    found = section(run("health", index), "graph")
    arrays = hnsw_arrays(index)
    check_graph(found, *arrays)
    probas = faiss.vector_to_array(index.hnsw.assign_probas)
    for level in found["detail"]["levels"]:
        same("expected", level["expected"], index.ntotal * probas[level["level"]], 1e-12)
    assert all(each["state"] != "damage" for each in found["measures"]), found["measures"]
    # Cut links, so that some nodes are lost, and ask again.
    neighbors, levels, offsets, cum, entry = arrays
    stream = faiss.serialize_index(index).tobytes()
    at = stream.index(neighbors.tobytes())
    numbers = np.random.RandomState(3)
    for share in (0.3, 0.9):
        cut = neighbors.copy()
        cut[numbers.rand(len(cut)) < share] = -1
        found = section(run("health", stream[:at] + cut.tobytes() + stream[at + cut.nbytes :]), "graph")
        check_graph(found, cut, levels, offsets, cum, entry)
    # Links to nowhere, to itself and to a node below are damage, each counted.
    bad = neighbors.copy()
    bad[offsets[0]] = len(levels) + 5
    bad[offsets[1]] = 1
    above, below = np.flatnonzero(levels > 1)[0], np.flatnonzero(levels == 1)[0]
    bad[offsets[above] + cum[1]] = below
    found = section(run("health", stream[:at] + bad.tobytes() + stream[at + bad.nbytes :], code=1), "graph")["detail"]
    same("damage", (found["links_out_of_range"], found["links_to_itself"], found["links_below"]), (1, 1, 1))


def reconstructed(index):
    """Every vector as FAISS reconstructs it, by row; of inverted lists by id, which here is the row that was added."""
    # Not of a copy that was read back: of such fast-scan lists FAISS 1.15.1 reconstructs nothing, and crashes.
    inside = faiss.try_extract_index_ivf(index)
    if inside is not None:
        inside.make_direct_map()
    return index.reconstruct_n(0, index.ntotal)


def check_decoded(factory, x, metric=faiss.METRIC_L2, path=""):
    """Norms of decoded vectors, and nothing of them judged that is a matter of the codes."""
    index = faiss.index_factory(x.shape[1], factory, metric)
    index.train(x[:4000])
    index.add(x)
    found = check_vectors(index, reconstructed(index), "--all", path=path, fidelity="decoded vectors", tolerance=1e-5)
    assert measure(found, "norm-spread")["state"] == "figure", found["measures"]
    return index


def check_vectors(index, x, *options, path="", fidelity="exact vectors", tolerance=1e-6):
    found = section(run("health", index, *options), "vectors", path)
    detail = found["detail"]
    assert detail["fidelity"] == fidelity, detail
    finite = np.isfinite(x).all(axis=1)
    nan = np.isnan(x).any(axis=1)
    norms = np.sqrt((x[finite].astype("float64") ** 2).sum(axis=1))
    same("nan", (detail["nan"], detail["infinite"]), (nan.sum(), (~finite & ~nan).sum()))
    same("zero", detail["zero"], (x == 0).all(axis=1).sum())
    same("norms", [detail["norm"][key] for key in ("min", "max", "mean", "std")],
         [norms.min(), norms.max(), norms.mean(), norms.std()], tolerance)
    for quantile in detail["norm"]["quantiles"]:
        same("quantile", quantile["norm"], np.quantile(norms, quantile["q"], method="inverted_cdf"), 2e-3)
    same("histogram", sum(bucket["count"] for bucket in detail["histogram"]), len(norms))
    return found


def perplexity(codes, size):
    p = np.bincount(codes, minlength=size) / len(codes)
    return np.exp(-(p[p > 0] * np.log(p[p > 0])).sum())


def check_codes(index, codes, sizes, path=""):
    """`codes` has a column for each sub-quantizer."""
    detail = section(run("health", index, "--all"), "codes", path)["detail"]
    same("subs", len(detail["subs"]), codes.shape[1])
    for sub, column, size in zip(detail["subs"], codes.T, sizes):
        same("used", sub["used"], len(np.unique(column)))
        same("perplexity", sub["perplexity"], perplexity(column, size), 1e-9)
        same("top", sub["top_share"], np.bincount(column).max() / len(column), 1e-12)


def unpack(rows, bits):
    """Numbers of these bits, from the lowest bit of the first byte on."""
    flat = np.unpackbits(rows, axis=1, bitorder="little")
    out, at = [], 0
    for width in bits:
        out.append((flat[:, at : at + width].astype(int) << np.arange(width)).sum(axis=1))
        at += width
    return np.stack(out, axis=1)


def check_scalar(index, codes, bits):
    detail = section(run("health", index, "--all"), "codes")["detail"]
    low, high = (codes == 0), (codes == 2**bits - 1)
    same("ends", (detail["low"], detail["high"]), (low.mean(), high.mean()), 1e-12)
    same("constant", detail["constant"], (codes == codes[:1]).all(axis=0).sum())
    for worst in detail["worst"]:
        dimension = worst["dimension"]
        same("worst", (worst["low"], worst["high"]), (low[:, dimension].mean(), high[:, dimension].mean()), 1e-12)
    most = (low.mean(axis=0) + high.mean(axis=0)).max()
    same("the worst", detail["worst"][0]["low"] + detail["worst"][0]["high"], most, 1e-12)


def check_map(index, x, lists=None, fidelity="exact vectors"):
    found = run("map", index, "--rows", "5000")
    assert found["fidelity"] == fidelity, found["fidelity"]
    x = x[found["row"]].astype("float64")
    covariance = np.cov(x.T)
    values, vectors = np.linalg.eigh(covariance)
    values, vectors = values[::-1], vectors[:, ::-1]
    # What is decoded agrees to the last digits of float32.
    same("explained", found["explained"], values[:2], 1e-6 if fidelity == "exact vectors" else 1e-5)
    same("variance", found["variance"], values.sum(), 1e-9 if fidelity == "exact vectors" else 1e-5)
    for axis, place in enumerate((found["x"], found["y"])):
        expected = (x - x.mean(axis=0)) @ vectors[:, axis]
        place = np.array(place)
        sign = np.sign((place * expected).sum())
        same("places", np.abs(place - sign * expected).max() / np.abs(expected).max(), 0, 1e-3)
    same("norms", found["norm"], np.linalg.norm(x, axis=1), 1e-5)
    if lists is not None:
        same("lists", found["list"], lists[found["row"]])


# Inverted lists.
x = data(20000, 16, 1)
for factory in ("IVF100,Flat", "IVF1000,Flat", "IVF64,PQ4x8np", "IVF64,SQ8"):
    index = faiss.index_factory(16, factory)
    index.train(x[:5000])
    index.add(x)
    check_lists(index)
index = faiss.index_factory(16, "IVF300,Flat")
index.train(data(5000, 16, 2))
index.add(x[:40])  # mostly empty
check_lists(index)

# Graphs: of several blocks, and with few links.
for factory, n in (("HNSW4,Flat", 30000), ("HNSW2,Flat", 3000), ("HNSW16,SQ8", 4000), ("HNSW32,Flat", 6000)):
    index = faiss.index_factory(8, factory)
    index.train(data(2000, 8, 3))
    index.add(data(n, 8, 4))
    check_hnsw(index)
index = faiss.index_factory(8, "NSG12,Flat")
index.add(data(3000, 8, 4))
found = section(run("health", index), "graph")["detail"]
nsg = index.nsg.get_final_graph()
links = faiss.rev_swig_ptr(nsg.data, nsg.N * nsg.K).reshape(nsg.N, nsg.K)
used = [row[: np.argmax(row < 0)] if (row < 0).any() else row for row in links]
same("nsg degrees", found["degrees"][0]["histogram"], np.bincount([len(row) for row in used]))
same("nsg unreachable", found["unreachable"], len(used) - reached(used, [index.nsg.enterpoint]).sum())

# Vectors, some of them odd.
x = data(3000, 24, 5)
x[7] = 0
x[9, 3] = np.nan
x[11, 23] = -np.inf
x[12] = np.finfo("float32").max
index = faiss.IndexFlatIP(24)
index.add(x)
check_vectors(index, x)
check_vectors(index, x, "--all")

# Vectors that are decoded: of every family of codes, in rows, in lists, in blocks, under graphs and behind transforms.
x = data(6000, 16, 12)
for factory in ("PQ4x8np", "PQ4x4fs", "SQ8", "SQ6", "SQ4", "SQfp16", "SQbf16", "RQ3x6_Nfloat", "PRQ2x2x5", "LSHr", "RaBitQ",
                "IVF32,PQ4x8np", "IVF32,PQ4x4fsr", "IVF32,SQ8", "IVF32,RaBitQ", "IVF32,RQ3x6_Nfloat", "IVF32_HNSW8,PQ8x4",
                "IVF32,PQ4+4"):
    check_decoded(factory, x)
check_decoded("PQ4x8np", x, faiss.METRIC_INNER_PRODUCT)
check_decoded("HNSW8,SQ8", x, path="storage")
check_decoded("OPQ4_16,PQ4x8np", x, path="index")
check_decoded("PCA8,Flat", x, path="index")
check_decoded("OPQ4_8,IVF32,PQ4x8np", x, path="index")
# A sample of these is as large as one of floats; what it comes to is near.
index = check_decoded("IVF32,PQ4x8np", x)
sampled = section(run("health", index, "--rows", "2000", "--runs", "100"), "vectors")
whole = section(run("health", index, "--all"), "vectors")
same("sample", sampled["coverage"]["looked_at"], 2000)
same("mean of a sample", sampled["detail"]["norm"]["mean"], whole["detail"]["norm"]["mean"], 0.1)

# Ids that repeat.
x = data(500, 4, 6)
index = faiss.IndexIDMap(faiss.IndexFlatL2(4))
ids = np.random.RandomState(7).randint(-200, 200, 500)
index.add_with_ids(x, ids)
same("ids", section(run("health", index), "ids")["detail"]["duplicates"], 500 - len(np.unique(ids)))

# Codes.
x = data(20000, 16, 8)
for m, nbits in ((4, 8), (8, 4), (4, 6), (2, 10), (4, 5)):
    index = faiss.IndexPQ(16, m, nbits)
    index.train(x[:6000])
    index.add(x)
    codes = unpack(faiss.vector_to_array(index.codes).reshape(index.ntotal, -1), [nbits] * m)
    check_codes(index, codes, [2**nbits] * m)
index = faiss.index_factory(16, "IVF32,PQ4x8np")
index.train(x[:6000])
index.add(x)
lists = index.invlists
rows = [faiss.rev_swig_ptr(lists.get_codes(i), lists.list_size(i) * 4).reshape(-1, 4) for i in range(32) if lists.list_size(i)]
check_codes(index, np.concatenate(rows).astype(int), [256] * 4)
index = faiss.index_factory(16, "PQ4x4fs")
index.train(x[:6000])
index.add(x)
check_codes(index, unpack(index.pq.compute_codes(x), [4] * 4), [16] * 4)
index = faiss.index_factory(16, "IVF32,PQ4x4fs")
index.train(x[:6000])
index.add(x)
assert not index.by_residual
check_codes(index, unpack(index.pq.compute_codes(x), [4] * 4), [16] * 4)
index = faiss.index_factory(16, "RQ3x6_Nfloat")
index.train(x[:3000])
index.add(x[:3000])
codes = unpack(faiss.vector_to_array(index.codes).reshape(index.ntotal, -1), [6] * 3)
check_codes(index, codes, [64] * 3)
index = faiss.index_factory(16, "LSH")
index.add(x)
check_codes(index, unpack(faiss.vector_to_array(index.codes).reshape(index.ntotal, -1), [1] * 16), [2] * 16)
binary = faiss.IndexBinaryFlat(64)
bits = np.random.RandomState(2).randint(0, 256, (3000, 8)).astype("uint8") & 0b0111_1011
binary.add(bits)
check_codes(binary, unpack(bits, [1] * 64), [2] * 64)
for name, bits in (("SQ8", 8), ("SQ6", 6), ("SQ4", 4)):
    index = faiss.index_factory(16, name)
    index.train(x[:200])  # too few: values beyond the range are clipped
    index.add(x)
    codes = unpack(faiss.vector_to_array(index.codes).reshape(index.ntotal, -1), [bits] * 16)
    check_scalar(index, codes, bits)

# Maps.
x = data(4000, 48, 9)
index = faiss.IndexFlatL2(48)
index.add(x)
check_map(index, x)
index = faiss.index_factory(48, "IVF16,Flat")
index.train(x)
index.add(x)
lists = index.invlists
order = [faiss.rev_swig_ptr(lists.get_ids(i), lists.list_size(i)).copy() for i in range(16)]
numbers = np.repeat(np.arange(16), [len(ids) for ids in order])
check_map(index, x[np.concatenate(order)], numbers)
index = faiss.index_factory(48, "SQ8")
index.train(x)
index.add(x)
check_map(index, reconstructed(index), fidelity="decoded vectors")
index = faiss.index_factory(48, "IVF16,PQ12x8np")
index.train(x)
index.add(x)
lists = index.invlists
order = [faiss.rev_swig_ptr(lists.get_ids(i), lists.list_size(i)).copy() for i in range(16)]
numbers = np.repeat(np.arange(16), [len(ids) for ids in order])
check_map(index, reconstructed(index)[np.concatenate(order)], numbers, fidelity="decoded vectors")

print(f"{checked} figures are those of FAISS {faiss.__version__} and NumPy {np.__version__}")
