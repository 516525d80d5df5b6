import { measureExporter } from "./spine/exporter.ts";
import { measureGateway } from "./spine/gateway.ts";
import { measureLatency } from "./spine/latency.ts";
import type { Report } from "./support/report.ts";

/** The main job: the gateway's cost per request, how soon a change is served, the exporter's size. */
export async function spine(say: (line: string) => void): Promise<Report> {
  const gateway = await measureGateway(say);
  const latency = await measureLatency(say);
  const exporter = await measureExporter(say);
  return {
    text: [gateway, latency, exporter].map((part) => part.text).join("\n\n"),
    figures: {
      gateway: gateway.figures,
      put_to_served: latency.figures,
      exporter: exporter.figures,
    },
  };
}
