import type { Connection, Listener } from "../../../src/io/network.ts";
import { ManualClock } from "../../../src/io/simulated/clock.ts";
import { SimulatedNetwork } from "../../../src/io/simulated/network.ts";
import { SeededRandom } from "../../../src/io/simulated/random.ts";
import { FrameAssembler } from "../../../src/kafka/client/frame-assembler.ts";
import { findApi, requestHeaderVersion, responseHeaderVersion } from "../../../src/kafka/wire/api.ts";
import {
  type ApiVersionsResponse,
  writeApiVersionsResponse,
} from "../../../src/kafka/wire/generated/api-versions-response.ts";
import { API_KEY } from "../../../src/kafka/wire/generated/apis.ts";
import { readRequestHeader } from "../../../src/kafka/wire/generated/request-header.ts";
import { writeResponseHeader } from "../../../src/kafka/wire/generated/response-header.ts";
import { Reader } from "../../../src/kafka/wire/reader.ts";
import { Writer } from "../../../src/kafka/wire/writer.ts";

export interface AskedRequest {
  readonly apiKey: number;
  readonly version: number;
  readonly correlationId: number;
  /** Stands at the body. */
  readonly reader: Reader;
  readonly connection: Connection;
}

/** A broker in simulated time that answers as a test says, request by request. */
export class ScriptedBroker {
  readonly clock = new ManualClock();
  readonly network = new SimulatedNetwork(this.clock);
  readonly random = new SeededRandom(1);
  readonly listener: Listener;
  /** Versions that it says it serves: [API key, lowest, highest]. */
  serves: readonly (readonly [number, number, number])[] = [
    [API_KEY.API_VERSIONS, 0, 4],
    [API_KEY.METADATA, 0, 13],
  ];
  /** Requests other than ApiVersions, in the order they came. */
  readonly asked: AskedRequest[] = [];
  /** ApiVersions requests, by version. */
  readonly negotiated: number[] = [];

  constructor() {
    this.listener = this.network.listen({
      host: "127.0.0.1",
      port: 0,
      limits: { maxQueuedBytes: 1_000_000 },
      accept: (connection) => {
        const frames = new FrameAssembler(1_000_000);
        return {
          data: (chunk) => {
            frames.push(chunk, (frame) => this.#receive(connection, frame));
          },
          drained: () => {},
          closed: () => {},
        };
      },
    });
  }

  get seams() {
    return { clock: this.clock, network: this.network, random: this.random };
  }

  /** Sends an answer whose body `write` makes. */
  answer(request: AskedRequest, write: (writer: Writer) => void, version = request.version): void {
    const api = findApi(request.apiKey);
    if (api === undefined) throw new Error(`no API ${request.apiKey}`);
    const writer = new Writer();
    const size = writer.reserveInt32();
    writeResponseHeader(
      writer,
      { correlationId: request.correlationId },
      responseHeaderVersion(api, version),
    );
    write(writer);
    writer.patchInt32(size, writer.sizeBytes - 4);
    request.connection.send(writer.toBytes());
  }

  #receive(connection: Connection, frame: Uint8Array): void {
    const reader = new Reader(frame.slice());
    const [apiKey, version] = [reader.int16(), reader.int16()];
    const api = findApi(apiKey);
    if (api === undefined) throw new Error(`no API ${apiKey}`);
    reader.reset(frame.slice());
    const { correlationId } = readRequestHeader(reader, requestHeaderVersion(api, version));
    const request = { apiKey, version, correlationId, reader, connection };
    if (apiKey === API_KEY.API_VERSIONS) this.#negotiate(request);
    else this.asked.push(request);
  }

  #negotiate(request: AskedRequest): void {
    this.negotiated.push(request.version);
    const highest = this.serves.find(([key]) => key === API_KEY.API_VERSIONS)?.[2] ?? 0;
    const known = request.version <= highest;
    const response: ApiVersionsResponse = {
      errorCode: known ? 0 : 35,
      apiKeys: this.serves.map(([apiKey, minVersion, maxVersion]) => ({ apiKey, minVersion, maxVersion })),
      throttleTimeMs: 0,
      supportedFeatures: [],
      finalizedFeaturesEpoch: -1,
      finalizedFeatures: [],
      zkMigrationReady: false,
    };
    const version = known ? request.version : 0;
    this.answer(request, (writer) => writeApiVersionsResponse(writer, response, version), version);
  }
}
