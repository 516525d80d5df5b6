// A process that answers as a module does: `node actor-on-node.ts MODULE PART`, asked by messages.
const [module = "", part = ""] = process.argv.slice(2);
const { open } = await import(module);
const answer: (call: unknown, bytes: Uint8Array) => unknown = open(await import(part));

process.on("message", ({ call, bytes }: { call: unknown; bytes: Uint8Array }) => {
  reply(call, bytes).then(
    (result) => process.send?.({ result }),
    (error: unknown) => process.send?.({ error: String(error) }),
  );
});
process.send?.({ result: "ready" });

async function reply(call: unknown, bytes: Uint8Array): Promise<unknown> {
  return await answer(call, bytes);
}
