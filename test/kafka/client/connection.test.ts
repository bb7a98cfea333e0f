import { beforeEach, describe, expect, test } from "bun:test";
import { METADATA, PRODUCE } from "../../../src/kafka/client/client-apis.ts";
import {
  type ConnectionOptions,
  DEFAULT_CONNECTION_OPTIONS,
  KafkaConnection,
  type Reply,
} from "../../../src/kafka/client/connection.ts";
import { API_KEY } from "../../../src/kafka/wire/generated/apis.ts";
import { DEFAULT_METADATA_REQUEST } from "../../../src/kafka/wire/generated/metadata-request.ts";
import {
  DEFAULT_METADATA_RESPONSE,
  type MetadataResponse,
  writeMetadataResponse,
} from "../../../src/kafka/wire/generated/metadata-response.ts";
import { DEFAULT_PRODUCE_REQUEST } from "../../../src/kafka/wire/generated/produce-request.ts";
import { type AskedRequest, ScriptedBroker } from "./scripted-broker.ts";

const TIMEOUT_MS = 1_000;
let broker: ScriptedBroker;

beforeEach(() => {
  broker = new ScriptedBroker();
});

async function open(options: Partial<ConnectionOptions> = {}): Promise<KafkaConnection> {
  const all = { ...DEFAULT_CONNECTION_OPTIONS, ...options };
  const opening = KafkaConnection.open(broker.seams, "127.0.0.1", broker.listener.port, all);
  await broker.clock.settleAll();
  return opening;
}

function askMetadata(connection: KafkaConnection): Promise<Reply<MetadataResponse>> {
  return connection.request(METADATA, { ...DEFAULT_METADATA_REQUEST, topics: null }, TIMEOUT_MS);
}

function answer(request: AskedRequest | undefined, clusterId: string): void {
  if (request === undefined) throw new Error("nothing was asked");
  broker.answer(request, (writer) =>
    writeMetadataResponse(writer, { ...DEFAULT_METADATA_RESPONSE, clusterId }, request.version),
  );
}

describe("a connection", () => {
  test("speaks the highest version in common", async () => {
    const connection = await open();
    expect(broker.negotiated).toEqual([4]);
    expect(connection.versionOf(METADATA)).toBe(13);
    const limited = await open({ maxVersions: new Map([[API_KEY.METADATA, 9]]) });
    expect(limited.versionOf(METADATA)).toBe(9);
  });

  test("falls back to version 0 where the broker does not know its ApiVersions", async () => {
    broker.serves = [
      [API_KEY.API_VERSIONS, 0, 2],
      [API_KEY.METADATA, 0, 5],
    ];
    const connection = await open();
    expect(broker.negotiated).toEqual([4, 0]);
    expect(connection.versionOf(METADATA)).toBe(5);
  });

  test("pipelines, and matches answers in any order", async () => {
    const connection = await open();
    const replies = ["a", "b", "c"].map(() => askMetadata(connection));
    await broker.clock.settleAll();
    expect(broker.asked).toHaveLength(3);
    for (const [index, name] of ["c", "b", "a"].entries()) answer(broker.asked[2 - index], name);
    await broker.clock.settleAll();
    const names = (await Promise.all(replies)).map(
      (reply) => reply.kind === "answered" && reply.response.clusterId,
    );
    expect(names).toEqual(["a", "b", "c"]);
    expect(connection.pending).toBe(0);
  });

  test("keeps requests in flight and waiting within their bounds", async () => {
    const connection = await open({ maxInFlight: 2, maxWaiting: 1 });
    const replies = [askMetadata(connection), askMetadata(connection), askMetadata(connection)];
    const refused = await askMetadata(connection);
    expect(refused.kind).toBe("unsent");
    await broker.clock.settleAll();
    expect(broker.asked).toHaveLength(2);
    answer(broker.asked[0], "a");
    await broker.clock.settleAll();
    expect(broker.asked).toHaveLength(3);
    answer(broker.asked[1], "b");
    answer(broker.asked[2], "c");
    await broker.clock.settleAll();
    expect((await Promise.all(replies)).map(({ kind }) => kind)).toEqual([
      "answered",
      "answered",
      "answered",
    ]);
  });

  test("gives a late answer up: lost what was sent, unsent what waited or comes later", async () => {
    const connection = await open({ maxInFlight: 1 });
    const sent = askMetadata(connection);
    const waiting = askMetadata(connection);
    await broker.clock.settleAll();
    broker.clock.advance(TIMEOUT_MS - 1);
    expect(connection.closed).toBe(false);
    broker.clock.advance(251);
    await broker.clock.settleAll();
    expect(await sent).toMatchObject({ kind: "lost", error: { code: "TIMED_OUT" } });
    expect(await waiting).toMatchObject({ kind: "unsent", error: { code: "TIMED_OUT" } });
    expect((await askMetadata(connection)).kind).toBe("unsent");
    expect(connection.closed).toBe(true);
  });

  test("tells what is lost when the broker hangs up", async () => {
    const connection = await open();
    let closed = 0;
    connection.onClosed(() => {
      closed += 1;
    });
    const sent = askMetadata(connection);
    await broker.clock.settleAll();
    broker.asked[0]?.connection.abort();
    await broker.clock.settleAll();
    expect(await sent).toMatchObject({ kind: "lost", error: { code: "NETWORK" } });
    expect(closed).toBe(1);
  });

  test("an API that the broker does not have is unsent", async () => {
    const connection = await open();
    const reply = await connection.request(PRODUCE, DEFAULT_PRODUCE_REQUEST, TIMEOUT_MS);
    expect(reply).toMatchObject({ kind: "unsent", error: { code: "UNSUPPORTED" } });
    expect(connection.closed).toBe(false);
  });

  test.each([
    ["an answer to nothing", (request: AskedRequest) => answer({ ...request, correlationId: 99 }, "x")],
    [
      "an answer that is cut off",
      (request: AskedRequest) => broker.answer(request, (writer) => writer.int32(7)),
    ],
    [
      "a length of 2 GB",
      ({ connection }: AskedRequest) => connection.send(Uint8Array.of(0x7f, 255, 255, 255, 0)),
    ],
  ])("%s closes it", async (_name, misbehave) => {
    const connection = await open();
    const reply = askMetadata(connection);
    await broker.clock.settleAll();
    const [request] = broker.asked;
    if (request === undefined) throw new Error("nothing was asked");
    misbehave(request);
    await broker.clock.settleAll();
    expect(await reply).toMatchObject({ kind: "lost", error: { code: "MALFORMED" } });
    expect(connection.closed).toBe(true);
  });

  test("nobody listening is an error with a code", async () => {
    broker.listener.close();
    const opening = KafkaConnection.open(broker.seams, "127.0.0.1", broker.listener.port).catch(
      (error) => error,
    );
    await broker.clock.settleAll();
    expect(await opening).toMatchObject({ code: "NETWORK" });
  });
});
