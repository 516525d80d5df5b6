/**
 * The demo configuration, exactly as APISIX's Admin API would have written it: one JSON value for a
 * key below the prefix.
 */
export const UPSTREAM_NAMES = ["red", "green", "blue"] as const;

/** Requests to /hello are spread 3 : 2 : 1. */
export const UPSTREAM_WEIGHTS = [3, 2, 1] as const;

export function demoConfiguration(
  prefix: string,
  upstreamPorts: readonly number[],
): ReadonlyMap<string, string> {
  const nodes = Object.fromEntries(
    upstreamPorts.map((port, i) => [`127.0.0.1:${port}`, UPSTREAM_WEIGHTS[i] ?? 1]),
  );
  const values: Record<string, object> = {
    "upstreams/demo": { id: "demo", name: "demo", type: "roundrobin", nodes },
    "routes/hello": { id: "hello", name: "hello", uri: "/hello", upstream_id: "demo" },
    "routes/anything": {
      id: "anything",
      name: "anything below /anything/, GET only",
      uri: "/anything/*",
      methods: ["GET"],
      upstream_id: "demo",
    },
  };
  return new Map(
    Object.entries(values).map(([key, value]) => [`${prefix}/${key}`, JSON.stringify(value)]),
  );
}
