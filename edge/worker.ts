import { createWorker } from "./create-worker.ts";

export { RateLimits } from "./create-worker.ts";

/** The Workers entry. One with plugins of its own: edge/plugins/README.md. */
export default createWorker();
