"""Makes the samples of the page from `samples/debian-packages.faiss`.

    python make.py FAISSIL

where FAISSIL is the command. It needs `faiss-cpu` and `numpy`, and writes here

    packages-ivf.faissil   the same vectors, in 64 dimensions (PCA), as IVF32,Flat, sealed
    packages-hnsw.seal     what `faissil save` puts behind debian-packages.faiss to seal it

`vite build` puts the page's three files together from these two; see `../build/samples.ts`.
"""

import pathlib
import subprocess
import sys
import tempfile

import faiss
import numpy

here = pathlib.Path(__file__).parent
source = here.parent.parent / "samples"
command = str(pathlib.Path(sys.argv[1]).resolve())
faiss.omp_set_num_threads(1)


def seal(index: pathlib.Path, snapshot: pathlib.Path) -> None:
    names = source / "debian-packages.names.json"
    extra = ["--meta", "model=all-MiniLM-L6-v2", "--meta", "data=Debian package descriptions", "--attach", f"names.json={names}"]
    subprocess.run([command, "save", str(index), str(snapshot), *extra], check=True)


graph = faiss.read_index(str(source / "debian-packages.faiss"))
ids = faiss.vector_to_array(graph.id_map)
vectors = faiss.downcast_index(graph.index).storage.reconstruct_n(0, graph.ntotal)

pca = faiss.PCAMatrix(384, 64)
pca.train(vectors)
short = pca.apply(vectors)
faiss.normalize_L2(short)
lists = faiss.index_factory(64, "IVF32,Flat", faiss.METRIC_INNER_PRODUCT)
lists.train(short)
lists.add_with_ids(short, ids)
lists.nprobe = 4
_, found = lists.search(short[:100], 1)
assert (found[:, 0] == ids[:100]).mean() > 0.95

with tempfile.TemporaryDirectory() as folder:
    work = pathlib.Path(folder)
    faiss.write_index(lists, str(work / "ivf.faiss"))
    seal(work / "ivf.faiss", work / "ivf.faissil")
    (here / "packages-ivf.faissil").write_bytes((work / "ivf.faissil").read_bytes())
    seal(source / "debian-packages.faiss", work / "hnsw.faissil")
    stream = (source / "debian-packages.faiss").stat().st_size
    (here / "packages-hnsw.seal").write_bytes((work / "hnsw.faissil").read_bytes()[stream:])
