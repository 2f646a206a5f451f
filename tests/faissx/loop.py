"""The fastest loop that gets all vectors of an index out of a FAISSx server in Python: loop.py PORT INDEX ROWS D PAGE

The next page is sent for before the one that came is unpacked, as one would who knows that the server waits otherwise.
"""
import sys

import msgpack
import numpy as np
import zmq

port, index, rows, d, page = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:6])
socket = zmq.Context().socket(zmq.REQ)
socket.connect(f"tcp://127.0.0.1:{port}")


def send(first):
    count = min(page, rows - first)
    request = {"action": "reconstruct_n", "index_id": index, "start_idx": first, "num_vectors": count}
    socket.send(msgpack.packb(request))


out = np.empty((rows, d), np.float32)
send(0)
for first in range(0, rows, page):
    raw = socket.recv()
    if first + page < rows:
        send(first + page)
    out[first : first + page] = msgpack.unpackb(raw)["vectors"]
