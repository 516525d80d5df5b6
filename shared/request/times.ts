/** nginx's variables of time, in UTC; `now` in milliseconds since 1970. */

export function msec(now: number): string {
  return (now / 1000).toFixed(3);
}

/** `2026-10-23T08:05:09+00:00` */
export function timeIso8601(now: number): string {
  return `${new Date(now).toISOString().slice(0, 19)}+00:00`;
}

const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

/** `23/Oct/2026:08:05:09 +0000` */
export function timeLocal(now: number): string {
  const [date = "", time = ""] = new Date(now).toISOString().slice(0, 19).split("T");
  const [year, month, day] = date.split("-");
  return `${day}/${MONTHS[Number(month) - 1]}/${year}:${time} +0000`;
}

const DAYS = "Sun Mon Tue Wed Thu Fri Sat".split(" ");

/** `Sun, 22-Nov-26 09:57:31 GMT`, as nginx writes the end of a cookie; four digits of a year after 2037. */
export function cookieTime(time: number): string {
  const [date = "", clock = ""] = new Date(time).toISOString().slice(0, 19).split("T");
  const [year = "", month, day] = date.split("-");
  const told = Number(year) > 2037 ? year : year.slice(2);
  const weekday = DAYS[new Date(time).getUTCDay()];
  return `${weekday}, ${day}-${MONTHS[Number(month) - 1]}-${told} ${clock} GMT`;
}
