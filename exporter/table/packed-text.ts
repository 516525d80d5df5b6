import { deflateRawSync, inflateRawSync } from "node:zlib";

/** More on a page pack better, and cost more to read one of. */
const TEXTS_ON_A_PAGE = 64;
/** No JSON text holds it. */
const SEPARATOR = "\0";

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
    for (const member of left) this.keep(member);
  }
}

function packPage(texts: readonly PackedText[], reader: PageReader): void {
  const all = texts.map((text) => text.read()).join(SEPARATOR);
  // A copy: what zlib gives is a window on much more than was needed.
  const bytes = new Uint8Array(deflateRawSync(all, { level: 1 }));
  const page = new Page(bytes, reader, texts);
  for (const [row, text] of texts.entries()) text.moveTo(page, row);
}

class Page {
  readonly bytes: Uint8Array;
  readonly #reader: PageReader;
  /** By row; undefined for one that was dropped. */
  #members: (PackedText | undefined)[];
  #kept: number;

  constructor(bytes: Uint8Array, reader: PageReader, members: readonly PackedText[]) {
    this.bytes = bytes;
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

  text(row: number): string {
    return this.#reader.texts(this)[row] as string;
  }
}

/** Has the page at hand that was read last. */
class PageReader {
  #page: Page | undefined;
  #texts: readonly string[] = [];

  texts(page: Page): readonly string[] {
    if (this.#page !== page) {
      this.#texts = inflateRawSync(page.bytes).toString("utf8").split(SEPARATOR);
      this.#page = page;
    }
    return this.#texts;
  }
}
