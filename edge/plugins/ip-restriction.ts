import { addressList } from "./address-list.ts";
import { exitWith } from "./exit.ts";
import { definePlugin } from "./plugin.ts";

/** One of the two lists, never both. */
interface IpRestrictionConfiguration {
  readonly whitelist?: readonly string[];
  readonly blacklist?: readonly string[];
  readonly message: string;
  readonly response_code: number;
}

/** `ip-restriction`: lets clients pass or not by their address, as real-ip left it (reference 8.2). */
export const ipRestriction = definePlugin<IpRestrictionConfiguration>(() => ({
  build({ whitelist, blacklist, message, response_code: status }) {
    const allowed = whitelist && addressList(whitelist);
    const denied = blacklist && addressList(blacklist);
    return {
      access({ client }) {
        const isBlocked = allowed ? !allowed.has(client.address) : denied?.has(client.address);
        return isBlocked ? exitWith(status, message) : undefined;
      },
    };
  },
}));
