import type { Clock } from "../clock.ts";
import { type AskServer, DnsError } from "./dns-exchange.ts";
import { type DnsReply, NO_ERROR, NO_SUCH_NAME, type Question } from "./dns-message.ts";
import { type ServerAddress, serverText } from "./server-address.ts";

export interface DnsClientDeps {
  readonly ask: AskServer;
  readonly servers: readonly ServerAddress[];
  readonly clock: Clock;
  /** For one question to one server. */
  readonly timeoutMs: number;
}

/** A datagram may get lost: every server is asked this often before a question counts as failed. */
const ROUNDS = 2;

const RCODES = new Map([
  [1, "FORMERR"],
  [2, "SERVFAIL"],
  [4, "NOTIMP"],
  [5, "REFUSED"],
]);

/** Asks servers in turn, beginning with the one that answered last. */
export class DnsClient {
  readonly #deps: DnsClientDeps;
  #first = 0;

  constructor(deps: DnsClientDeps) {
    this.#deps = deps;
  }

  /**
   * What is there, or that nothing is: that, too, is an answer. Throws a `DnsError` that names every failure
   * when no server gives one, or `signal` aborts.
   */
  async ask(question: Question, signal: AbortSignal): Promise<DnsReply> {
    const { servers } = this.#deps;
    const failures: string[] = [];
    let isSilence = true;
    for (let i = 0; i < ROUNDS * servers.length && !signal.aborted; i++) {
      const at = (this.#first + i) % servers.length;
      const server = servers[at] as ServerAddress;
      try {
        const reply = await this.#askWithin(server, question, signal);
        this.#first = at;
        return reply;
      } catch (error) {
        if (!(error instanceof DnsError)) throw error;
        isSilence &&= error.isSilence;
        failures.push(`${serverText(server)}: ${error.message}`);
      }
    }
    const asked = `${question.type} of ${question.name}`;
    const told = [...new Set(failures)].join("; ") || "stopped";
    throw new DnsError(`no answer about ${asked}: ${told}`, { isSilence });
  }

  async #askWithin(
    server: ServerAddress,
    question: Question,
    signal: AbortSignal,
  ): Promise<DnsReply> {
    const { ask, clock, timeoutMs } = this.#deps;
    const late = new AbortController();
    const done = new AbortController();
    void clock.sleep(timeoutMs, AbortSignal.any([signal, done.signal])).then(() => late.abort());
    try {
      const reply = await ask(server, question, late.signal);
      const { rcode } = reply;
      if (rcode === NO_ERROR || rcode === NO_SUCH_NAME) return reply;
      throw new DnsError(RCODES.get(rcode) ?? `error ${rcode}`);
    } finally {
      done.abort();
    }
  }
}
