"""Makes `debian-packages.faiss` from embeddings of Debian package descriptions.

    python make.py VECTORS.npy IDS.npy NAMES.json

writes `debian-packages.faiss` and `debian-packages.names.json` beside this script. It needs `faiss-cpu` and `numpy`.
One thread and FAISS's own fixed seeds, so the same FAISS release writes the same bytes again.
"""

import json
import pathlib
import sys

import faiss
import numpy

here = pathlib.Path(__file__).parent
vectors, ids = numpy.load(sys.argv[1]), numpy.load(sys.argv[2])
names = json.load(open(sys.argv[3]))
assert vectors.shape == (2000, 384) and vectors.dtype == numpy.float32
assert [entry["id"] for entry in names] == ids.tolist()

faiss.omp_set_num_threads(1)
index = faiss.index_factory(384, "IDMap2,HNSW16,Flat", faiss.METRIC_INNER_PRODUCT)
index.add_with_ids(vectors, ids)

# Each vector is its own nearest neighbour: the index works before it is kept.
_, found = index.search(vectors[:100], 1)
assert (found[:, 0] == ids[:100]).mean() > 0.95

faiss.write_index(index, str(here / "debian-packages.faiss"))
rows = ",\n".join(json.dumps(entry, ensure_ascii=False) for entry in names)
(here / "debian-packages.names.json").write_text(f"[\n{rows}\n]\n", encoding="utf-8")
print("FAISS", faiss.__version__)
