import * as assert from "uvu/assert";
import { type LogFields, silentLogger } from "../../../src/base/logger.ts";
import { Broker } from "../../../src/broker/broker.ts";
import type { BrokerOptions } from "../../../src/broker/broker-options.ts";
import type { ViewBug } from "../../../src/broker/views/key-scan.ts";
import { defaultSettings, type Settings } from "../../../src/config/options.ts";
import { type Coordinators, openCoordinators } from "../../../src/coordinators/coordinators.ts";
import type { RedriveBug } from "../../../src/coordinators/dead-letters/redriver.ts";
import type { GroupConfigs } from "../../../src/coordinators/shares/share-settings.ts";
import type { Connection, ConnectionHandler } from "../../../src/io/network.ts";
import { ManualClock } from "../../../src/io/simulated/clock.ts";
import { SimulatedDisk, type SimulatedDiskOptions } from "../../../src/io/simulated/disk.ts";
import { SimulatedNetwork } from "../../../src/io/simulated/network.ts";
import { SeededRandom } from "../../../src/io/simulated/random.ts";
import { FrameAssembler } from "../../../src/kafka/client/frame-assembler.ts";
import { SERVED_VERSIONS } from "../../../src/kafka/dispatch.ts";
import { FetchSessions } from "../../../src/kafka/fetch-sessions.ts";
import { KafkaDoor, type KafkaDoorLimits } from "../../../src/kafka/listener.ts";
import { KafkaListeners, type KafkaPlace } from "../../../src/kafka/listeners.ts";
import type { LoginBug } from "../../../src/kafka/login.ts";
import { type KafkaServices, newKafkaCounters } from "../../../src/kafka/services.ts";
import { KafkaViews } from "../../../src/kafka/views/kafka-views.ts";
import { findApi, requestHeaderVersion, responseHeaderVersion } from "../../../src/kafka/wire/api.ts";
import type { MessageCodec } from "../../../src/kafka/wire/message.ts";
import { Reader } from "../../../src/kafka/wire/reader.ts";
import { Writer } from "../../../src/kafka/wire/writer.ts";
import { LogStore } from "../../../src/log/log-store.ts";
import { BatchBuilder } from "../../../src/records/builder.ts";
import { type AuditNotes, NO_AUDIT } from "../../../src/security/audit/audit-event.ts";
import type { KafkaAuthorizer } from "../../../src/security/kafka-acls/authorizer.ts";
import type { MappingRule } from "../../../src/security/mapping-rules.ts";
import { Sasl } from "../../../src/security/sasl/sasl.ts";
import type { Security } from "../../../src/security/security.ts";
import { otherUsers } from "../../../src/wiring/open-security.ts";

const LIMITS: KafkaDoorLimits = {
  maxConnections: 50,
  maxFrameBytes: 4 * 1024 * 1024,
  maxHeldBytes: 16 * 1024 * 1024,
  maxQueuedBytes: 32 * 1024 * 1024,
  maxTotalQueuedBytes: 32 * 1024 * 1024,
  maxIdleMs: 60_000,
  maxConnectionsOfUser: -1,
  loginTimeoutMs: 30_000,
  maxReauthMs: 0,
  failedLoginDelayMs: 100,
};

export interface GatewayOptions {
  readonly disk?: SimulatedDisk;
  readonly diskOptions?: SimulatedDiskOptions;
  readonly limits?: Partial<KafkaDoorLimits>;
  readonly broker?: Partial<BrokerOptions>;
  readonly settings?: Partial<Settings>;
  readonly groupConfigs?: GroupConfigs;
  readonly maxFetchBytes?: number;
  readonly maxChunkBytes?: number;
  /** Who says what clients may do; nobody, and everything is allowed, without it. */
  readonly authorizer?: (broker: Broker) => KafkaAuthorizer;
  readonly audit?: AuditNotes;
  readonly viewBugs?: ReadonlySet<ViewBug>;
  /** Where it listens; without TLS at port 9092 where left out. */
  readonly places?: readonly KafkaPlace[];
  readonly security?: Security;
  readonly loginBugs?: readonly LoginBug[];
  readonly redriveBug?: RedriveBug;
  readonly mappingRules?: readonly MappingRule[];
}

/** A broker and its Kafka door in memory, in a time of its own. */
export class Gateway {
  readonly clock = new ManualClock();
  readonly disk: SimulatedDisk;
  readonly network: SimulatedNetwork;
  readonly refusals: string[] = [];
  readonly broker: Broker;
  readonly coordinators: Coordinators;
  readonly store: LogStore;
  readonly services: KafkaServices;
  readonly door: KafkaDoor;
  readonly listeners: KafkaListeners;

