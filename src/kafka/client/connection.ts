import { HeadwaterError } from "../../base/errors.ts";
import type { Clock, Timer } from "../../io/clock.ts";
import type { Connection, ConnectionHandler, Network } from "../../io/network.ts";
import type { Random } from "../../io/random.ts";
import { type Api, findApi, requestHeaderVersion, responseHeaderVersion } from "../wire/api.ts";
import { API_VERSIONS_REQUEST, type ApiVersionsRequest } from "../wire/generated/api-versions-request.ts";
import { API_VERSIONS_RESPONSE, type ApiVersionsResponse } from "../wire/generated/api-versions-response.ts";
import { ERROR } from "../wire/generated/errors.ts";
import { writeRequestHeader } from "../wire/generated/request-header.ts";
import { readResponseHeader } from "../wire/generated/response-header.ts";
import type { MessageCodec } from "../wire/message.ts";
import { Reader } from "../wire/reader.ts";
import { Writer } from "../wire/writer.ts";
import { SASL_AUTHENTICATE, SASL_HANDSHAKE } from "./client-apis.ts";
import { ANSWERS_HTTP, FrameAssembler } from "./frame-assembler.ts";
import { type LoginChannel, logIn } from "./login.ts";
import { type ConnectionSecurity, explained, NO_TLS_FILES, type SecuritySource } from "./security.ts";

/** What a client takes from its surroundings. */
export interface ClientSeams {
  readonly network: Network;
  readonly clock: Clock;
  readonly random: Random;
}

export interface ConnectionOptions {
  /** Names the client in the broker's log and quotas. */
  readonly clientId: string;
  readonly connectTimeoutMs: number;
  /** Unsent bytes at which the connection is given up: more than the largest request. */
  readonly maxQueuedBytes: number;
  readonly maxResponseBytes: number;
  /** Requests that may be on the wire without an answer; more wait their turn. */
  readonly maxInFlight: number;
  /** Requests that may wait their turn; more are refused unsent. */
  readonly maxWaiting: number;
  /** By API key: a version above which nothing is spoken, though the broker would. */
  readonly maxVersions: ReadonlyMap<number, number>;
  /** Encryption and login; null for neither. */
  readonly security: SecuritySource | null;
}

export const DEFAULT_CONNECTION_OPTIONS: ConnectionOptions = {
  clientId: "headwater",
  connectTimeoutMs: 10_000,
  maxQueuedBytes: 64 * 1024 * 1024,
  maxResponseBytes: 128 * 1024 * 1024,
  maxInFlight: 32,
  maxWaiting: 1024,
  maxVersions: new Map(),
  security: null,
};

/** A request and its response: the pair of codecs, which share an API key and versions. */
export interface ClientApi<Request, Response> {
  readonly request: MessageCodec<Request>;
  readonly response: MessageCodec<Response>;
  /** The highest version this client speaks, where that is below the codec's. */
  readonly maxVersion?: number;
}

/**
 * What became of a request. "unsent": nothing left, repeat it at will. "lost": it left, and no answer came or
 * will come: whether it was carried out is unknown.
 */
export type Reply<Response> =
  | { readonly kind: "answered"; readonly response: Response; readonly version: number }
  | { readonly kind: "unsent"; readonly error: HeadwaterError }
  | { readonly kind: "lost"; readonly error: HeadwaterError };

/** The versions of one API that a broker serves. */
interface ServedVersions {
  readonly minVersion: number;
  readonly maxVersion: number;
}

/**
 * One connection to one broker. Requests are pipelined: they leave in the order of the calls and answers are
 * matched by correlation id. A request that is not answered in time closes the connection, since what comes
 * after it on the wire can't be trusted to come in time either.
 */
export class KafkaConnection {
  readonly host: string;
  readonly port: number;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #options: ConnectionOptions;
  readonly #frames: FrameAssembler;
  readonly #writer = new Writer();
  readonly #reader = new Reader();
  readonly #inFlight = new Map<number, Pending>();
  #waiting: Pending[] = [];
  #connection: Connection | null = null;
  #closedBy: HeadwaterError | null = null;
  #nextCorrelationId = 0;
  #served: ReadonlyMap<number, ServedVersions> = new Map();
  #features: ReadonlyMap<string, number> = new Map();
  #onClosed: (() => void) | null = null;
  #timer: Timer | null = null;
  #security: ConnectionSecurity = PLAIN;
  /** While logging in again: what else is asked waits. */
  #loggingIn = false;
  #loginTimer: Timer | null = null;
  /** How far it came, for a word about why it may have been closed. */
  #met: "nothing" | "versions" | "answers" = "nothing";

