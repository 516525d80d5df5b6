/** Numbers as LuaJIT reads and writes them, since expressions compare with its `tonumber`. */

// Lua's white space is that of C; JavaScript's `trim` would take more.
const DECIMAL = String.raw`\d+\.?\d*(?:e[+-]?\d+)?|\.\d+(?:e[+-]?\d+)?`;
const HEXADECIMAL = String.raw`0x([0-9a-f]*)(?:\.([0-9a-f]*))?(?:p([+-]?\d+))?`;
const SPACE = String.raw`[ \t\n\v\f\r]*`;
const NUMBER = new RegExp(
  `^${SPACE}([+-]?)(?:(${DECIMAL})|${HEXADECIMAL}|0b([01]+)|(inf(?:inity)?)|nan)${SPACE}$`,
  "i",
);

/** `tonumber(value)`: undefined (Lua's nil) for what is neither a number nor the text of one. */
export function toNumber(value: unknown): number | undefined {
  if (typeof value === "number") return value;
  if (typeof value !== "string") return undefined;
  const found = NUMBER.exec(value);
  if (!found) return undefined;
  const [, sign, decimal, whole, fraction, exponent, binary, infinite] = found;
  const magnitude = () => {
    if (decimal !== undefined) return Number(decimal);
    if (whole !== undefined) return hexadecimal(whole, fraction ?? "", Number(exponent ?? 0));
    if (binary !== undefined) return Number.parseInt(binary, 2);
    return infinite === undefined ? Number.NaN : Number.POSITIVE_INFINITY;
  };
  const number = magnitude();
  if (number === undefined) return undefined;
  return sign === "-" ? -number : number;
}

function hexadecimal(whole: string, fraction: string, exponent: number): number | undefined {
  const digits = whole + fraction;
  if (digits === "") return undefined;
  return Number.parseInt(digits, 16) * 2 ** (exponent - 4 * fraction.length);
}

const DIGITS = 14;

/** `tostring(number)`: C's `%.14g`. */
export function numberText(number: number): string {
  if (Number.isNaN(number)) return "nan";
  if (!Number.isFinite(number)) return number < 0 ? "-inf" : "inf";
  if (Object.is(number, -0)) return "-0";
  if (Number.isSafeInteger(number) && Math.abs(number) < 10 ** DIGITS) return String(number);
  const [mantissa = "", power = ""] = number.toExponential(DIGITS - 1).split("e");
  const exponent = Number(power);
  if (exponent >= -4 && exponent < DIGITS) {
    return withoutEndingZeros(number.toFixed(DIGITS - 1 - exponent));
  }
  const sign = exponent < 0 ? "-" : "+";
  return `${withoutEndingZeros(mantissa)}e${sign}${String(Math.abs(exponent)).padStart(2, "0")}`;
}

function withoutEndingZeros(text: string): string {
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}
