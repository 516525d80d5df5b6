/** A worker that answers as a module does: the call is a header, its bytes the body. */
export function workerActor(
  answer: (call: unknown, bytes: Uint8Array) => unknown,
): ExportedHandler {
  return {
    fetch: async (request) => {
      const call = JSON.parse(request.headers.get("x-call") ?? "null");
      const bytes = new Uint8Array(await request.arrayBuffer());
      try {
        return Response.json({ result: await answer(call, bytes) });
      } catch (error) {
        return Response.json({ error: String(error) });
      }
    },
  };
}
