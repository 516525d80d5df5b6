import { type Context, Hono } from "hono";
import { type ReadRequest, readRequest } from "../shared/request/read-request.ts";
import type { Surroundings } from "../shared/request/variables.ts";
import type { AccessLog } from "./access-log.ts";
import { errorResponse, GatewayError, noRoute, nothingLoaded, unexpected } from "./errors.ts";
import { matchRequest } from "./request/match-request.ts";
import { sendMatched } from "./request/send-matched.ts";
import { throughPlugins } from "./request/through-plugins.ts";
import type { Settings } from "./settings.ts";
import type { Freshness } from "./snapshot/freshness.ts";
import type { OpenSnapshot } from "./snapshot/open-snapshot.ts";
import { edgeStatus, isBearer, type StatusDeps } from "./status.ts";
import type { SendUpstream } from "./upstream/proxy.ts";

/** The request pipeline: snapshot → match → plan → plugins → proxy. */
export interface GatewayDeps extends StatusDeps {
  readonly freshness: Freshness;
  readonly proxy: SendUpstream;
  readonly settings: Pick<
    Settings,
    | "statusPath"
    | "statusToken"
    | "generationHeader"
    | "clientIpHeader"
    | "listenPort"
    | "maxBodyBytes"
    | "trustedProxies"
    | "uri"
    | "serverHeader"
  >;
  readonly accessLog: AccessLog | undefined;
  readonly log: (line: string) => void;
  /** 32 hexadecimal digits, other ones every time. */
  readonly requestId: () => string;
}

/** What became of one request, for the log. */
interface Journey {
  snapshot: OpenSnapshot | undefined;
  route: string | undefined;
  error: string | undefined;
  /** The client's address; plugins may know it better. */
  client: string;
}

export function createGateway(deps: GatewayDeps): Hono {
  const { settings } = deps;
  const app = new Hono();
  if (settings.statusToken !== undefined) {
    const token = settings.statusToken;
    app.get(settings.statusPath, async (c) => {
      if (await isBearer(c.req.header("authorization") ?? null, token))
        return c.json(edgeStatus(deps));
      return c.json({ error_msg: "a Bearer token is needed" }, 401);
    });
  }
  app.all("*", (c) => serve(c, deps));
  return app;
}

async function serve(c: Context, deps: GatewayDeps): Promise<Response> {
  const { settings, accessLog, now, requestId } = deps;
  const request = c.req.raw;
  const startedAt = now();
  const surroundings: Surroundings = { now, requestId, maxBodyBytes: settings.maxBodyBytes };
  const read = readRequest(request, settings, surroundings);
  const client = read?.client.address ?? "";
  const journey: Journey = { snapshot: undefined, route: undefined, error: undefined, client };
  const response = await answer(c, request, read, deps, journey);
  if (settings.generationHeader && journey.snapshot) {
    response.headers.set(settings.generationHeader, String(journey.snapshot.generation));
  }
  accessLog?.({
    method: request.method,
    uri: read?.rawTarget ?? request.url,
    host: read?.client.hostHeader ?? "",
    client: journey.client,
    status: response.status,
    route: journey.route,
    generation: journey.snapshot?.generation,
    ms: now() - startedAt,
    error: journey.error,
  });
  return response;
}

async function answer(
  c: Context,
  request: Request,
  read: ReadRequest | undefined,
  deps: GatewayDeps,
  journey: Journey,
): Promise<Response> {
  try {
    if (!read) throw new GatewayError("downstream", 400, "no valid request target or Host");
    const waitUntil = (work: Promise<unknown>) => c.executionCtx.waitUntil(work);
    // Here and below only what must be waited for is: each wait costs every request.
    const current = deps.freshness.current(waitUntil);
    const snapshot = current instanceof Promise ? await current : current;
    if (!snapshot) throw nothingLoaded();
    journey.snapshot = snapshot;
    const rules = snapshot.globalRules();
    const globals = rules instanceof Promise ? await rules : rules;
    if (globals.refusal) throw globals.refusal;
    const found = matchRequest(snapshot, request, read, deps.settings.maxBodyBytes);
    const matched = found instanceof Promise ? await found : found;
    if (!matched && globals.chain.isEmpty) throw noRoute();
    journey.route = matched?.match.routeId;
    const planned = journey.route === undefined ? undefined : snapshot.plan(journey.route);
    const route = planned instanceof Promise ? await planned : planned;
    const isPlain = globals.chain.isEmpty && (route?.is === "refused" || route?.chain.isEmpty);
    if (matched && route && isPlain) {
      if (route.is === "refused") throw route.error;
      return await sendMatched(request, read, matched, route, waitUntil, deps);
    }
    const through = { request, read, matched, route, globals: globals.chain, snapshot, waitUntil };
    const { response, ...told } = await throughPlugins(through, deps);
    Object.assign(journey, told);
    return response;
  } catch (error) {
    const known = error instanceof GatewayError ? error : unexpected(error);
    journey.error = known.message;
    const response = errorResponse(known, read?.uri ?? "/");
    response.headers.set("server", deps.settings.serverHeader);
    return response;
  }
}
