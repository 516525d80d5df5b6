import { misfitOf } from "../validate/json.ts";
import { Refusal, refusal } from "./answer.ts";
import { MOST_OF_BODY, parseBody } from "./check/parse-body.ts";

/** The body of a call as JSON; undefined where there is none. Throws a `Refusal`. */
export async function readRequestBody(
  request: Request,
  mostBytes: number = MOST_OF_BODY,
): Promise<unknown> {
  const bytes = await readBytes(request, mostBytes);
  if (bytes.byteLength === 0) return undefined;
  try {
    new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    // What would be stored is not what was sent.
    throw refusal(400, "invalid request body: bytes that are not UTF-8");
  }
  const parsed = parseBody(bytes, mostBytes);
  if ("fault" in parsed) {
    const { status, ...body } = parsed.fault;
    throw new Refusal(status, body);
  }
  const misfit = misfitOf(parsed.value);
  if (misfit) {
    const where = misfit.path === "" ? "" : ` at ${misfit.path}`;
    throw refusal(400, `invalid request body: found ${misfit.found}${where}, ${misfit.wanted}`);
  }
  return parsed.value;
}

/** Reads no further than the limit, whatever the length that was announced. Throws a `Refusal`. */
export async function readBytes(request: Request, mostBytes: number): Promise<Uint8Array> {
  const announced = Number(request.headers.get("content-length") ?? 0);
  if (announced > mostBytes) throw tooLarge(announced, mostBytes);
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body ?? []) {
    size += chunk.byteLength;
    if (size > mostBytes) throw tooLarge(size, mostBytes);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function tooLarge(size: number, mostBytes: number): Refusal {
  const limit = `is greater than the maximum size ${mostBytes} allowed`;
  return refusal(400, `invalid request body: request size ${size} ${limit}`);
}
