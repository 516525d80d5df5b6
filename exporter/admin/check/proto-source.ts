/**
 * Whether a text can be protobuf source, or a descriptor set in base64: what stands at the top, and that
 * blocks close. Names and types are seen to where the proto is used.
 */
export function protoSourceFault(content: string): string | undefined {
  if (/^[A-Za-z0-9+/]+={0,2}$/.test(content.replaceAll(/\s+/g, ""))) {
    return isDescriptorSet(Buffer.from(content, "base64"))
      ? undefined
      : "no descriptor set and no protobuf source";
  }
  const open: string[] = [];
  let line = 1;
  let startsStatement = true;
  for (const { 0: token } of content.matchAll(TOKEN)) {
    if (SPACE.test(token)) {
      line += token.split("\n").length - 1;
      continue;
    }
    const isTop = open.length === 0;
    if (isTop && startsStatement && !STATEMENTS.has(token)) {
      return `${line}: syntax error near '${token}'`;
    }
    if (token === "}" && open.pop() === undefined) return `${line}: '}' closes nothing`;
    if (token === "{") open.push(token);
    startsStatement = open.length === 0 && (token === ";" || token === "}");
  }
  return open.length === 0 ? undefined : `${line}: '}' expected near end of file`;
}

// What is not closed goes on to the end, so that no part of the text is looked at twice.
const COMMENT = String.raw`\/\/[^\n]*|\/\*[\s\S]*?(?:\*\/|$)`;
const TEXT = String.raw`"(?:[^"\\\n]|\\.)*(?:"|$|(?=\n))|'(?:[^'\\\n]|\\.)*(?:'|$|(?=\n))`;
const TOKEN = new RegExp(String.raw`${COMMENT}|\s+|${TEXT}|[\w.]+|[\s\S]`, "g");
const SPACE = /^(?:\s|\/\/|\/\*)/;
const STATEMENTS = new Set([
  "syntax",
  "edition",
  "import",
  "package",
  "option",
  "message",
  "enum",
  "service",
  "extend",
  ";",
]);

/** The first field of a `FileDescriptorSet`: number 1, length-delimited. */
const FILE_TAG = 0x0a;

function isDescriptorSet(bytes: Uint8Array): boolean {
  return bytes.length > 1 && bytes[0] === FILE_TAG;
}
