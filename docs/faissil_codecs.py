"""The codecs of Faissil snapshots, version 1: made from snapshot-format.md alone. `decode` is what a reader calls."""
import struct
import zlib

Bad = type("Bad", (Exception,), {"__doc__": "The file is not what the format says."})

def need(condition, at, message):
    if not condition:
        raise Bad(f"byte {at}: {message}")

class Stored:
    """Stored bytes, taken one after the other."""

    def __init__(self, data, at):
        self.data, self.at, self.pos = data, at, 0
    def take(self, count):
        need(count <= len(self.data) - self.pos, self.at, "a chunk is cut short")
        self.pos += count
        return self.data[self.pos - count:self.pos]
    def uint(self):
        value, shift = 0, 0
        while True:
            byte = self.take(1)[0]
            value |= (byte & 0x7F) << shift
            need(value < 1 << 64 and (byte or not shift), self.at, "integer is too long")
            if byte < 0x80:
                return value
            shift += 7
    def part(self):
        return Stored(self.take(self.uint()), self.at)
    def end(self):
        need(self.pos == len(self.data), self.at, "bytes that belong to nothing")

def unzigzag(value):
    return (value >> 1) ^ -(value & 1)

def slots_of(frequencies, log2, at):
    """Of each slot: symbol, frequency, place among the slots of the symbol."""
    need(sum(frequencies) == 1 << log2, at, "frequencies do not add up")
    return [(symbol, f, place) for symbol, f in enumerate(frequencies) for place in range(f)]

def rans(part, log2, tables):
    """A symbol for each of `tables`, which are lists of slots."""
    states = list(struct.unpack("<8I", part.take(32)))
    need(min(states) >= 1 << 16, part.at, "a state is too small")
    out = []
    for index, slots in enumerate(tables):
        state = states[index % 8]
        symbol, frequency, place = slots[state & (1 << log2) - 1]
        state = frequency * (state >> log2) + place
        if state < 1 << 16:
            state = state << 16 | int.from_bytes(part.take(2), "little")
        states[index % 8] = state
        out.append(symbol)
    need(states == [1 << 16] * 8, part.at, "symbols do not end where they should")
    part.end()
    return out

def draws(counts, stored):
    """All that is drawn from an urn with so many of each kind, which takes all of `stored`."""
    left, code, span, out = list(counts), 0, 2**64 - 1, []
    for _ in range(2):
        code = code << 32 | int.from_bytes(stored.take(4), "little")
    for total in range(sum(counts), 0, -1):
        unit = span // total
        number, kind, start = code // unit, 0, 0
        need(number < total, stored.at, "draws that are none")
        while number >= start + left[kind]:
            start, kind = start + left[kind], kind + 1
        code, span = code - unit * start, unit * left[kind]
        left[kind] -= 1
        while span < 2**32:
            code, span = code << 32 | int.from_bytes(stored.take(4), "little"), span << 32
        out.append(kind)
    need(code == 0, stored.at, "draws do not end where they should")
    stored.end()
    return out

def bins(stored, count):
    """`count` numbers in bins, which take all of `stored`."""
    if count == 0:
        stored.end()
        return []
    table, frequencies, first = [], [], 0
    for _ in range(stored.uint()):
        first = (first + stored.uint()) % 2**64
        table.append((first, stored.take(1)[0]))
        frequencies.append(stored.uint())
    need(1 <= len(table) <= 256 and max(bits for _, bits in table) <= 64, stored.at, "bins are impossible")
    slots = slots_of(frequencies, 12, stored.at)
    symbols = rans(stored.part(), 12, (slots for _ in range(count)))
    plain, at, out = stored.take(len(stored.data) - stored.pos), 0, []
    for symbol in symbols:
        first, bits = table[symbol]
        window = int.from_bytes(plain[at >> 3:(at + bits + 7) >> 3], "little") >> (at & 7)
        out.append((first + (window & (1 << bits) - 1)) % 2**64)
        at += bits
    need((at + 7) >> 3 == len(plain) and (at % 8 == 0 or plain[-1] >> at % 8 == 0), stored.at, "bits do not add up")
    return out

