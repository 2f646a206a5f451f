// How chunks are laid out as cells of a strip: as large as fits, and several chunks to a cell where there are too many.

export interface Grid {
  columns: number;
  rows: number;
  /** Distance from one cell to the next. */
  pitch: { x: number; y: number };
  /** Chunks in a cell. */
  each: number;
}

/** Up to so many chunks stand in one row. */
const ONE_ROW = 48;
const SMALLEST = 4;

/** A grid of `chunks` in a box of this size. */
export function gridOf(chunks: number, width: number, height: number): Grid {
  if (chunks <= ONE_ROW) {
    const columns = Math.max(1, chunks);
    return { columns, rows: 1, pitch: { x: width / columns, y: Math.min(height, 40) }, each: 1 };
  }
  for (let pitch = 22; pitch > SMALLEST; pitch -= 1) {
    const columns = Math.floor(width / pitch);
    const rows = Math.ceil(chunks / columns);
    if (rows * pitch <= height) return { columns, rows, pitch: { x: pitch, y: pitch }, each: 1 };
  }
  const columns = Math.max(1, Math.floor(width / SMALLEST));
  const most = columns * Math.max(1, Math.floor(height / SMALLEST));
  const each = Math.ceil(chunks / most);
  return { columns, rows: Math.ceil(Math.ceil(chunks / each) / columns), pitch: { x: SMALLEST, y: SMALLEST }, each };
}

/** The chunk under a point; undefined behind the last. */
export function chunkAt(grid: Grid, chunks: number, x: number, y: number): number | undefined {
  const column = Math.floor(x / grid.pitch.x);
  const row = Math.floor(y / grid.pitch.y);
  const chunk = (row * grid.columns + column) * grid.each;
  return column < 0 || column >= grid.columns || row < 0 || chunk >= chunks ? undefined : chunk;
}
