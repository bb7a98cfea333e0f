import { HeadwaterError } from "../../src/base/errors.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { Turns } from "../../src/broker/views/turns.ts";
import { defaultSettings, type Settings } from "../../src/config/options.ts";
import { settingRows } from "../../src/config/setting-rows.ts";
import { RateHistory, type Traffic } from "../../src/http/history/rate-history.ts";
import { DeviceRecords } from "../../src/http/records.ts";
import { type DoorParts, doorRoutes } from "../../src/http/rest/door-routes.ts";
import type { Gateway, UserSource } from "../../src/http/rest/gateway.ts";
import { GATEWAY_ROUTES } from "../../src/http/rest/gateway-routes.ts";
import { Idempotency } from "../../src/http/rest/idempotency.ts";
import { Router } from "../../src/http/rest/router.ts";
import { Access, type AccessOptions } from "../../src/http/session/access.ts";
import type { GatewayStatus, StatusSource } from "../../src/http/status.ts";
import { HttpTally } from "../../src/http/tally.ts";
import { SystemPasswords } from "../../src/io/bun/passwords.ts";
import type { Clock } from "../../src/io/clock.ts";
import { ManualClock } from "../../src/io/simulated/clock.ts";
import type { SimulatedDisk } from "../../src/io/simulated/disk.ts";
import { SeededRandom } from "../../src/io/simulated/random.ts";
import { Security } from "../../src/security/security.ts";
import { payloadDecoders } from "../../src/wiring/payload-decoders.ts";
import { Gateway as KafkaGateway } from "../kafka/support/door.ts";

export const STATUS: GatewayStatus = {
  version: "1",
  gatewayId: "g",
  clusterId: "c",
  startedAtMs: 1,
  uptimeMs: 2,
  addresses: { http: "127.0.0.1:1" },
  topics: [],
  uplinks: [],
  bridges: [],
  clock: null,
  memory: null,
  wear: null,
  update: null,
  log: {
    folder: "/d",
    disk: "plain",
    freeBytes: 1,
    reserveBytes: 1,
    full: false,
    partitions: 0,
    commitRounds: 0,
    commitMedianMs: null,
  },
  mqtt: null,
  kafka: null,
};

/** Of a gateway that does nothing. */
export const QUIET: StatusSource = {
  faults: () => [],
  hindrances: () => [],
  notes: () => [],
  status: () => STATUS,
  sessions: () => [],
};

/** Nobody has to log in on this machine, and nobody can elsewhere, unless something else is asked for. */
export function accessOf(options: Partial<AccessOptions> = {}): Access {
  return new Access({
    clock: new ManualClock(),
    random: new SeededRandom(1),
    security: () => null,
    roles: [],
    control: "loopback",
    records: "loopback",
    plainLogin: false,
    sessions: { idleMs: 1_800_000, maxMs: 43_200_000 },
    ...options,
  });
}

/** Users of files that tests write; hashes are as in the file of users. */
export interface TestFiles {
  users: string;
  acl: string;
}

/** Users and rules of files in memory. */
export function securityOf(files: TestFiles, clock: Clock): Security {
  const texts = new Map([
    ["/users", () => files.users],
    ["/acl", () => files.acl],
  ]);
  return new Security({
    readFile: (path) => {
      const text = texts.get(path)?.() ?? "";
      return text === "" ? null : new TextEncoder().encode(text);
    },
    passwords: new SystemPasswords(),
    clock,
    logger: silentLogger,
    users: { path: "/users", mayBeMissing: true },
    acl: { path: "/acl", mayBeMissing: true },
    tls: null,
    nameSources: ["cn"],
    anonymous: "loopback",
    granting: "whole",
  });
}

export interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array<ArrayBuffer> | object;
  /** Address that it comes from. */
  readonly from?: string;
  readonly isTls?: boolean;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of any shape.
  readonly body: any;
}

export interface RestOptions {
  readonly access?: Partial<AccessOptions>;
  readonly settings?: Partial<Settings>;
  readonly source?: StatusSource;
  readonly parts?: Partial<DoorParts>;
  readonly gateway?: Partial<Gateway>;
  readonly started?: boolean;
  readonly disk?: SimulatedDisk;
}

/** A broker in memory and all operations over it, asked without a network. */
export class RestGateway {
  readonly kafka: KafkaGateway;
  readonly clock: ManualClock;
  readonly router: Router<DoorParts>;
  readonly access: Access;
  readonly parts: DoorParts;
  readonly gateway: Gateway;
  traffic: Traffic = { bytesIn: 0, bytesOut: 0, uplinks: [] };

