import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A certificate authority of a test, made with `openssl`, with what it has signed. */
export interface Authority {
  /** PEM text and the file it is in. */
  readonly ca: Pem;
  /** A certificate for the names, e.g. `IP:127.0.0.1` or `DNS:etcd.internal`. */
  issue(commonName: string, names: readonly string[]): { readonly cert: Pem; readonly key: Pem };
}

export interface Pem {
  readonly file: string;
  readonly text: string;
}

export function createAuthority(commonName: string): Authority {
  const folder = mkdtempSync(join(tmpdir(), "snapgate-certificates-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  const pem = (name: string): Pem => {
    const file = join(folder, name);
    return { file, text: readFileSync(file, "utf8") };
  };
  const at = (name: string) => join(folder, name);
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

  openssl(
    ["req", "-x509", ...newKey, "-days", "2", "-subj", `/CN=${commonName}`],
    ["-keyout", at("ca.key"), "-out", at("ca.pem")],
  );
  let issued = 0;
  return {
    ca: pem("ca.pem"),
    issue: (name, names) => {
      const base = `issued-${++issued}`;
      openssl(
        ["req", ...newKey, "-subj", `/CN=${name}`],
        ["-keyout", at(`${base}.key`), "-out", at(`${base}.csr`)],
      );
      const usage = "extendedKeyUsage=serverAuth,clientAuth";
      writeFileSync(at(`${base}.ext`), `subjectAltName=${names.join(",")}\n${usage}\n`);
      openssl(
        ["x509", "-req", "-in", at(`${base}.csr`), "-days", "2", "-CAcreateserial"],
        ["-CA", at("ca.pem"), "-CAkey", at("ca.key"), "-extfile", at(`${base}.ext`)],
        ["-out", at(`${base}.pem`)],
      );
      return { cert: pem(`${base}.pem`), key: pem(`${base}.key`) };
    },
  };
}

function openssl(...args: readonly (readonly string[])[]): void {
  const { status, stderr } = spawnSync("openssl", args.flat(), { encoding: "utf8" });
  if (status !== 0) throw new Error(`openssl: ${stderr}`);
}
