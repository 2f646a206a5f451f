"""Asks a FAISSx server one thing and prints the answer as JSON: ask.py PORT REQUEST [SECONDS]"""
import json
import sys

import msgpack
import zmq

socket = zmq.Context().socket(zmq.REQ)
socket.setsockopt(zmq.LINGER, 0)
socket.setsockopt(zmq.RCVTIMEO, 1000 * int(sys.argv[3] if len(sys.argv) > 3 else 60))
socket.connect(f"tcp://127.0.0.1:{sys.argv[1]}")
socket.send(msgpack.packb(json.loads(sys.argv[2])))
try:
    print(json.dumps(msgpack.unpackb(socket.recv(), raw=False)))
except zmq.error.Again:
    print("no answer")
