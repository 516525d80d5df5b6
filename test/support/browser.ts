/** As much of a browser as signing in needs: it keeps cookies, and follows nothing by itself. */
export interface Browser {
  get(path: string, init?: RequestInit): Promise<Response>;
  /** By name, as they are sent. */
  readonly cookies: Map<string, string>;
  /** Every `Set-Cookie` that it ever got, in order. */
  readonly received: string[];
}

export function aBrowser(
  send: (path: string, init: RequestInit & { headers: Headers }) => Promise<Response>,
): Browser {
  const cookies = new Map<string, string>();
  const received: string[] = [];
  return {
    cookies,
    received,
    async get(path, init = {}) {
      const headers = new Headers(init.headers);
      const sent = [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
      if (sent !== "") headers.set("cookie", sent);
      const response = await send(path, { ...init, headers, redirect: "manual" });
      for (const line of response.headers.getSetCookie()) {
        received.push(line);
        const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
        if (/;\s*Max-Age=0\b/i.test(line)) cookies.delete(name);
        else cookies.set(name, value);
      }
      return response;
    },
  };
}

/** Where an answer sends the browser. */
export function locationOf(response: Response): string {
  const location = response.headers.get("location");
  if (location === null) throw new Error(`no redirect, but ${response.status}`);
  return location;
}
