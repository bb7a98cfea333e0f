import type { Client } from "./client.ts";

/** How many connections each user has, of those who have said a name. */
export class UserConnections {
  readonly #counts = new Map<string, number>();
  readonly #users = new WeakMap<Client, string>();

  of(userName: string): number {
    return this.#counts.get(userName) ?? 0;
  }

  enter(client: Client, userName: string | null): void {
    if (userName === null || this.#users.has(client)) return;
    this.#users.set(client, userName);
    this.#counts.set(userName, this.of(userName) + 1);
  }

  /** Does nothing for one that has not entered, or has left. */
  leave(client: Client): void {
    const userName = this.#users.get(client);
    if (userName === undefined) return;
    this.#users.delete(client);
    const count = this.of(userName) - 1;
    if (count > 0) this.#counts.set(userName, count);
    else this.#counts.delete(userName);
  }
}
