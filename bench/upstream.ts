import type { Report } from "./support/report.ts";
import { measureConnections } from "./upstream/connections.ts";
import { startContenders } from "./upstream/contenders.ts";
import { measureCpu } from "./upstream/cpu.ts";
import { measureDeadNode } from "./upstream/dead-node.ts";

/** What the way to an upstream costs, with very many connections, and while a node is dead. */
export async function upstream(say: (line: string) => void): Promise<Report> {
  const cpu = await measureCpu(startContenders, say);
  const contenders = await startContenders();
  const connections = await measureConnections(contenders, say).finally(contenders.stop);
  const deadNode = await measureDeadNode(say);
  return {
    text: [cpu, connections, deadNode].map((part) => part.text).join("\n\n"),
    figures: {
      ...cpu.figures,
      connections_3000: connections.figures,
      dead_node: deadNode.figures,
    },
  };
}
