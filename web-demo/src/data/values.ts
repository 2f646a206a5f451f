// Stored numbers out of bytes; all of FAISS's are little-endian.

const WIDTHS: Readonly<Record<string, number>> = { u8: 1, i8: 1, u16: 2, i32: 4, u32: 4, f32: 4, i64: 8, u64: 8, f64: 8 };

/** Bytes of one element; 1 for a dtype that is not known. */
export function width(dtype: string): number {
  return WIDTHS[dtype] ?? 1;
}

/** The elements in these bytes, without a last one that is cut off. */
export function elements(bytes: Uint8Array, dtype: string): (number | bigint)[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const step = width(dtype);
  const found: (number | bigint)[] = [];
  for (let at = 0; at + step <= bytes.length; at += step) found.push(one(view, at, dtype));
  return found;
}

function one(view: DataView, at: number, dtype: string): number | bigint {
  switch (dtype) {
    case "i32":
      return view.getInt32(at, true);
    case "u32":
      return view.getUint32(at, true);
    case "f32":
      return view.getFloat32(at, true);
    case "f64":
      return view.getFloat64(at, true);
    case "i64":
      return view.getBigInt64(at, true);
    case "u64":
      return view.getBigUint64(at, true);
    default:
      return view.getUint8(at);
  }
}