  private constructor(
    host: string,
    port: number,
    { clock, random }: Pick<ClientSeams, "clock" | "random">,
    options: ConnectionOptions,
  ) {
    this.host = host;
    this.port = port;
    this.#clock = clock;
    this.#random = random;
    this.#options = options;
    this.#frames = new FrameAssembler(options.maxResponseBytes);
  }

  /**
   * Connects, asks which versions the broker serves and logs in. Rejects with NETWORK, TIMED_OUT or MALFORMED; with
   * security also with TLS_HANDSHAKE, AUTHENTICATION, FILE_MISSING or CONFIG_INVALID.
   */
  static async open(
    seams: ClientSeams,
    host: string,
    port: number,
    options: ConnectionOptions = DEFAULT_CONNECTION_OPTIONS,
  ): Promise<KafkaConnection> {
    const connection = new KafkaConnection(host, port, seams, options);
    const security = options.security?.() ?? PLAIN;
    connection.#security = security;
    const place = {
      host,
      port,
      timeoutMs: options.connectTimeoutMs,
      limits: { maxQueuedBytes: options.maxQueuedBytes },
      handler: connection.#handler(),
    };
    const target =
      security.tls === null
        ? place
        : { ...place, tls: { ...security.tls, serverName: security.tls.serverName ?? host } };
    try {
      connection.#connection = await seams.network.connect(target);
    } catch (error) {
      throw explained(error, security);
    }
    try {
      await connection.#negotiate(options.connectTimeoutMs);
      if (security.sasl !== null) await connection.#logIn();
    } catch (error) {
      connection.close();
      throw error;
    }
    return connection;
  }

  get closed(): boolean {
    return this.#closedBy !== null;
  }

  /** Requests without an answer. */
  get pending(): number {
    return this.#inFlight.size + this.#waiting.length;
  }

  /** The finalised level of a cluster feature such as "transaction.version", 0 where it has none. */
  featureLevel(name: string): number {
    return this.#features.get(name) ?? 0;
  }

  /** Whether the broker has an API at all. */
  serves(apiKey: number): boolean {
    return this.#served.has(apiKey);
  }

  /** The version in which a request would be sent, or -1 where there is none in common. */
  versionOf<Request, Response>(api: ClientApi<Request, Response>): number {
    const served = this.#served.get(api.request.apiKey ?? -1);
    if (served === undefined) return -1;
    const limits = [served.maxVersion, api.request.maxVersion, api.maxVersion];
    const limit = this.#options.maxVersions.get(api.request.apiKey ?? -1);
    const version = Math.min(...[...limits, limit].filter((each) => each !== undefined));
    return version < Math.max(served.minVersion, api.request.minVersion) ? -1 : version;
  }

  /** Sends a request in the highest common version, or in `version`. Never rejects. */
  request<Request, Response>(
    api: ClientApi<Request, Response>,
    body: Request,
    timeoutMs: number,
    version: number = this.versionOf(api),
  ): Promise<Reply<Response>> {
    return this.#request(api, body, timeoutMs, version, false);
  }

