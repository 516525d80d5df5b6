/** Timers as the edge is given them. The answer of `after` cancels. */
export interface Timers {
  after(ms: number, action: () => void): () => void;
}

/** `work`, or a rejection with `late()` when it has not settled after `ms`. */
export function within<T>(
  timers: Timers,
  ms: number,
  work: Promise<T>,
  late: () => Error,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = timers.after(ms, () => reject(late()));
    work.then(resolve, reject).finally(cancel);
  });
}
