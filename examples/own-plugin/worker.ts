import { createWorker } from "../../edge/create-worker.ts";
import { stamp } from "./stamp.ts";

/** `npx wrangler deploy examples/own-plugin/worker.ts` deploys the edge with this plugin in it. */
export default createWorker({ plugins: [stamp] });
