import { Agent, type IncomingMessage, request } from "node:http";
import { Etcd3 } from "etcd3";
import type { PlannedWrite } from "./write-plan.ts";

/** One way to make a write. */
export interface Writer {
  /** Rejects where the write was not made, or nobody knows whether it was. */
  write(write: PlannedWrite): Promise<MadeWrite>;
  close(): void;
}

export interface MadeWrite {
  /** etcd's, with the write. */
  readonly revision: number;
}

const CONNECTIONS = 32;
/** A client waits that long for an answer. */
const PATIENCE_MS = 30_000;

const METHODS = { create: "PUT", replace: "PUT", patch: "PATCH", delete: "DELETE" } as const;
const STATUSES = { create: 201, replace: 200, patch: 200, delete: 200 } as const;

/** By the Admin API, over connections that stay open. `url` ends with `/apisix/admin`. */
export function adminWriter(url: string, key: string): Writer {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  return {
    write: async ({ kind, id, field, body }) => {
      const path = `${url}/routes/${id}${field === undefined ? "" : `/${field}`}`;
      const answer = await send(path, { agent, key, method: METHODS[kind], body });
      const revision = Number(answer.revision);
      if (answer.status !== STATUSES[kind] || !(revision > 0)) {
        throw new Error(`${METHODS[kind]} ${path}: ${answer.status} ${answer.text}`);
      }
      return { revision };
    },
    close: () => agent.destroy(),
  };
}

/** The least that such a write can be: one put or delete of what the API would store, by etcd3. */
export function etcdWriter(endpoint: string): Writer {
  const client = new Etcd3({ hosts: endpoint });
  return {
    write: async ({ id, stored }) => {
      const key = `/apisix/routes/${id}`;
      const { header } = stored
        ? await client.put(key).value(JSON.stringify(stored))
        : await client.delete().key(key);
      return { revision: Number(header.revision) };
    },
    close: () => client.close(),
  };
}

interface Sent {
  readonly agent: Agent;
  readonly key: string;
  readonly method: string;
  readonly body: unknown;
}

interface Answered {
  readonly status: number;
  readonly revision: string | undefined;
  readonly text: string;
}

function send(url: string, { agent, key, method, body }: Sent): Promise<Answered> {
  const text = body === undefined ? "" : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const headers = { "x-api-key": key, "content-length": Buffer.byteLength(text) };
    const options = { agent, method, headers, timeout: PATIENCE_MS };
    const sent = request(url, options, (response) => void read(response).then(resolve, reject));
    sent.once("timeout", () => sent.destroy(new Error(`no answer after ${PATIENCE_MS / 1000} s`)));
    sent.once("error", reject);
    sent.end(text);
  });
}

async function read(response: IncomingMessage): Promise<Answered> {
  response.setEncoding("utf8");
  let text = "";
  for await (const part of response) text += part;
  const { "x-snapgate-revision": revision } = response.headers;
  return { status: response.statusCode ?? 0, revision: revision?.toString(), text };
}
