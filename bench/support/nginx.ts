import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { childrenNamed, stopChild } from "./processes.ts";

export interface RunningNginx {
  readonly pid: number;
  stop(): Promise<void>;
}

const BODY = "x".repeat(1024);

/** An upstream that answers every request with 1 KB. */
export function startNginxUpstream(port: number): Promise<RunningNginx> {
  return startNginx(port, `return 200 "${BODY}";`, "");
}

/** nginx as a plain reverse proxy with keep-alive to the upstream. */
export function startNginxProxy(port: number, upstreamPort: number): Promise<RunningNginx> {
  const location = `proxy_pass http://up; proxy_http_version 1.1; proxy_set_header Connection "";`;
  return startNginx(
    port,
    location,
    `upstream up { server 127.0.0.1:${upstreamPort}; keepalive 64; }`,
  );
}

async function startNginx(port: number, location: string, http: string): Promise<RunningNginx> {
  const folder = mkdtempSync(join(tmpdir(), "snapgate-nginx-"));
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((name) => `${name}_temp_path ${folder}/${name};`)
    .join(" ");
  writeFileSync(
    join(folder, "nginx.conf"),
    `daemon off; master_process off; worker_processes 1; pid ${folder}/pid; error_log stderr crit;
     events { worker_connections 16384; }
     http { access_log off; keepalive_requests 1000000; ${temporary} ${http}
       server { listen 127.0.0.1:${port} backlog=4096; location / { ${location} } } }`,
  );
  const child = spawn("nginx", ["-c", join(folder, "nginx.conf"), "-p", folder], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  for (let attempt = 0; attempt < 50; attempt++) {
    const up = await fetch(`http://127.0.0.1:${port}/`).then(
      (response) => response.text().then(() => true),
      () => false,
    );
    if (up) break;
    if (child.exitCode !== null) throw new Error(`nginx ended with code ${child.exitCode}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return {
    pid: child.pid ?? (childrenNamed("nginx").at(-1) as number),
    stop: async () => {
      await stopChild(child);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
