#!/usr/bin/env python3
"""Reads Faissil snapshots, version 1: made from snapshot-format.md alone.

    faissil_reader.py FILE [FOLDER]

Verifies every chunk, page, body and digest, prints what the snapshot says as JSON, and writes `stream` and the
attachments (as `attachment.NAME`) into FOLDER. Needs the package `blake3`. Exit code 1: damaged, or no snapshot.
"""
import json
import os
import struct
import sys
import zlib

from blake3 import blake3
from faissil_codecs import Bad, decode, need

MAGIC, MARK_MAGIC = b"\x89FAISSIL", b"\x89FAISSBK"
KNOWN = {"ATCH": 1, "CHNK": 1, "FIDE": 1, "IDMP": 0, "META": 0, "PROD": 0, "RCPE": 0, "STRM": 1, "TREE": 0}
WIDTHS = {1: 32, 2: 120, 3: 8, 4: 16}

class Body:
    """Postcard values, one after the other."""

    def __init__(self, data, at):
        self.data, self.at, self.pos = data, at, 0
    def raw(self, count):
        need(count <= len(self.data) - self.pos, self.at + self.pos, f"{count} bytes are missing")
        self.pos += count
        return self.data[self.pos - count:self.pos]
    def uint(self, bits=64):
        start, value, shift = self.pos, 0, 0
        while True:
            byte = self.raw(1)[0]
            value |= (byte & 0x7F) << shift
            need(value >> bits == 0, self.at + start, "integer does not fit its field")
            if byte < 0x80:
                need(byte or not shift, self.at + start, "integer is not in its shortest form")
                return value
            shift += 7
    def int(self):
        value = self.uint()
        return (value >> 1) ^ -(value & 1)
    def bool(self):
        value = self.raw(1)[0]
        need(value < 2, self.at + self.pos - 1, "bool is not 0 or 1")
        return value == 1
    def text(self):
        return self.raw(self.uint()).decode()
    def list(self, read):
        count = self.uint()
        need(count <= len(self.data) - self.pos, self.at + self.pos, f"a list of {count} is too long")
        return [read() for _ in range(count)]
    def optional(self, read):
        return read() if self.bool() else None
    def pairs(self):
        return self.list(lambda: (self.text(), self.text()))
    def place(self):
        return self.uint(), self.uint(), self.raw(32)
    def tree(self):
        return self.uint(), self.raw(1)[0], self.place()

