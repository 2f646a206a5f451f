"""Writes index files into a FAISSx data folder, of kinds that its protocol cannot make: files.py DIR"""
import json
import sys
from pathlib import Path

import faiss
import numpy as np

folder = Path(sys.argv[1])
rows, d = 2000, 16
x = np.random.default_rng(7).standard_normal((rows, d)).astype(np.float32)
ids = np.arange(rows, dtype=np.int64) * 5 + 3


def keep(name, index):
    index.train(x)
    if name == "ivf_own_ids":
        index.add_with_ids(x, ids)
    else:
        index.add(x)
    faiss.write_index(index, str(folder / f"{name}.faiss"))
    (folder / f"{name}.json").write_text(json.dumps({"index_id": name, "dimension": d}))
    return index


for name, factory in [("sq", "SQ8"), ("pca", "PCA8,Flat"), ("ivf_own_ids", "IVF16,Flat"), ("hnsw_sq", "HNSW16,SQ8")]:
    index = keep(name, faiss.index_factory(d, factory))
    if name != "ivf_own_ids":
        index.reconstruct_n(0, rows).tofile(folder / f"{name}.f4")

for name, factory, metric in [
    ("ivf_ip", "IVF16,Flat", faiss.METRIC_INNER_PRODUCT),
    ("l1", "Flat", faiss.METRIC_L1),
    ("ivf_l1", "IVF16,Flat", faiss.METRIC_L1),
    ("hnsw_linf", "HNSW16", faiss.METRIC_Linf),
    ("canberra", "Flat", faiss.METRIC_Canberra),
]:
    keep(name, faiss.index_factory(d, factory, metric))
