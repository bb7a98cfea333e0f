import { HeadwaterError, hasCode } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { Clock, Timer } from "../io/clock.ts";
import {
  type Connection,
  type ConnectOptions,
  type Listener,
  type ListenerTally,
  type ListenOptions,
  type Network,
  newListenerTally,
  type TlsServer,
} from "../io/network.ts";

/** How often a door that could not be opened is tried again. */
export const DOOR_RETRY_MS = 2_000;

/** Whether an error says that somebody else has the address, or that this machine does not have it yet. */
export function mayPass(error: unknown): error is HeadwaterError {
  return error instanceof HeadwaterError && (error.code === "PORT_TAKEN" || error.code === "NETWORK");
}

/** What a door with TLS waits for: certificates that it can serve with. */
function awaitsCertificates(options: ListenOptions, error: unknown): error is HeadwaterError {
  return options.tls !== undefined && hasCode(error, "CONFIG_INVALID");
}

/**
 * A network on which a door that can't listen now does so later: a port that another program has costs that door, and not
 * the records of all others. Where none of them can, another gateway is at work, most likely: see `expectOne`. One whose
 * certificate can't be used opens once that is mended. What comes to
 * listeners that have a name is counted.
 */
export class PatientNetwork implements Network {
  readonly #network: Network;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #waiting = new Set<LateListener>();
  readonly #tallies = new Map<string, ListenerTally>();
  #opened = 0;
  /** Called when a door was opened after all. */
  onOpened: () => void = () => {};

  constructor(network: Network, clock: Clock, logger: Logger) {
    this.#network = network;
    this.#clock = clock;
    this.#logger = logger;
  }

  /** Throws as Network.listen does, but for what may pass. */
  listen(asked: ListenOptions): Listener {
    const options = this.#counted(asked);
    try {
      const listener = this.#open(options);
      this.#opened += 1;
      return listener;
    } catch (error) {
      if (!mayPass(error) && !awaitsCertificates(options, error)) throw error;
      this.#logger.error("a door can't be opened; it is tried again", { error });
      const late = new LateListener(options, error, this.#clock, () => this.#retry(late));
      this.#waiting.add(late);
      return late;
    }
  }

  /** Throws as Network.listen does, and CONFIG_INVALID where there is no certificate yet. */
  #open(options: ListenOptions): Listener {
    const { tls, host, port, name } = options;
    const setting = `${name ?? "a door"}.listen = ${host}:${port}`;
    if (tls?.certificate === "")
      throw new HeadwaterError("CONFIG_INVALID", `${setting}: closed until there is a certificate`);
    try {
      return this.#network.listen(options);
    } catch (cause) {
      if (!awaitsCertificates(options, cause)) throw cause;
      const message = `${setting}: ${cause.message}; mend tls.certificate.file and tls.key.file`;
      throw new HeadwaterError("CONFIG_INVALID", message, { cause });
    }
  }

  /** By the names of listeners. */
  get tallies(): ReadonlyMap<string, ListenerTally> {
    return this.#tallies;
  }

  connect(options: ConnectOptions): Promise<Connection> {
    return this.#network.connect(options);
  }

  /** Why doors are closed that should be open. */
  reasons(): readonly string[] {
    return Array.from(
      this.#waiting,
      ({ error }) =>
        `${error.message}${mayPass(error) ? `; it is tried every ${DOOR_RETRY_MS / 1000} s` : ""}`,
    );
  }

  isWaiting(host: string, port: number): boolean {
    return [...this.#waiting].some((late) => late.host === host && late.port === port);
  }

  /** Throws the first error where doors were asked for and none is open, but for those that wait for certificates. */
  expectOne(): void {
    const [first] = this.#waiting;
    const waits = [...this.#waiting].some(({ error }) => !mayPass(error));
    if (this.#opened > 0 || first === undefined || waits) return;
    for (const late of this.#waiting) late.close();
    throw first.error;
  }

  #counted(options: ListenOptions): ListenOptions {
    if (options.name === undefined) return options;
    const tally = this.#tallies.get(options.name) ?? newListenerTally();
    this.#tallies.set(options.name, tally);
    return { ...options, tally };
  }

  #retry(late: LateListener): void {
    if (late.closed) {
      this.#waiting.delete(late);
      return;
    }
    try {
      late.open(this.#open(late.options));
    } catch (error) {
      if (!(error instanceof HeadwaterError)) throw error;
      late.fail(error);
      return;
    }
    this.#waiting.delete(late);
    this.#opened += 1;
    this.#logger.info("a door is open after all", { host: late.host, port: late.port });
    this.onOpened();
  }
}

class LateListener implements Listener {
  readonly host: string;
  options: ListenOptions;
  error: HeadwaterError;
  closed = false;
  readonly #clock: Clock;
  readonly #retry: () => void;
  #listener: Listener | null = null;
  #timer: Timer;

  constructor(options: ListenOptions, error: HeadwaterError, clock: Clock, retry: () => void) {
    this.host = options.host;
    this.options = options;
    this.error = error;
    this.#clock = clock;
    this.#retry = retry;
    this.#timer = clock.after(DOOR_RETRY_MS, retry);
  }

  get port(): number {
    return this.#listener?.port ?? this.options.port;
  }

  open(listener: Listener): void {
    this.#listener = listener;
  }

  fail(error: HeadwaterError): void {
    this.error = error;
    this.#timer = this.#clock.after(DOOR_RETRY_MS, this.#retry);
  }

  renew(tls: TlsServer): void {
    this.options = { ...this.options, tls };
    if (this.#listener !== null) {
      this.#listener.renew(tls);
      return;
    }
    this.#timer.cancel();
    this.#retry();
    if (this.#listener === null && hasCode(this.error, "CONFIG_INVALID")) throw this.error;
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.#timer.cancel();
    this.#listener?.close();
    this.#retry();
  }
}