class Snapshot:
    def __init__(self, path):
        self.file, self.extents = open(path, "rb"), []
        self.size = self.file.seek(0, 2)
        at = max(self.size - 64, 0)
        start, length, digest, signatures, version, flags, magic = struct.unpack("<QQ32sIHH8s", self.read(at, 64))
        need(magic == MAGIC, at + 56, "no trailer")
        need(version == 1, at + 52, f"snapshot version {version}: this reads 1")
        need(flags == 0 and signatures <= 65536, at + 48, "flags or length of the signatures are impossible")
        need(start + length + signatures + 64 == self.size, at, "lengths do not add up to the file's")
        self.manifest, self.signatures, self.digest = start, signatures, digest
        self.sections = self.read_manifest(self.referred((start, length, digest), 61440, "manifest"))
        self.stream = self.read_stream()

    def read(self, start, length):
        self.file.seek(start)
        data = self.file.read(length)
        need(len(data) == length, start, f"{length} bytes are needed, {len(data)} are there")
        return data

    def referred(self, place, limit, what):
        start, length, digest = place
        need(0 < length <= limit and start + length <= self.size, start, f"{what} has an impossible place")
        data = self.read(start, length)
        need(blake3(data).digest() == digest, start, f"{what} is damaged")
        return data

    def content(self, place, limit, name):
        self.extents.append((place[0], place[0] + place[1], name))
        return Body(self.referred(place, limit, name), place[0])

    def read_manifest(self, data):
        body, sections, last = Body(data, self.manifest), {}, b""
        for _ in range(body.uint()):
            at = self.manifest + body.pos
            tag, flags = body.raw(4), body.raw(1)[0]
            need(tag > last, at, "sections do not ascend")
            last, name = tag, tag.decode("latin-1")
            need(name in KNOWN or not flags & 1, at, f"critical section {name} is unknown")
            need(flags < 4 and KNOWN.get(name, 0) == flags & 1, at, f"{name}: wrong flags")
            if flags & 2:
                need(name not in ("STRM", "CHNK"), at, f"{name} stands in the manifest")
                sections[name] = self.content(body.place(), 8388608 if name in KNOWN else self.size, name)
            else:
                length = body.uint()
                need(length <= 4096, at, f"{name}: body is too long")
                sections[name] = Body(body.raw(length), self.manifest + body.pos - length)
        need(body.pos == len(data), self.manifest + body.pos, "bytes after the last section")
        need("STRM" in sections and "CHNK" in sections, self.manifest, "STRM or CHNK is missing")
        return sections

    def read_stream(self):
        body, chunks = self.sections["STRM"], self.sections["CHNK"]
        stream = {"layout": body.raw(1)[0], "len": body.uint(), "digest": body.raw(32)}
        stream["faiss_version_min"] = ".".join(str(body.uint(16)) for _ in range(3))
        stream["chunk_log2"], stream["table"] = chunks.raw(1)[0], chunks.tree()
        need(stream["layout"] in (1, 2) and 0 < stream["len"] < 2**63, body.at, "layout or length is impossible")
        self.sealed = stream["layout"] == 1
        if self.sealed:
            mark, log2, count = self.read(stream["len"], 16), stream["chunk_log2"], stream["table"][0]
            need(mark == MARK_MAGIC + struct.pack("<Q", stream["len"]), stream["len"], "no mark behind the stream")
            need(14 <= log2 <= 24 and count == (stream["len"] - 1 >> log2) + 1, chunks.at, "chunks do not multiply out")
        else:
            need(self.read(0, 16) == MAGIC + bytes(8) and stream["chunk_log2"] == 0, 0, "no head, or chunk_log2 is not 0")
        return stream

    def leaves(self, tree, kind, name):
        """The entries of a table, page by page; notes what it fills of the file: a stretch, and its root."""
        (count, top, root), extent, seen = tree, [], 0
        need(count > 0 and top <= 5, root[0], f"{name}: impossible tree")

        def cover(start, length):
            need(not extent or extent[1] == start, start, f"{name}: a gap or an overlap")
            extent[:] = [extent[0] if extent else start, start + length]

        def visit(place, height, key):
            data, at = self.referred(place, 32768, f"page of {name}"), place[0]
            head = struct.unpack_from("<BBHI", data) if len(data) >= 8 else (0, 0, 0, 0)
            width = 56 if height else WIDTHS[kind]
            if (kind, height) == (3, 0) and head[3] and len(data) - 8 in (head[3], 2 * head[3], 4 * head[3]):
                width = (len(data) - 8) // head[3]
            need(head == (kind, height, 0, head[3]) and head[3] > 0, at, f"{name}: head of the page is wrong")
            need(len(data) == 8 + width * head[3], at, f"{name}: entries do not fill the page")
            parts = [data[pos:pos + width] for pos in range(8, len(data), width)]
            if height:
                children = [struct.unpack("<QQQ32s", part) for part in parts]
                need(key in (None, children[0][0]), at, f"{name}: key is not that of the first child")
                for first, *below in children:
                    yield from visit(below, height - 1, first)
            else:
                for part in parts if kind == 2 else []:
                    cover(*struct.unpack_from("<QQ", part, 16))
                yield key, parts
            if place is not root:
                cover(*place[:2])

        for key, parts in visit(root, top, None):
            need(kind in (2, 4) or key in (None, seen), root[0], f"{name}: wrong key")
            seen += len(parts)
            yield key, parts
        need(seen == count, root[0], f"{name}: {seen} entries, not {count}")
        self.extents += [(root[0], root[0] + root[1], name)] + ([(*extent, name)] if extent else [])

    def coded(self, tree, total, name):
        """The decoded chunks of a table of kind 2."""
        at = 0
        for key, parts in self.leaves(tree, 2, name):
            need(key in (None, at), tree[2][0], f"{name}: wrong key")
            for part in parts:
                (start, length, place, stored, codec, used, params, before,
                 after) = struct.unpack("<QQQQII16s32s32s", part)
                need(start == at and 0 < length <= min(4194304, total - at), place, f"{name}: chunk is out of place")
                need(used <= 16 and not any(params[used:]), place, f"{name}: parameters are impossible")
                data = self.referred((place, stored, before), length, f"chunk of {name}")
                data = decode(codec, params[:used], data, length, place)
                need(blake3(data).digest() == after, place, f"{name}: chunk decodes to other bytes")
                at += length
                yield data
        need(at == total, tree[2][0], f"{name}: chunks end at {at}, not {total}")

    def stream_bytes(self):
        """The stream. In a sealed snapshot its digest speaks for all chunks, whose values are not looked at."""
        table, length = self.stream["table"], self.stream["len"]
        if not self.sealed:
            return self.coded(table, length, "stream")
        list(self.leaves(table, 1, "chunk values"))
        return (self.read(start, min(1 << 20, length - start)) for start in range(0, length, 1 << 20))

    def attachments(self):
        body = self.sections.get("ATCH")
        found = [] if body is None else body.list(
            lambda: (body.text(), body.text(), body.uint(), body.raw(32), body.optional(body.tree)))
        for name, _, length, _, table in found:
            need(name not in ("", ".", "..") and len(name.encode()) <= 255, body.at, f"name {name!r}")
            need(not any(c in "/\\" or ord(c) < 32 or 127 <= ord(c) < 160 for c in name), body.at, f"name {name!r}")
            need((table is None) == (length == 0), body.at, f"{name}: table and length")
        need(len({each[0] for each in found}) == len(found), self.manifest, "names are not unique")
        return found

    def check(self, pieces, digest, what, folder):
        hasher = blake3()
        with open(os.path.join(folder, what) if folder else os.devnull, "wb") as out:
            for piece in pieces:
                hasher.update(piece)
                out.write(piece)
        need(hasher.digest() == digest, 0, f"{what} is damaged")

    def ids(self):
        """The id summary; and the digest of all entries of its lookup pages, which are checked."""
        body = self.sections.get("IDMP")
        if body is None:
            return None
        ids = {"count": body.uint(), "kind": body.raw(1)[0], "min": body.int(), "max": body.int(), "start": body.int(),
               "stride": body.int(), "duplicates": body.optional(body.uint)}
        lookup = None if body.pos == len(body.data) else body.optional(body.tree)
        need(ids["kind"] <= 4 and ids["min"] <= ids["max"], body.at, "IDMP is impossible")
        last, hasher = (-2**63, -1), blake3()
        for key, parts in self.leaves(lookup, 4, "id lookup") if lookup else []:
            entries = [struct.unpack("<qQ", part) for part in parts]
            need(key in (None, entries[0][0] % 2**64), body.at, "id lookup: wrong key")
            need(all(a < b for a, b in zip([last, *entries], entries)), body.at, "ids do not ascend")
            last = entries[-1]
            list(map(hasher.update, parts))
        return {**ids, "lookup_digest": hasher.hexdigest() if lookup else None}

    def tree(self):
        body = self.sections.get("TREE")
        if body is None:
            return None
        tree = {"description": body.text(), "facts": dict(body.pairs())}
        tree["lists"] = body.list(
            lambda: (body.text(), *(body.uint() for _ in range(4)), body.uint(128), body.optional(body.tree)))
        tree["arrays"] = body.list(lambda: (body.text(), body.raw(1)[0], body.list(body.uint), body.uint(), body.uint()))
        records, place = body.raw(body.uint()), body.optional(body.place)
        for path, nlist, total, *_, sizes in tree["lists"]:
            parts = [part for _, page in self.leaves(sizes, 3, "list sizes") for part in page] if sizes else []
            found = (len(parts), sum(int.from_bytes(part, "little") for part in parts))
            need(not sizes or found == (nlist, total), self.manifest, f"sizes of lists {path} do not add up")
        tree["lists"] = [lists[:-1] for lists in tree["lists"]]
        if place:
            records = self.content(place, 8388608, "records").data
        tree["records_digest"] = blake3(records).hexdigest()
        return tree

    def cover(self):
        at = self.stream["len"] + 16 if self.sealed else 16
        for start, end, name in sorted(self.extents):
            need(start == at, min(start, at), f"before {name}: a gap or an overlap")
            at = end
        need(at == self.manifest, at, "bytes before the manifest belong to nothing")

