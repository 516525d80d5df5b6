import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startEtcd } from "../../examples/quick-start/etcd.ts";
import { freePort } from "../../examples/quick-start/ports.ts";
import { describeWithEtcd } from "../support/etcd-server.ts";
import { etcdContract } from "./etcd.ts";

async function start(embedded: boolean) {
  const folder = mkdtempSync(join(tmpdir(), "snapgate-etcd-"));
  const etcd = await startEtcd({ endpoints: undefined, port: await freePort(), folder, embedded });
  return {
    endpoint: etcd.endpoint,
    stop: async () => {
      await etcd.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

etcdContract("the embedded etcd", () => start(true));

describeWithEtcd("against the real thing", () => {
  etcdContract("the etcd on the PATH", () => start(false));
});
