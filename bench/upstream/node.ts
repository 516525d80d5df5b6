import { createServer } from "node:http";

// One node of an upstream, a process of its own that can be killed: `node node.ts PORT`.
createServer((request, response) => {
  request.resume();
  response.end("ok\n");
}).listen(Number(process.argv[2]), "127.0.0.1", () => process.send?.("ready"));