def numbers(width, view, zeros, stored, length):
    bits = 8 * width
    turned = bits - 1 if view == 1 else bits
    need(width in (4, 8) and view <= 2 and zeros < turned, stored.at, "parameters are unknown")
    tail, before, out = stored.take(length % width), 0, bytearray()
    for number in bins(stored, length // width):
        number %= 1 << bits
        sign, number = (number & 1, number >> 1) if view == 1 else (0, number)
        number = (number << zeros | number >> turned - zeros) % (1 << turned)
        if view == 2:
            before = number = (before + unzigzag(number)) % (1 << bits)
        out += (number | sign << bits - 1).to_bytes(width, "little")
    return bytes(out) + tail

def columns(width, stored, length):
    count = stored.take(1)[0]
    need(1 <= width <= 65536 and count <= 16, stored.at, "columns are impossible")
    map_ = stored.take(width)
    tables = [slots_of([stored.uint() for _ in range(256)], 14, stored.at) for _ in range(count)]
    need(all(table < count or table == 255 for table in map_), stored.at, "a column has no table")
    rows = length // width
    coded = [tables[table] for table in map_ if table != 255]
    symbols = iter(rans(stored.part(), 14, coded * rows) if tables and rows else [])
    plain = iter(stored.take((width - len(coded)) * rows))
    out = bytes(next(plain if table == 255 else symbols) for _ in range(rows) for table in map_)
    out += stored.take(length % width)
    stored.end()
    return out

def links(period, stored, length):
    pairs = stored.uint()
    need(length % 4 == 0 and pairs <= length // 4, stored.at, "runs do not fill the slots")
    runs, excess = bins(stored.part(), pairs), bins(stored.part(), pairs)
    empty = [(-run % period if period else 0) + unzigzag(more) for run, more in zip(runs, excess)]
    need(all(each >= 0 for each in empty) and sum(runs) + sum(empty) == length // 4, stored.at, "runs do not add up")
    found, out = iter(bins(stored, sum(runs))), bytearray()
    for run, none in zip(runs, empty):
        out += b"".join((next(found) % 2**32).to_bytes(4, "little") for _ in range(run)) + b"\xff" * (4 * none)
    return bytes(out)

def lists(code_size, stored, length):
    count = stored.uint()
    need(count <= 32768 and code_size <= 65536, stored.at, "too many lists")
    sizes = bins(stored.part(), count)
    total = sum(sizes)
    need(total * (code_size + 8) == length, stored.at, "sizes do not add up")
    how, codes = stored.take(1)[0], stored.part()
    need(how <= 2, stored.at, "codes are of an unknown kind")
    if how == 0:
        need(len(codes.data) == total * code_size, stored.at, "codes have another length")
        codes = codes.data
    elif how == 1:
        codes = columns(code_size, codes, total * code_size)
    else:
        codes = numbers(4, 1, codes.take(1)[0], codes, total * code_size)
    kind = stored.take(1)[0]
    need(kind == 0 or kind == 1 and total, stored.at, "ids are of an unknown kind")
    if kind == 0:
        view = stored.take(1)[0]
        need(view != 1, stored.at, "ids are of an unknown kind")
        ids = numbers(8, view, 0, stored, 8 * total)
        ids = [ids[at:at + 8] for at in range(0, len(ids), 8)]
    else:
        of_lists, id_ = [[] for _ in sizes], 0
        for gap, list_ in zip(bins(stored.part(), total), draws(sizes, stored)):
            of_lists[list_].append(((id_ + gap) % 2**64).to_bytes(8, "little"))
            id_ = (id_ + gap + 1) % 2**64
        ids = [each for list_ in of_lists for each in list_]
    out, row = bytearray(), 0
    for size in sizes:
        out += codes[row * code_size:(row + size) * code_size] + b"".join(ids[row:row + size])
        row += size
    return bytes(out)

def decode(codec, params, stored, length, at):
    if codec == 0:
        need(not params and len(stored) == length, at, "raw chunk has another length")
        return stored
    small, data = int.from_bytes(params, "little"), Stored(stored, at)
    if codec == 2 and len(params) == 3:
        return numbers(*params, data, length)
    if codec in (3, 4, 5) and len(params) == 4:
        return (columns, links, lists)[codec - 3](small, data, length)
    need(codec == 1 and params in (b"\1", b"\2", b"\4", b"\x08"), at, f"codec {codec} or its parameters are unknown")
    width = params[0]
    plane, out, pos = length // width, bytearray(length), 4 * width
    need(len(stored) >= pos, at, "planes are cut short")
    for number, size in enumerate(struct.unpack_from(f"<{width}I", stored)):
        piece, pos = stored[pos:pos + size], pos + size
        need(len(piece) == size <= plane, at, "planes do not add up")
        if size < plane:
            inflate = zlib.decompressobj(wbits=-15)
            piece = inflate.decompress(piece, plane) + inflate.decompress(inflate.unconsumed_tail, 1)
            need(len(piece) == plane and inflate.eof and not inflate.unused_data, at, "a plane has another length")
        out[number:plane * width:width] = piece
    need(len(stored) - pos == length % width, at, "bytes after the planes are wrong")
    out[plane * width:] = stored[pos:]
    return bytes(out)
