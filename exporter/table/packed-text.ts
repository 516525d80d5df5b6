import { deflateRawSync, inflateRawSync } from "node:zlib";

/** More on a page pack better, and cost more to read one of. */
const TEXTS_ON_A_PAGE = 64;
/** Of unpacked ones; those of some ten thousand routes. */
const MOST_BYTES_AT_HAND = 4 << 20;
/** No JSON text holds it. */
const SEPARATOR = "\0";
/** Pages of about one size take each other's room. */
const ROOM_BYTES = 8 << 10;
/** What zlib takes at the least. */
const LEAST_CHUNK_BYTES = 64;

/** A JSON text that takes little memory while nobody reads it. */
export class PackedText {
  readonly length: number;
  #text: string | undefined;
  #page: Page | undefined;
  #row = 0;

  constructor(text: string) {
    this.length = text.length;
    this.#text = text;
  }

  /** Cheap for texts that were kept one after the other, read in that order. */
  read(): string {
    return this.#text ?? (this.#page as Page).text(this.#row);
  }

  /** Where it lies; undefined while it is loose. */
  get place(): { readonly page: Page; readonly row: number } | undefined {
    return this.#page && { page: this.#page, row: this.#row };
  }

  moveTo(page: Page, row: number): void {
    this.#text = undefined;
    this.#page = page;
    this.#row = row;
  }

  moveOut(): void {
    this.#text = this.read();
    this.#page = undefined;
  }
}

/** Keeps texts, the most of them packed on pages of their like. */
export class TextPages {
  readonly #loose = new Set<PackedText>();
  readonly #reader = new PageReader();

  keep(text: PackedText): void {
    this.#loose.add(text);
    if (this.#loose.size < TEXTS_ON_A_PAGE) return;
    packPage([...this.#loose], this.#reader);
    this.#loose.clear();
  }

  /** It may still be read; but its place is wanted back as soon as half of its page is dropped. */
  drop(text: PackedText): void {
    if (this.#loose.delete(text)) return;
    const { place } = text;
    const left = place?.page.leave(place.row) ?? [];
    for (const member of left) member.moveOut();
    if (left.length > 0) place?.page.forget();
    for (const member of left) this.keep(member);
  }
}

function packPage(texts: readonly PackedText[], reader: PageReader): void {
  const all = Buffer.from(texts.map((text) => text.read()).join(SEPARATOR));
  // A copy: what zlib gives is a window on much more than was needed.
  const packed = new Uint8Array(deflateRawSync(all, { level: 1 }));
  const page = new Page(packed, all.length, reader, texts);
  for (const [row, text] of texts.entries()) text.moveTo(page, row);
}

class Page {
  readonly packed: Uint8Array;
  /** Of all its texts together, unpacked. */
  readonly byteLength: number;
  readonly #reader: PageReader;
  /** By row; undefined for one that was dropped. */
  #members: (PackedText | undefined)[];
  #kept: number;

  constructor(
    packed: Uint8Array,
    byteLength: number,
    reader: PageReader,
    members: readonly PackedText[],
  ) {
    this.packed = packed;
    this.byteLength = byteLength;
    this.#reader = reader;
    this.#members = [...members];
    this.#kept = members.length;
  }

  /** Drops a member; gives all that are left where they are too few to keep a page for. */
  leave(row: number): readonly PackedText[] {
    if (!this.#members[row]) return [];
    this.#members[row] = undefined;
    this.#kept -= 1;
    if (2 * this.#kept > TEXTS_ON_A_PAGE) return [];
    const left = this.#members.filter((member) => member !== undefined);
    this.#members = [];
    return left;
  }

  /** All of its texts have moved out. */
  forget(): void {
    this.#reader.forget(this);
  }

  text(row: number): string {
    return this.#reader.texts(this).text(row);
  }
}

/**
 * Has the pages at hand that were read lately. Texts lie in the order in which they were kept, and are read
 * in that of their keys: after many changes each of a row is on another page, and one page at hand would be
 * unpacked as often as it has texts.
 */
class PageReader {
  /** That which was read last comes last. */
  readonly #texts = new Map<Page, UnpackedTexts>();
  #last: { readonly page: Page; readonly texts: UnpackedTexts } | undefined;
  #bytes = 0;

  texts(page: Page): UnpackedTexts {
    if (this.#last?.page === page) return this.#last.texts;
    const texts = this.#texts.get(page) ?? this.#unpack(page);
    this.#texts.delete(page);
    this.#texts.set(page, texts);
    this.#last = { page, texts };
    return texts;
  }

  /** Nobody will read it any more. */
  forget(page: Page): void {
    if (this.#texts.delete(page)) this.#bytes -= page.byteLength;
    if (this.#last?.page === page) this.#last = undefined;
  }

  #unpack(page: Page): UnpackedTexts {
    this.#bytes += page.byteLength;
    let left: UnpackedTexts | undefined;
    for (const [oldest, texts] of this.#texts) {
      if (this.#bytes <= MOST_BYTES_AT_HAND) break;
      this.forget(oldest);
      left = texts;
    }
    return new UnpackedTexts(page, left);
  }
}

/**
 * The texts of a page, as bytes: they lie outside of the heap of JavaScript. Strings that are at hand for a
 * while would be copied by one collection of garbage after the other, which cost more than to make each anew.
 */
class UnpackedTexts {
  readonly #room: Buffer;
  readonly #starts: readonly number[];
  readonly #end: number;

  /**
   * Takes the room of `left`, which nobody reads any more: what was at hand for a while is let go only by a
   * collection of the whole heap, and some tens of megabytes of such bytes would set one off.
   */
  constructor({ packed, byteLength }: Page, left: UnpackedTexts | undefined) {
    // One more, or zlib asks for a second piece to tell that there is nothing to write into it.
    const chunkSize = Math.max(byteLength + 1, LEAST_CHUNK_BYTES);
    const bytes = inflateRawSync(packed, { chunkSize });
    const fits = left !== undefined && left.#room.length >= bytes.length;
    const room = Math.ceil(bytes.length / ROOM_BYTES) * ROOM_BYTES;
    this.#room = fits ? left.#room : Buffer.allocUnsafeSlow(room);
    bytes.copy(this.#room);
    const starts = [0];
    for (let end = bytes.indexOf(0); end >= 0; end = bytes.indexOf(0, end + 1)) {
      starts.push(end + 1);
    }
    this.#starts = starts;
    this.#end = bytes.length;
  }

  text(row: number): string {
    const next = this.#starts[row + 1] ?? this.#end + SEPARATOR.length;
    return this.#room.toString("utf8", this.#starts[row], next - SEPARATOR.length);
  }
}
