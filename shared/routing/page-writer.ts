import { LONG_LENGTH, MAX_PAGE_BYTES } from "./route-page-layout.ts";

/** The bytes of a page, as they come (INDEX.md 5.2.3). Throws a RangeError for what does not fit. */
export class PageWriter {
  at = 0;
  readonly offsetBytes: number;
  #bytes = new Uint8Array(1024);
  /** Hosts: where each was written last. */
  readonly #hosts = new Map<string, number>();
  /** Conditions, each once: offset within the texts, by text. */
  readonly #texts = new Map<string, number>();
  #textBytes = 0;

  constructor(offsetBytes: number) {
    this.offsetBytes = offsetBytes;
  }

  byte(value: number): void {
    this.#makeRoom(1);
    this.#bytes[this.at++] = value;
  }

  number(value: number, bytes: number): void {
    this.#makeRoom(bytes);
    this.patch(this.at, value, bytes);
    this.at += bytes;
  }

  offset(value: number): void {
    this.number(value, this.offsetBytes);
  }

  patch(at: number, value: number, bytes: number): void {
    for (let i = 0; i < bytes; i++) this.#bytes[at + i] = value >>> (8 * i);
  }

  /** A length and as many bytes; `text` has one character a byte. */
  text(text: string): void {
    this.length(text.length);
    this.raw(text);
  }

  length(length: number): void {
    if (length < LONG_LENGTH) {
      this.byte(length);
      return;
    }
    if (length > 0xffff) throw new RangeError(`a text of ${length} bytes`);
    this.byte(LONG_LENGTH);
    this.number(length, 2);
  }

  raw(text: string): void {
    this.#makeRoom(text.length);
    for (let i = 0; i < text.length; i++) this.#bytes[this.at++] = text.charCodeAt(i);
  }

  /** Writes hosts, unless they were written at `since` or after it. */
  hosts(hosts: string, since: number): void {
    const last = this.#hosts.get(hosts);
    if (last !== undefined && last >= since) return;
    this.#hosts.set(hosts, this.at);
    this.raw(hosts);
  }

  /** Where those hosts were written last. */
  hostsAt(hosts: string): number {
    const at = this.#hosts.get(hosts);
    if (at === undefined) throw new Error("hosts are written before what asks for them");
    return at;
  }

  /** Where in the texts section `text` will lie. */
  placeText(text: string): number {
    const known = this.#texts.get(text);
    if (known !== undefined) return known;
    const at = this.#textBytes;
    this.#texts.set(text, at);
    this.#textBytes += text.length;
    return at;
  }

  writeTexts(): void {
    for (const text of this.#texts.keys()) this.raw(text);
  }

  finish(): Uint8Array {
    if (this.at > MAX_PAGE_BYTES) {
      throw new RangeError(
        `the routes of one path take ${this.at} bytes of the index, the limit is ${MAX_PAGE_BYTES}`,
      );
    }
    return this.#bytes.slice(0, this.at);
  }

  #makeRoom(bytes: number): void {
    if (this.at + bytes <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(this.#bytes.length * 2, this.at + bytes));
    larger.set(this.#bytes);
    this.#bytes = larger;
  }
}

/** How many bytes a length takes. */
export function lengthBytes(length: number): number {
  return length < LONG_LENGTH ? 1 : 3;
}
