import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { balancerDeps, createBalancer } from "../../edge/balancer/create-balancer.ts";
import { validate } from "../../exporter/validate.ts";
import type { Variables } from "../../shared/expression/variables.ts";
import type { Upstream } from "../../shared/resources/upstream.ts";
import { DEFAULT_URI_SETTINGS } from "../../shared/routing/matching-uri.ts";
import { choice } from "../support/balancers.ts";
import { triedRequest } from "../support/sent-request.ts";

/** One upstream of a real APISIX, and the port of the node that each request came to. */
interface Recording {
  readonly id: string;
  readonly upstream: object;
  readonly requests: readonly {
    /** As sent, one character a byte. */
    readonly m: string;
    readonly t: string;
    readonly host?: string;
    readonly h?: readonly (readonly [string, string])[];
    readonly src?: string;
    readonly p: number;
  }[];
}

const text = (bytes: string) => Buffer.from(bytes, "latin1").toString();

it("chash.jsonl: every request comes to the node that it came to with APISIX", () => {
  const lines = readFileSync(join(import.meta.dirname, "chash.jsonl"), "utf8")
    .trim()
    .split("\n");
  let picks = 0;
  for (const line of lines) {
    const { id, upstream, requests }: Recording = JSON.parse(line);
    const balancer = balancerFor(upstream);
    for (const [i, { m, t, host, h: headers = [], src = "127.0.0.1", p }] of requests.entries()) {
      const sent = { method: m, target: text(t), host, headers, remoteAddr: src, body: undefined };
      const variables = triedRequest(sent, DEFAULT_URI_SETTINGS)?.variables;
      if (!variables) throw new Error(`${id}#${i} is no request`);
      expect(choice(balancer, asInWorkerd(variables))?.port, `${id}#${i}`).toBe(p);
      picks += 1;
    }
  }
  expect(picks).toBeGreaterThan(300);
});

/** Node's headers hold bytes as Latin-1, workerd's hold them as text. */
function asInWorkerd(variables: Variables): Variables {
  return {
    get: (name) => {
      const value = variables.get(name);
      return name.startsWith("http_") && typeof value === "string" ? text(value) : value;
    },
  };
}

/** As the exporter reads the upstream and the edge balances it. */
function balancerFor(upstream: object) {
  const value = new TextEncoder().encode(JSON.stringify(upstream));
  const verdict = validate({ key: "/apisix/upstreams/u", value, modRevision: 1 }, "/apisix");
  if (verdict.is !== "resource") throw new Error(JSON.stringify(verdict));
  const deps = balancerDeps({ now: () => 0, random: () => 0 });
  return createBalancer(verdict.resource.value as Upstream, deps);
}
