"""Fills a FAISSx server with indexes of every kind that it can make: fill.py PORT DIR ROWS D

Those that the Python client makes are made by it, the others by the protocol. DIR gets the vectors (x.f4), the ids (ids.i8), the
names (names.json), and for kinds that lose something what the server's FAISS makes of its codes (KIND.f4).
"""
import json
import sys
from pathlib import Path

import faissx.client as client
import msgpack
import numpy as np
import zmq

port, folder, rows, d = int(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
kinds = sys.argv[5].split(",") if len(sys.argv) > 5 else None
address = f"tcp://127.0.0.1:{port}"
socket = zmq.Context().socket(zmq.REQ)
socket.connect(address)


def ask(action, **fields):
    socket.send(msgpack.packb({"action": action, **fields}))
    reply = msgpack.unpackb(socket.recv(), raw=False)
    assert reply["success"], (action, reply)
    return reply


rng = np.random.default_rng(1)
x = rng.standard_normal((rows, d)).astype(np.float32)
x[10] = x[11] = x[3]  # equal vectors under different ids
ids = rng.permutation(rows).astype(np.int64) * 7 - 300
ids[20] = ids[21]  # and one id twice
x.tofile(folder / "x.f4")
ids.tofile(folder / "ids.i8")
client.configure(server=address, timeout=60)


def by_client(make, add, train=False):
    def run():
        index = make()
        if train:  # the client cannot tell
            index.train(x)
        for start in range(0, rows, 10000):
            add(index, slice(start, start + 10000))
        return index.index_id

    return run


def by_protocol(name, kind):
    def run():
        ask("create_index", index_id=name, dimension=d, index_type=kind)
        ask("train_index", index_id=name, training_vectors=x[:5000].tolist())
        for start in range(0, rows, 10000):
            part = slice(start, start + 10000)
            more = {"ids": ids[part].tolist()} if kind.startswith("IDMap") else {}
            ask("add_vectors", index_id=name, vectors=x[part].tolist(), **more)
        return name

    return run


plain = lambda index, part: index.add(x[part])
with_ids = lambda index, part: index.add_with_ids(x[part], ids[part])
ALL = {
    "flat_l2": by_client(lambda: client.IndexFlatL2(d), plain),
    "id_map2": by_client(lambda: client.IndexIDMap2(client.IndexFlatL2(d)), with_ids),
    "hnsw": by_client(lambda: client.IndexHNSWFlat(d, 16), plain),
    "pq": by_client(lambda: client.IndexPQ(d, 8, 8), plain, train=True),
    "ivf_sq": by_client(lambda: client.IndexIVFScalarQuantizer(client.IndexFlatL2(d), d, 10), plain, train=True),
    # The client's own id map takes one vector for each id, so it cannot make one with an id twice.
    "id_map": by_protocol("id_map", "IDMap:L2"),
    "flat_ip": by_protocol("flat_ip", "IP"),
    "ivf": by_protocol("ivf", "IVF"),
    "id_map_ip": by_protocol("id_map_ip", "IDMap:IP"),
    "id_map2_hnsw": by_protocol("id_map2_hnsw", "IDMap2:HNSW32"),
    "id_map2_ivf": by_protocol("id_map2_ivf", "IDMap2:IVF"),
    "with/slash": by_protocol("with/slash", "IDMap2:L2"),
}
names = {}
for kind, make in ALL.items():
    if kinds and kind not in kinds:
        continue
    names[kind] = make()
    if kind in ("pq", "ivf_sq"):
        made = ask("reconstruct_n", index_id=names[kind], start_idx=0, num_vectors=rows)["vectors"]
        np.array(made, dtype=np.float32).tofile(folder / f"{kind}.f4")
(folder / "names.json").write_text(json.dumps(names))
