/** Bytes out of hexadecimal digits that come in pieces; a byte's two digits may stand in two pieces, other characters between. */
export class HexBytes {
  #bytes = Buffer.alloc(256);
  #length = 0;
  /** The first digit of a byte whose second has not come, or -1. */
  #high = -1;

  /** Whole bytes so far. */
  get length(): number {
    return this.#length;
  }

  /** The bytes so far; good until the next change. */
  get view(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  push(text: string): void {
    this.#reserve(this.#length + Math.ceil(text.length / 2) + 1);
    for (let i = 0; i < text.length; i++) {
      const digit = digitOf(text.charCodeAt(i));
      if (digit < 0) continue;
      if (this.#high < 0) this.#high = digit;
      else {
        this.#bytes[this.#length++] = this.#high * 16 + digit;
        this.#high = -1;
      }
    }
  }

  /** Forgets all but the last `count` bytes. */
  keepLast(count: number): void {
    const kept = Math.min(count, this.#length);
    this.#bytes.copyWithin(0, this.#length - kept, this.#length);
    this.#length = kept;
  }

  #reserve(length: number): void {
    if (length <= this.#bytes.length) return;
    const larger = Buffer.alloc(Math.max(length, 2 * this.#bytes.length));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
}

/** -1 for what is no hexadecimal digit. */
function digitOf(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}
