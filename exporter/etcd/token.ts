/**
 * The one auth token of a client. However many calls need it or find it stale at the same time, there is
 * one login: etcd pays ~60 ms of CPU for each (bcrypt), and a stampede of them can take it down.
 */
export interface TokenHolder {
  /** The token in use; logs in where there is none. Undefined where auth is off. */
  current(): Promise<string | undefined>;
  /** Says that `token` was refused. Only the token in use is dropped: a newer one is not to blame. */
  discard(token: string | undefined): void;
}

export function noToken(): TokenHolder {
  return { current: async () => undefined, discard: () => {} };
}

export function singleFlightToken(login: () => Promise<string>): TokenHolder {
  let token: string | undefined;
  let loggingIn: Promise<string> | undefined;

  const start = async () => {
    try {
      token = await login();
      return token;
    } finally {
      loggingIn = undefined;
    }
  };

  return {
    current: async () => {
      if (token !== undefined) return token;
      loggingIn ??= start();
      return loggingIn;
    },
    discard: (refused) => {
      if (token === refused) token = undefined;
    },
  };
}
