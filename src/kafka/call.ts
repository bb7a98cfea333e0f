import type { QuotaSession } from "../broker/quotas.ts";
import type { Login } from "./login.ts";
import type { Reader } from "./wire/reader.ts";
import type { Writer } from "./wire/writer.ts";

/** One request, from its header to its response, as a handler sees it. */
export interface Call {
  readonly apiKey: number;
  readonly version: number;
  readonly clientId: string | null;
  /** The client's own address as groups show it: `/127.0.0.1`. */
  readonly clientHost: string;
  /** Of the listener that it came by. */
  readonly localPort: number;
  /** Who asks, as quotas tell clients apart. */
  readonly session: QuotaSession;
  /** What the connection has shown of itself, for requests that are about that. */
  readonly login: Login;
  /** Stands at the request's body. What it hands out are views of the received chunk. */
  readonly reader: Reader;
  /** The address that this client can reach the broker at. */
  readonly advertised: { readonly host: string; readonly port: number };
  /** Most record bytes that the answer may carry now, since slow clients share one bound for what they leave unread. */
  readonly responseBudget: number;
  /** Whether the connection is gone and no answer will be read. */
  readonly closed: boolean;
  /**
   * Answers, once. Views given to the writer are sent or copied before this returns, since a handler answers
   * only when its response is next on the connection, or with bytes that it owns.
   */
  reply(encode: (writer: Writer) => void): void;
  /** Tells the client to be quiet for so long, and reads nothing from it meanwhile. Before `reply`. */
  throttle(durationMs: number): void;
  /**
   * Says that nothing looks at the request's bytes any more, neither `reader` nor a view that it handed out, so
   * that their memory is free for what comes next.
   */
  requestRead(): void;
  /** Ends the call without an answer (acks=0). */
  finish(): void;
  /** Closes the connection: the protocol has no answer for what came. */
  drop(reason: string): void;
  /** Closes the connection once the answer has left: nothing more is served on it. */
  leave(reason: string): void;
  /** Runs when the connection closes before the call has been answered. */
  onAbandoned(callback: () => void): void;
  /**
   * Runs once the connection closes, whatever has become of the call by then, in place of what stood under this
   * name; null takes it back. Who sets names that clients choose has a bound on them.
   */
  onDisconnected(name: string, callback: (() => void) | null): void;
}

/** Serves one API key. Versions are those that Kafka 4.3 serves, unless the handler's header says otherwise. */
export interface ApiHandler<Services> {
  readonly apiKey: number;
  readonly minVersion: number;
  readonly maxVersion: number;
  /**
   * Whether a call may run while earlier ones on its connection still wait for the disk. Its response is kept
   * until theirs are out, so it must hold no views of a log.
   */
  readonly pipelined: boolean;
  handle(call: Call, services: Services): void;
}
