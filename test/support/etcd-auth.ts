import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EtcdCluster } from "./etcd-server.ts";

/** The users of a test etcd with auth on. `mirror` may read what its role says; `root` may all. */
export const ROOT = { user: "root", password: "root-password" };
export const MIRROR = { user: "mirror", password: "mirror-password" };

/** Runs etcdctl as root. */
export type AsRoot = (...args: readonly string[]) => Promise<string>;

/** Switches auth on, with a user `mirror` whose role `mirror` may nothing yet. */
export async function enableAuth(etcd: EtcdCluster): Promise<AsRoot> {
  const steps = [
    ["user", "add", `${ROOT.user}:${ROOT.password}`],
    ["role", "add", "root"],
    ["user", "grant-role", "root", "root"],
    ["user", "add", `${MIRROR.user}:${MIRROR.password}`],
    ["role", "add", "mirror"],
    ["user", "grant-role", "mirror", "mirror"],
    ["auth", "enable"],
  ];
  for (const step of steps) await etcd.ctl(step);
  return (...args) => etcd.ctl(["--user", `${ROOT.user}:${ROOT.password}`, ...args]);
}

/** How often etcd has checked a password (its own count). */
export function logins(etcd: EtcdCluster): Promise<number> {
  return etcd.counter("grpc_server_handled_total", { grpc_method: "Authenticate" });
}

/** etcd's flags for JWT tokens, signed with a fresh key. */
export function jwtFlags(ttl: string): string[] {
  const folder = mkdtempSync(join(tmpdir(), "snapgate-jwt-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const publicFile = join(folder, "public.pem");
  const privateFile = join(folder, "private.pem");
  writeFileSync(publicFile, publicKey.export({ type: "spki", format: "pem" }));
  writeFileSync(privateFile, privateKey.export({ type: "pkcs1", format: "pem" }));
  const token = `jwt,pub-key=${publicFile},priv-key=${privateFile},sign-method=RS256,ttl=${ttl}`;
  return ["--auth-token", token];
}