  private constructor(kafka: KafkaGateway, options: RestOptions) {
    this.kafka = kafka;
    this.clock = kafka.clock;
    const { broker, coordinators } = kafka;
    const settings = defaultSettings(options.settings);
    this.access = accessOf({ clock: kafka.clock, ...options.access });
    this.gateway = {
      ...{ broker, coordinators, status: options.source ?? QUIET, devices: null },
      rates: new RateHistory(broker, () => this.traffic),
      turns: new Turns(broker.clock),
      idempotency: new Idempotency(broker),
      tally: new HttpTally(),
      mqttDeadLetterTopics: ["dlq.mqtt"],
      random: new SeededRandom(3),
      connections: {
        kafka: () => [{ user: "anna", method: "PLAIN", remoteAddress: "192.0.2.7", remotePort: 4_711 }],
        httpRequests: () => 0,
      },
      // biome-ignore lint/correctness/useYield: it is refused before there is anything.
      async *backup() {
        throw new HeadwaterError("UNSUPPORTED", "a backup is being made already");
      },
      config: {
        list: () => settingRows(settings, new Map()),
        check: () => ({
          changes: [{ key: "log.level", from: "info", to: "debug", restart: false }],
          problems: [
            { key: "kafka.listen", value: '"x"', line: 3, fault: "no port in it", remedy: "write one" },
          ],
        }),
        write: () => {},
        reload: () => ({ live: ["log.level"], restart: [], unused: [] }),
      },
      decoders: payloadDecoders(() => broker.clock.nowMs()),
      users: usersOf(["anna", "ben"]),
      ...options.gateway,
    };
    const records = new DeviceRecords(broker);
    this.router = new Router(doorRoutes(GATEWAY_ROUTES));
    this.parts = {
      access: this.access,
      source: options.source ?? QUIET,
      controls: () => null,
      records: () => records,
      devices: () => null,
      gateway: () => (options.started === false ? null : this.gateway),
      ...options.parts,
    };
  }

  /** Over a broker that somebody else has made. */
  static over(kafka: KafkaGateway, options: RestOptions = {}): RestGateway {
    return new RestGateway(kafka, options);
  }

  static async open(options: RestOptions = {}): Promise<RestGateway> {
    const { disk } = options;
    return new RestGateway(await KafkaGateway.open(disk === undefined ? {} : { disk }), options);
  }

  /** The response, once the simulated disk and clock have nothing more to do. */
  async response(path: string, asked: Asked = {}): Promise<Response> {
    const { method = "GET", headers = {}, body, from = "127.0.0.1", isTls = false } = asked;
    const url = new URL(`${isTls ? "https" : "http"}://127.0.0.1:8080${path}`);
    const isJson = body !== undefined && typeof body === "object" && !(body instanceof Uint8Array);
    const type = method === "GET" || method === "HEAD" ? {} : { "content-type": "application/json" };
    const request = new Request(url.href, {
      method,
      headers: { host: "127.0.0.1:8080", ...type, ...headers },
      ...(body === undefined ? {} : { body: isJson ? JSON.stringify(body) : (body as string) }),
    });
    const answered = this.router.answer(request, url, { address: from, isTls }, this.access, this.parts);
    if (answered === null) return new Response(null, { status: 404 });
    let response: Response | null = null;
    let failure: unknown = null;
    Promise.resolve(answered).then(
      (done) => {
        response = done;
      },
      (error: unknown) => {
        failure = error;
      },
    );
    // Bodies and hashes come by themselves, in a time that is not the clock's.
    while (response === null && failure === null) {
      await this.clock.settleAll();
      await Bun.sleep(0);
    }
    if (failure !== null) throw failure;
    return response as unknown as Response;
  }

  async ask(path: string, asked: Asked = {}): Promise<Answer> {
    const response = await this.response(path, asked);
    const text = await response.text();
    const isJson = response.headers.get("content-type") === "application/json";
    return {
      status: response.status,
      headers: response.headers,
      text,
      body: isJson ? JSON.parse(text) : null,
    };
  }

  async close(): Promise<void> {
    this.gateway.rates.stop();
    await this.kafka.close();
  }
}

/** Users that are in no file. */
function usersOf(names: readonly string[]): UserSource {
  const users = new Set(names);
  return {
    list: () => [...users].map((name) => ({ name, role: null, groups: [] })),
    set: async (name, _, how) => {
      if (users.has(name) === (how === "add")) return false;
      users.add(name);
      return true;
    },
    remove: async (name) => users.delete(name),
  };
}
