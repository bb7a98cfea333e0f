import { isIP } from "node:net";
import { HeadwaterError } from "../../base/errors.ts";
import type { Clock } from "../clock.ts";

/** Of one host; more are not tried. */
const MAX_ADDRESSES = 16;

/**
 * The addresses of hosts, asked for anew each time: names may come later than the gateway, and move. By the C
 * library, which reads resolv.conf again when that changes.
 */
export class HostAddresses {
  readonly #clock: Clock;
  /** Lookups under way: a name server that does not answer holds one thread for a name, not one for each attempt. */
  readonly #asking = new Map<string, Promise<readonly string[]>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** In the order to try them. Rejects with the resolver's own error (DNS_ENOTFOUND and the like), or TIMED_OUT. */
  of(host: string, timeoutMs: number): Promise<readonly string[]> {
    if (isIP(host) !== 0) return Promise.resolve([host]);
    return new Promise((resolve, reject) => {
      const timer = this.#clock.after(timeoutMs, () => {
        const message = `the address of ${host} was not found within ${timeoutMs} ms: no name server answers`;
        reject(new HeadwaterError("TIMED_OUT", message));
      });
      const asking = this.#asking.get(host) ?? this.#ask(host);
      asking.then(
        (addresses) => {
          timer.cancel();
          resolve(addresses);
        },
        (error: unknown) => {
          timer.cancel();
          reject(error);
        },
      );
    });
  }

  #ask(host: string): Promise<readonly string[]> {
    const asking = lookUp(host);
    const done = (): void => {
      this.#asking.delete(host);
    };
    this.#asking.set(host, asking);
    asking.then(done, done);
    return asking;
  }
}

async function lookUp(host: string): Promise<readonly string[]> {
  const found = await Bun.dns.lookup(host, { backend: "libc" });
  return [...new Set(found.map(({ address }) => address))].slice(0, MAX_ADDRESSES);
}

export function codeOf(cause: unknown): string {
  return cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : "";
}

export function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