  private constructor(options: GatewayOptions, store: LogStore, clock: ManualClock, disk: SimulatedDisk) {
    this.clock = clock;
    this.disk = disk;
    this.store = store;
    const chunk = options.maxChunkBytes === undefined ? {} : { maxChunkBytes: options.maxChunkBytes };
    this.network = new SimulatedNetwork(clock, { seed: 7, ...chunk });
    this.broker = new Broker({
      store,
      clock,
      random: new SeededRandom(11),
      logger: silentLogger,
      nodeId: 1,
      clusterId: "test-cluster",
      topicDefaults: new Map(),
      autoCreateTopics: true,
      defaultPartitions: 1,
      maxPartitions: 1000,
      ...options.broker,
    });
    this.coordinators = openCoordinators({
      broker: this.broker,
      random: new SeededRandom(13),
      logger: silentLogger,
      settings: defaultSettings(options.settings),
      ...(options.groupConfigs === undefined ? {} : { groupConfigs: options.groupConfigs }),
      ...(options.redriveBug === undefined ? {} : { redriveBug: options.redriveBug }),
    });
    this.services = {
      broker: this.broker,
      coordinators: this.coordinators,
      fetchSessions: new FetchSessions(clock, new SeededRandom(17)),
      authorizer: options.authorizer?.(this.broker) ?? null,
      audit: options.audit ?? NO_AUDIT,
      views: new KafkaViews(clock, options.viewBugs),
      versions: SERVED_VERSIONS,
      brokerConfigs: () => [],
      limits: { maxFetchBytes: options.maxFetchBytes ?? 1024 * 1024 },
      counters: newKafkaCounters(),
    };
    const refusals = this.refusals;
    const logger = {
      ...silentLogger,
      warn: (_: string, fields?: LogFields) => void refusals.push(String(fields?.reason)),
    };
    const security = options.security ?? null;
    security?.join(otherUsers(this.broker.scram));
    this.door = new KafkaDoor({
      services: this.services,
      limits: { ...LIMITS, ...options.limits },
      ...(security === null
        ? {}
        : { security, sasl: new Sasl({ security, clock, random: new SeededRandom(19) }) }),
      bugs: new Set(options.loginBugs),
      mappingRules: options.mappingRules ?? [],
      clock,
      logger,
    });
    this.listeners = new KafkaListeners({
      network: this.network,
      places: options.places ?? [
        { host: "127.0.0.1", port: 9092, advertised: null, tls: false, mechanisms: [] },
      ],
      maxQueuedBytes: options.limits?.maxQueuedBytes ?? LIMITS.maxQueuedBytes,
      security,
      clientCertificate: "optional",
      accept: (connection, place) => this.door.accept(connection, place),
      logger,
    });
  }

  static async open(options: GatewayOptions = {}): Promise<Gateway> {
    const clock = new ManualClock();
    const disk = options.disk ?? new SimulatedDisk({ seed: 3, ...options.diskOptions });
    const store = await LogStore.open({ disk, clock, folder: "/data", random: new SeededRandom(5) });
    return new Gateway(options, store, clock, disk);
  }

  async connect(port = 9092): Promise<TestClient> {
    const client = new TestClient(this.clock);
    const connecting = this.network.connect({
      host: "127.0.0.1",
      port,
      timeoutMs: 1000,
      limits: { maxQueuedBytes: 64 * 1024 * 1024 },
      handler: client,
    });
    await this.clock.settleAll();
    client.connection = await connecting;
    return client;
  }

  async close(): Promise<void> {
    this.listeners.close();
    this.door.close();
    this.coordinators.close();
    const closing = this.store.close();
    await this.clock.settleAll();
    await closing;
  }
}

/** Sends requests and collects what comes back, in order. */
export class TestClient implements ConnectionHandler {
  connection: Connection | null = null;
  closedByPeer = false;
  readonly frames: Uint8Array[] = [];
  readonly #clock: ManualClock;
  readonly #reader = new FrameAssembler(0x7fffffff);
  #correlationId = 0;

  constructor(clock: ManualClock) {
    this.#clock = clock;
  }

  data(chunk: Uint8Array): void {
    this.#reader.push(chunk, (frame) => this.frames.push(frame.slice()));
  }

  drained(): void {}

  closed(): void {
    this.closedByPeer = true;
  }

  /** Sends a request without waiting; returns its correlation id. */
  send<Request>(codec: MessageCodec<Request>, request: Request, version: number): number {
    this.#correlationId += 1;
    this.connection?.send(encodeRequest(codec, request, version, this.#correlationId));
    return this.#correlationId;
  }

  raw(bytes: Uint8Array): void {
    this.connection?.send(bytes);
  }

  /** Sends a request and returns its answer, once everything that can happen now has. */
  async ask<Request, Response>(
    requests: MessageCodec<Request>,
    responses: MessageCodec<Response>,
    request: Request,
    version: number,
  ): Promise<Response> {
    const correlationId = this.send(requests, request, version);
    await this.#clock.settleAll();
    return this.take(responses, version, correlationId);
  }

  /** The oldest answer that was not taken. Throws where there is none, or where it is of another request. */
  take<Response>(codec: MessageCodec<Response>, version: number, correlationId: number): Response {
    const frame = this.frames.shift();
    if (frame === undefined) throw new Error(`no answer to request ${correlationId}`);
    const reader = new Reader(frame);
    const answered = reader.int32();
    assert.is(answered, correlationId, `answer to ${answered} instead of ${correlationId}`);
    const api = findApi(codec.apiKey ?? -1);
    if (api !== undefined && responseHeaderVersion(api, version) === 1) reader.taggedFields();
    const response = codec.read(reader, version);
    reader.expectEnd();
    return response;
  }
}

export function encodeRequest<Request>(
  codec: MessageCodec<Request>,
  request: Request,
  version: number,
  correlationId: number,
): Uint8Array {
  const writer = new Writer();
  const place = writer.reserveInt32();
  writer.int16(codec.apiKey ?? -1);
  writer.int16(version);
  writer.int32(correlationId);
  writer.nullableString("test");
  const api = findApi(codec.apiKey ?? -1);
  if (api !== undefined && requestHeaderVersion(api, version) === 2) writer.unsignedVarint(0);
  codec.write(writer, request, version);
  writer.patchInt32(place, writer.sizeBytes - 4);
  return writer.toBytes();
}

/** A record batch of these values. */
export function batchOf(values: readonly string[], timestampMs = Date.UTC(2026, 0, 1)): Uint8Array {
  const builder = new BatchBuilder();
  for (const value of values) builder.append(timestampMs, null, new TextEncoder().encode(value), null);
  return builder.build();
}
