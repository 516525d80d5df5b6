import { parseArgs } from "node:util";
import { Etcd3 } from "etcd3";

/**
 * A stand-in for etcdctl, for who has no etcd on the machine: put, get and del, in its words. It says what
 * etcdctl would.
 */

const USAGE = `Usage: npm run -s etcdctl -- [--endpoints=http://127.0.0.1:2379] COMMAND
  put KEY VALUE
  get KEY [--prefix]
  del KEY [--prefix]`;

try {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      endpoints: { type: "string", default: "http://127.0.0.1:2379" },
      prefix: { type: "boolean", default: false },
    },
  });
  const [command, key, value] = positionals;
  const run = key && commandOf(command, key, value, values.prefix);
  if (run) await onEtcd(values.endpoints, run);
  else wrongUsage(USAGE);
} catch (error) {
  wrongUsage(error instanceof Error ? error.message : String(error), 1);
}

function commandOf(
  command: string | undefined,
  key: string,
  value: string | undefined,
  isPrefix: boolean,
): ((etcd: Etcd3) => Promise<string>) | undefined {
  switch (command) {
    case "put":
      if (value === undefined) return undefined;
      return async (etcd) => {
        await etcd.put(key).value(value);
        return "OK";
      };
    case "get":
      return async (etcd) => {
        const range = isPrefix
          ? etcd.getAll().prefix(key)
          : etcd.getAll().inRange({ start: key, end: `${key}\0` });
        return Object.entries(await range.strings())
          .flat()
          .join("\n");
      };
    case "del":
      return async (etcd) => {
        const range = isPrefix ? etcd.delete().prefix(key) : etcd.delete().key(key);
        return (await range.exec()).deleted;
      };
    default:
      return undefined;
  }
}

async function onEtcd(endpoints: string, run: (etcd: Etcd3) => Promise<string>): Promise<void> {
  const etcd = new Etcd3({ hosts: endpoints.split(",") });
  try {
    const answer = await run(etcd);
    if (answer !== "") console.log(answer);
  } finally {
    etcd.close();
  }
}

function wrongUsage(message: string, code = 2): void {
  console.error(message);
  process.exitCode = code;
}
