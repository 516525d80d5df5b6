/** As many roles may lead from one to another, as in casbin. */
const MAX_LEVELS = 10;

/** Who has which roles, in each domain. */
export class RoleLinks {
  readonly #roles = new Map<string, Set<string>>();

  add(name: string, role: string, domain: string | undefined): void {
    const key = keyOf(name, domain);
    const roles = this.#roles.get(key);
    if (roles) roles.add(role);
    else this.#roles.set(key, new Set([role]));
  }

  /** Whether `name` is `role`, or has it, perhaps by way of other roles. */
  hasRole(name: string, role: string, domain?: string): boolean {
    let reached = new Set([name]);
    const seen = new Set(reached);
    for (let level = 0; level <= MAX_LEVELS && reached.size > 0; level++) {
      if (reached.has(role)) return true;
      const next = new Set<string>();
      for (const each of reached) {
        for (const other of this.#roles.get(keyOf(each, domain)) ?? []) {
          if (!seen.has(other)) next.add(other);
          seen.add(other);
        }
      }
      reached = next;
    }
    return false;
  }
}

function keyOf(name: string, domain = ""): string {
  return `${domain}\n${name}`;
}
