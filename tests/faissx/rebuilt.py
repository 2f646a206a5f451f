"""Opens an index that was built again and holds it against what was added and what the original found: rebuilt.py INDEX VECTORS IDS METRIC CLASS QUERIES LABELS [LOSS]

IDS is `-` for row numbers. LABELS is what the original answered to the first QUERIES vectors, ten each; the new one must find as many true neighbours, but for LOSS.
"""
import sys

import faiss
import numpy as np

path, vectors, ids, metric, name, queries, labels = sys.argv[1:8]
loss = float(sys.argv[8]) if len(sys.argv) > 8 else 0.0
index = faiss.read_index(path)
x = np.fromfile(vectors, dtype=np.float32).reshape(-1, index.d)
expected_ids = np.arange(len(x)) if ids == "-" else np.fromfile(ids, dtype=np.int64)
assert index.ntotal == len(x), (index.ntotal, len(x))
assert index.metric_type == int(metric), index.metric_type
base = index
if isinstance(index, faiss.IndexIDMap):
    assert (faiss.vector_to_array(index.id_map) == expected_ids).all(), "ids differ"
    base = faiss.downcast_index(index.index)
else:
    assert ids == "-", "ids are gone"
assert type(base).__name__.startswith(name), type(base).__name__

queries = x[: int(queries)]
labels = np.fromfile(labels, dtype=np.int64).reshape(len(queries), 10)
if index.metric_type == faiss.METRIC_L2:
    badness = ((queries[:, None, :].astype(np.float64) - x[None].astype(np.float64)) ** 2).sum(2)
else:
    badness = -(queries.astype(np.float64) @ x.T.astype(np.float64))
tenth = np.sort(badness, axis=1)[:, 9]
rows = {}
for row, each in enumerate(expected_ids):
    rows.setdefault(int(each), []).append(row)


def recall(labels):
    """The part of ten neighbours that are among the ten nearest, ties included."""
    good = [
        min(badness[query, row] for row in rows[int(label)]) <= tenth[query] + 1e-4
        for query in range(len(queries))
        for label in labels[query]
        if label != -1
    ]
    return sum(good) / labels.size


was, now = recall(labels), recall(index.search(queries, 10)[1])
assert now >= was - loss, f"{name}: {was} of the neighbours were found, and now {now}"
print(f"{was:.3f} {now:.3f}")