  /** `first`: before all that waits. */
  #request<Request, Response>(
    api: ClientApi<Request, Response>,
    body: Request,
    timeoutMs: number,
    version: number,
    first: boolean,
  ): Promise<Reply<Response>> {
    if (this.#closedBy !== null) return Promise.resolve({ kind: "unsent", error: this.#closedBy });
    const wireApi = findApi(api.request.apiKey ?? -1);
    if (version < 0 || wireApi === undefined) {
      const message = `${this.#name()} serves no version of ${api.request.name} that this client speaks`;
      return Promise.resolve({ kind: "unsent", error: new HeadwaterError("UNSUPPORTED", message) });
    }
    if (this.#waiting.length >= this.#options.maxWaiting) {
      const message = `${this.#waiting.length} requests wait for ${this.#name()} already`;
      return Promise.resolve({ kind: "unsent", error: new HeadwaterError("NETWORK", message) });
    }
    return new Promise((settle) => {
      const pending: Pending = {
        api: wireApi,
        version,
        deadlineMs: this.#clock.monotonicMs() + timeoutMs,
        write: (writer) => api.request.write(writer, body, version),
        answer: (reader, spoken) =>
          settle({ kind: "answered", response: api.response.read(reader, spoken), version: spoken }),
        fail: (kind, error) => settle({ kind, error }),
      };
      if (first) this.#send(pending);
      else this.#enqueue(pending);
      this.#timer ??= this.#clock.after(TIMEOUT_CHECK_MS, () => this.#checkTimeouts());
    });
  }

  /** Sends what was asked for in this turn now, instead of at the turn's end. */
  flush(): void {
    this.#connection?.flush();
  }

  /** Closes; what waits for an answer is lost. Idempotent. */
  close(): void {
    this.#end(new HeadwaterError("NETWORK", `the connection to ${this.#name()} was closed`));
  }

  /** Runs once, when the connection is closed by whomever. */
  onClosed(callback: () => void): void {
    if (this.closed) callback();
    else this.#onClosed = callback;
  }

  #handler(): ConnectionHandler {
    return {
      data: (chunk) => {
        const fault = this.#frames.push(chunk, (frame) => this.#receive(frame));
        if (fault === null) return;
        const words = fault === ANSWERS_HTTP ? `answers ${fault}` : `sent ${fault}${this.#hint()}`;
        this.#end(new HeadwaterError("MALFORMED", `${this.#name()} ${words}`));
      },
      // Sending never waits for room: requests are bounded by count, and their size by those who make them.
      drained: () => {},
      closed: (error) => {
        const reason = error === null ? "" : `: ${error.message}`;
        const message = `${this.#name()} closed the connection${this.#hint()}${reason}`;
        this.#end(new HeadwaterError("NETWORK", message, { cause: error }));
      },
    };
  }

  async #negotiate(timeoutMs: number): Promise<void> {
    let version = Math.min(API_VERSIONS_REQUEST.maxVersion, NEWEST_API_VERSIONS);
    for (;;) {
      const reply = await this.request<ApiVersionsRequest, ApiVersionsResponse>(
        API_VERSIONS,
        { clientSoftwareName: "headwater", clientSoftwareVersion: "0", clusterId: null, nodeId: -1 },
        timeoutMs,
        version,
      );
      if (reply.kind !== "answered") throw reply.error;
      const { errorCode, apiKeys, finalizedFeatures } = reply.response;
      if (errorCode === ERROR.UNSUPPORTED_VERSION && version > 0) {
        version = 0;
        continue;
      }
      if (errorCode !== 0) {
        throw new HeadwaterError("NETWORK", `${this.#name()} answered ApiVersions with error ${errorCode}`);
      }
      this.#served = new Map(apiKeys.map((api) => [api.apiKey, api]));
      this.#features = new Map(finalizedFeatures.map((feature) => [feature.name, feature.maxVersionLevel]));
      return;
    }
  }

  /** Logs in, and again before that has lost its force (KIP-368). */
  async #logIn(): Promise<void> {
    const { sasl } = this.#security;
    if (sasl === null) return;
    const lifetimeMs = await logIn(this.#loginChannel(), sasl, this.#random);
    if (lifetimeMs === 0 || this.closed) return;
    const share = RELOGIN_SHARE + RELOGIN_JITTER * this.#random.fraction();
    this.#loginTimer = this.#clock.after(Math.max(1, lifetimeMs * share), () => void this.#logInAgain());
  }

  async #logInAgain(): Promise<void> {
    if (this.closed) return;
    this.#loggingIn = true;
    try {
      // By the files as they are now; where one is not there just then, by what it held before.
      this.#security = attempt(() => this.#options.security?.()) ?? this.#security;
      await this.#logIn();
    } catch (error) {
      if (!(error instanceof HeadwaterError)) throw error;
      this.#end(error);
      return;
    } finally {
      this.#loggingIn = false;
    }
    this.#sendWaiting();
  }

  #loginChannel(): LoginChannel {
    const timeoutMs = this.#options.connectTimeoutMs;
    const ask = async <Request, Response>(
      api: ClientApi<Request, Response>,
      body: Request,
      version: number,
    ) => {
      const reply = await this.#request(api, body, timeoutMs, version, true);
      if (reply.kind !== "answered") throw reply.error;
      return reply.response;
    };
    return {
      name: this.#name(),
      handshake: (mechanism) =>
        ask(SASL_HANDSHAKE, { mechanism }, Math.min(1, this.versionOf(SASL_HANDSHAKE))),
      authenticate: (authBytes) => ask(SASL_AUTHENTICATE, { authBytes }, this.versionOf(SASL_AUTHENTICATE)),
    };
  }

  /** What a broker that hangs up so early may want. */
  #hint(): string {
    const { tls, sasl } = this.#security;
    if (this.#met === "answers") return "";
    if (this.#met === "versions") return sasl === null ? ": it may want a login (security.protocol)" : "";
    if (tls === null) return ": it may want TLS (security.protocol)";
    return tls.certificate === null
      ? ": it may want a client certificate (ssl.certificate)"
      : ": it may not trust the client certificate (ssl.certificate)";
  }

  #enqueue(pending: Pending): void {
    if (this.#loggingIn || this.#inFlight.size >= this.#options.maxInFlight) this.#waiting.push(pending);
    else this.#send(pending);
  }

  /** Sends what waited, as far as it may. */
  #sendWaiting(): void {
    while (!this.#loggingIn && this.#inFlight.size < this.#options.maxInFlight) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      this.#send(next);
    }
  }

  #send(pending: Pending): void {
    const connection = this.#connection;
    const writer = this.#writer;
    this.#nextCorrelationId = (this.#nextCorrelationId + 1) & 0x7fffffff;
    const correlationId = this.#nextCorrelationId;
    writer.reset();
    const size = writer.reserveInt32();
    const header = {
      requestApiKey: pending.api.key,
      requestApiVersion: pending.version,
      correlationId,
      clientId: this.#options.clientId,
    };
    try {
      writeRequestHeader(writer, header, requestHeaderVersion(pending.api, pending.version));
      pending.write(writer);
    } catch (error) {
      if (!(error instanceof HeadwaterError)) throw error;
      pending.fail("unsent", error);
      return;
    }
    writer.patchInt32(size, writer.sizeBytes - 4);
    this.#inFlight.set(correlationId, pending);
    for (const chunk of writer.finish()) connection?.send(chunk);
  }

  #receive(frame: Uint8Array): void {
    if (this.closed) return;
    const reader = this.#reader;
    reader.reset(frame);
    const correlationId = reader.int32();
    const pending = this.#inFlight.get(correlationId);
    if (pending === undefined) {
      this.#end(
        new HeadwaterError("MALFORMED", `${this.#name()} answered ${correlationId}, which was not asked`),
      );
      return;
    }
    try {
      this.#readAnswer(pending, frame);
    } catch (error) {
      if (!(error instanceof HeadwaterError)) throw error;
      this.#end(error);
      return;
    }
    this.#inFlight.delete(correlationId);
    this.#sendWaiting();
  }

  #readAnswer(pending: Pending, frame: Uint8Array): void {
    const reader = this.#reader;
    reader.reset(frame);
    readResponseHeader(reader, responseHeaderVersion(pending.api, pending.version));
    pending.answer(reader, refusesVersion(pending.api, frame) ? 0 : pending.version);
    if (pending.api.key !== API_VERSIONS_REQUEST.apiKey) this.#met = "answers";
    else if (this.#met === "nothing") this.#met = "versions";
  }

  #checkTimeouts(): void {
    this.#timer = null;
    if (this.closed || this.pending === 0) return;
    const nowMs = this.#clock.monotonicMs();
    for (const pending of [...this.#inFlight.values(), ...this.#waiting]) {
      if (pending.deadlineMs > nowMs) continue;
      this.#end(
        new HeadwaterError("TIMED_OUT", `${this.#name()} did not answer ${pending.api.name} in time`),
      );
      return;
    }
    this.#timer = this.#clock.after(TIMEOUT_CHECK_MS, () => this.#checkTimeouts());
  }

  #end(error: HeadwaterError): void {
    if (this.#closedBy !== null) return;
    this.#closedBy = error;
    this.#timer?.cancel();
    this.#loginTimer?.cancel();
    this.#connection?.abort();
    const lost = [...this.#inFlight.values()];
    const unsent = this.#waiting;
    this.#inFlight.clear();
    this.#waiting = [];
    for (const pending of lost) pending.fail("lost", error);
    for (const pending of unsent) pending.fail("unsent", error);
    this.#onClosed?.();
  }

  #name(): string {
    return `${this.host}:${this.port}`;
  }
}

