/** Whether an address is one of `patterns`: addresses and CIDR ranges; IPv4 and IPv6 never meet. */
export function addressAccepted(patterns: readonly string[], address: string): boolean {
  const bits = addressBits(address);
  if (bits === undefined) return false;
  return patterns.some((pattern) => {
    const [range = "", length] = pattern.split("/");
    const rangeBits = addressBits(range);
    if (rangeBits === undefined || rangeBits.length !== bits.length) return false;
    const compared = Number(length ?? bits.length);
    return rangeBits.slice(0, compared) === bits.slice(0, compared);
  });
}

/** 32 or 128 characters `0` and `1`; undefined for what is no address. Brackets of IPv6 are allowed. */
function addressBits(text: string): string | undefined {
  const v4 = v4Bits(text);
  if (v4 !== undefined) return v4;
  const bare = text.replace(/^\[(.*)\]$/, "$1").replace(/(\d+\.){3}\d+$/, v4AsGroups);
  if (!/^[0-9a-f:]+$/i.test(bare)) return undefined;
  const [left = "", right, ...more] = bare.split("::");
  if (more.length > 0) return undefined;
  const before = left === "" ? [] : left.split(":");
  const after = right === undefined || right === "" ? [] : right.split(":");
  const missing = 8 - before.length - after.length;
  if (right === undefined ? missing !== 0 : missing < 0) return undefined;
  const groups = [...before, ...Array<string>(missing).fill("0"), ...after];
  if (groups.some((group) => !/^[0-9a-f]{1,4}$/i.test(group))) return undefined;
  return groups.map((group) => Number.parseInt(group, 16).toString(2).padStart(16, "0")).join("");
}

function v4Bits(text: string): string | undefined {
  const parts = text.split(".");
  if (parts.length !== 4 || parts.some((part) => !/^\d{1,3}$/.test(part) || Number(part) > 255)) {
    return undefined;
  }
  return parts.map((part) => Number(part).toString(2).padStart(8, "0")).join("");
}

function v4AsGroups(text: string): string {
  const bits = v4Bits(text);
  if (bits === undefined) return text;
  const group = (from: number) => Number.parseInt(bits.slice(from, from + 16), 2).toString(16);
  return `${group(0)}:${group(16)}`;
}
