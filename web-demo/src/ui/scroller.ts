/** The tallest element that every browser lays out without loss. */
const TALLEST = 8_000_000;

/**
 * Which row is first in sight, from where a scroll bar stands.
 *
 * A list that is too tall for an element is scaled: a jump of the scroll bar goes to a share of the list, and a small
 * movement (a wheel, a finger) goes by pixels from there.
 */
export class Scroller {
  /** Height of the element that is scrolled. */
  readonly height: number;
  readonly isScaled: boolean;
  /** Where the scroll bar belongs for the row that is first now. */
  place = 0;
  private top = 0;
  private readonly lastTop: number;
  private readonly reach: number;

  /** For `count` rows of `row` pixels in a window of `sight` pixels. */
  constructor(
    count: number,
    private readonly row: number,
    private readonly sight: number,
  ) {
    this.isScaled = count * row > TALLEST;
    this.height = Math.min(TALLEST, count * row);
    this.lastTop = Math.max(0, count - sight / row);
    this.reach = Math.max(0, this.height - sight);
  }

  /** Goes to a row; gives the row that is then first, which is less where the list ends. */
  to(row: number): number {
    this.top = Math.max(0, Math.min(this.lastTop, row));
    this.place = this.lastTop === 0 ? 0 : (this.top / this.lastTop) * this.reach;
    return this.top;
  }

  /** Takes in where the scroll bar is now; gives the first row, with a fraction. */
  scrolled(place: number): number {
    const by = place - this.place;
    const isJump = Math.abs(by) > 4 * this.sight || place <= 0 || place >= this.reach;
    const next = this.isScaled && !isJump ? this.top + by / this.row : this.reach === 0 ? 0 : (place / this.reach) * this.lastTop;
    this.top = Math.max(0, Math.min(this.lastTop, next));
    this.place = place;
    return this.top;
  }
}
