const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** `Thu, 22 Jan 2026 10:00:00 GMT`, and `Thursday, 22-Jan-26 10:00:00 GMT`. */
const WITH_COMMA =
  /^[A-Z][a-z]+, (\d\d)[ -]([A-Z][a-z]{2})[ -](\d{4}|\d\d) (\d\d):(\d\d):(\d\d) GMT$/;
/** `Thu Jan 22 10:00:00 2026`. */
const ASCTIME = /^[A-Z][a-z]{2} ([A-Z][a-z]{2}) ([ \d]\d) (\d\d):(\d\d):(\d\d) (\d{4})$/;

/** Milliseconds since 1970 of a date in one of the three forms of RFC 9110 5.6.7; undefined for others. */
export function parseHttpDate(text: string): number | undefined {
  const comma = WITH_COMMA.exec(text);
  if (comma) {
    const [, day = "", month = "", year = "", ...time] = comma;
    return dateOf({ day, month, year: fullYear(Number(year)), time });
  }
  const [, month = "", day = "", hours = "", minutes = "", seconds = "", year = ""] =
    ASCTIME.exec(text) ?? [];
  if (month === "") return undefined;
  return dateOf({ day, month, year: Number(year), time: [hours, minutes, seconds] });
}

interface DateParts {
  readonly day: string;
  readonly month: string;
  readonly year: number;
  readonly time: readonly string[];
}

function dateOf({ day, month, year, time }: DateParts): number | undefined {
  const monthIndex = MONTHS.indexOf(month);
  const [hours = 0, minutes = 0, seconds = 0] = time.map(Number);
  if (monthIndex < 0 || hours > 23 || minutes > 59 || seconds > 59) return undefined;
  const date = new Date(Date.UTC(year, monthIndex, Number(day), hours, minutes, seconds));
  // A 31st of June is none.
  return date.getUTCDate() === Number(day) ? date.getTime() : undefined;
}

/** Of two digits, as nginx reads them. */
function fullYear(year: number): number {
  if (year >= 100) return year;
  return year < 70 ? 2000 + year : 1900 + year;
}
