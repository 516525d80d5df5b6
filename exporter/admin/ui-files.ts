import { readFile, realpath } from "node:fs/promises";
import { extname, join, sep } from "node:path";

/** A file of a built Dashboard, ready to be sent. */
export interface UiFile {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly contentType: string;
  /** Its name changes with its content. */
  readonly isImmutable: boolean;
}

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json",
  ".map": "application/json",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".jpg": "image/jpeg",
  ".gif": "image/gif",
  ".webp": "image/webp",
  ".ico": "image/x-icon",
  ".woff": "font/woff",
  ".woff2": "font/woff2",
  ".ttf": "font/ttf",
  ".wasm": "application/wasm",
  ".txt": "text/plain; charset=utf-8",
};

const START_PAGE = "index.html";

/**
 * The file at a decoded path below the folder. The pages of a single-page application have no files: their
 * paths get the start page. Undefined for a file that is missing, and for whatever lies outside the folder.
 */
export async function readUiFile(folder: string, path: string): Promise<UiFile | undefined> {
  const found = await readWithin(folder, path === "" ? START_PAGE : path);
  if (found) return file(path === "" ? START_PAGE : path, found);
  // An id may have a dot: only what looks like a file is one.
  const isPage = !Object.hasOwn(CONTENT_TYPES, extname(path).toLowerCase());
  const start = isPage ? await readWithin(folder, START_PAGE) : undefined;
  return start && file(START_PAGE, start);
}

/** By the real path: neither `..` nor a link leads out of the folder. */
async function readWithin(
  folder: string,
  path: string,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  try {
    const root = await realpath(folder);
    const real = await realpath(join(root, path));
    if (!real.startsWith(`${root}${sep}`)) return undefined;
    return new Uint8Array(await readFile(real));
  } catch {
    // It is missing, a folder, or not to be read: no file in any case.
    return undefined;
  }
}

function file(path: string, bytes: Uint8Array<ArrayBuffer>): UiFile {
  const contentType = CONTENT_TYPES[extname(path).toLowerCase()] ?? "application/octet-stream";
  return { bytes, contentType, isImmutable: /-[\w-]{8,}\.\w+$/.test(path) };
}
