"""Opens snapshots in FAISS and holds them against what was added: open.py SNAPSHOT VECTORS IDS [...]; `-` for ids that are row numbers"""
import sys

import faiss
import numpy as np

arguments = sys.argv[1:]
for snapshot, vectors, ids in zip(arguments[::3], arguments[1::3], arguments[2::3]):
    index = faiss.read_index(snapshot)
    expected = np.fromfile(vectors, dtype=np.float32).reshape(-1, index.d)
    expected_ids = np.arange(len(expected)) if ids == "-" else np.fromfile(ids, dtype=np.int64)
    assert index.ntotal == len(expected), (snapshot, index.ntotal, len(expected))
    found = faiss.downcast_index(index.index).reconstruct_n(0, index.ntotal)
    assert (found.view(np.uint32) == expected.view(np.uint32)).all(), f"{snapshot}: vectors differ"
    assert (faiss.vector_to_array(index.id_map) == expected_ids).all(), f"{snapshot}: ids differ"
print("ok")
