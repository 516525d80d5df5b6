import { createWorker } from "../../edge/create-worker.ts";
import { stamp } from "./stamp.ts";

export { RateLimits } from "../../edge/create-worker.ts";

/** `npx wrangler deploy examples/own-plugin/worker.ts` deploys the edge with this plugin in it. */
export default createWorker({ plugins: [stamp] });