interface Pending {
  readonly api: Api;
  readonly version: number;
  readonly deadlineMs: number;
  readonly write: (writer: Writer) => void;
  /** Reads the answer, and settles. Throws MALFORMED. */
  readonly answer: (reader: Reader, version: number) => void;
  readonly fail: (kind: "unsent" | "lost", error: HeadwaterError) => void;
}

const PLAIN: ConnectionSecurity = { tls: null, sasl: null, files: NO_TLS_FILES };
/** Of the time that a login holds, after which it is renewed: somewhere between 85% and 95% of it. */
const RELOGIN_SHARE = 0.85;
const RELOGIN_JITTER = 0.1;

/** What `make` gives, or null where it throws a HeadwaterError. */
function attempt<T>(make: () => T): T | null {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof HeadwaterError)) throw error;
    return null;
  }
}

/** A broker that does not know the version of ApiVersions that was asked answers in version 0 (KIP-511). */
function refusesVersion(api: Api, frame: Uint8Array): boolean {
  return (
    api.key === API_VERSIONS_REQUEST.apiKey &&
    frame.length >= 6 &&
    ((frame[4] as number) << 8) + (frame[5] as number) === ERROR.UNSUPPORTED_VERSION
  );
}

const API_VERSIONS: ClientApi<ApiVersionsRequest, ApiVersionsResponse> = {
  request: API_VERSIONS_REQUEST,
  response: API_VERSIONS_RESPONSE,
};
/** The newest version in common use; brokers that don't know it say so. */
const NEWEST_API_VERSIONS = 4;
/** Timeouts are looked for this often: they are exact to this. */
const TIMEOUT_CHECK_MS = 250;