def report(path, folder):
    snapshot = Snapshot(path)
    stream, sections, attachments = snapshot.stream, snapshot.sections, snapshot.attachments()
    snapshot.check(snapshot.stream_bytes(), stream["digest"], "stream", folder)
    for name, _, length, digest, table in attachments:
        pieces = snapshot.coded(table, length, f"attachment {name}") if table else []
        snapshot.check(pieces, digest, f"attachment.{name}", folder)
    ids, tree = snapshot.ids(), snapshot.tree()
    snapshot.cover()
    return {
        "layout": "sealed" if snapshot.sealed else "packed", "snapshot_digest": snapshot.digest.hex(),
        "stream": {"len": stream["len"], "blake3": stream["digest"].hex()}, "chunks": stream["table"][0],
        "faiss_version_min": stream["faiss_version_min"], "sections": list(sections), "signatures": snapshot.signatures,
        "metadata": dict(sections["META"].pairs()) if "META" in sections else {},
        "producer": [sections["PROD"].text(), sections["PROD"].text()] if "PROD" in sections else None,
        "attachments": [{"name": name, "media_type": media_type, "len": length, "blake3": digest.hex()}
                        for name, media_type, length, digest, _ in attachments],
        "ids": ids, "tree": tree}

if __name__ == "__main__":
    try:
        print(json.dumps(report(sys.argv[1], (sys.argv + [None])[2]), indent=1))
    except (Bad, OSError, UnicodeError, zlib.error) as problem:
        sys.exit(f"{sys.argv[1]}: {problem}")
