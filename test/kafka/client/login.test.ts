import { beforeEach, describe, expect, test } from "bun:test";
import { METADATA } from "../../../src/kafka/client/client-apis.ts";
import { DEFAULT_CONNECTION_OPTIONS, KafkaConnection } from "../../../src/kafka/client/connection.ts";
import { NO_TLS_FILES, type SaslCredentials } from "../../../src/kafka/client/security.ts";
import { API_KEY } from "../../../src/kafka/wire/generated/apis.ts";
import { DEFAULT_METADATA_REQUEST } from "../../../src/kafka/wire/generated/metadata-request.ts";
import {
  DEFAULT_METADATA_RESPONSE,
  writeMetadataResponse,
} from "../../../src/kafka/wire/generated/metadata-response.ts";
import { readSaslAuthenticateRequest } from "../../../src/kafka/wire/generated/sasl-authenticate-request.ts";
import { writeSaslAuthenticateResponse } from "../../../src/kafka/wire/generated/sasl-authenticate-response.ts";
import { readSaslHandshakeRequest } from "../../../src/kafka/wire/generated/sasl-handshake-request.ts";
import { writeSaslHandshakeResponse } from "../../../src/kafka/wire/generated/sasl-handshake-response.ts";
import { type AskedRequest, ScriptedBroker } from "./scripted-broker.ts";

const TIMEOUT_MS = 60_000;
const ALICE: SaslCredentials = { mechanism: "PLAIN", username: "alice", password: "secret" };

let broker: ScriptedBroker;
let credentials: SaslCredentials;
let reads: number;
beforeEach(() => {
  broker = new ScriptedBroker();
  broker.serves = [
    [API_KEY.API_VERSIONS, 0, 4],
    [API_KEY.METADATA, 0, 13],
    [API_KEY.SASL_HANDSHAKE, 0, 1],
    [API_KEY.SASL_AUTHENTICATE, 0, 2],
  ];
  credentials = ALICE;
  reads = 0;
});

/** A connection that is being opened, or what came of it. */
function open(): Promise<KafkaConnection | Error> {
  const security = () => {
    reads += 1;
    return { tls: null, sasl: credentials, files: NO_TLS_FILES };
  };
  const options = { ...DEFAULT_CONNECTION_OPTIONS, security };
  return KafkaConnection.open(broker.seams, "127.0.0.1", broker.listener.port, options).catch(
    (error) => error,
  );
}

async function next(apiKey: number): Promise<AskedRequest> {
  await broker.clock.settleAll();
  const request = broker.asked.shift();
  if (request?.apiKey !== apiKey) throw new Error(`asked ${request?.apiKey} instead of ${apiKey}`);
  return request;
}

async function handshake(errorCode = 0, mechanisms: readonly string[] = ["PLAIN"]): Promise<string> {
  const request = await next(API_KEY.SASL_HANDSHAKE);
  expect(request.version).toBe(1);
  const { mechanism } = readSaslHandshakeRequest(request.reader, request.version);
  broker.answer(request, (writer) =>
    writeSaslHandshakeResponse(writer, { errorCode, mechanisms }, request.version),
  );
  return mechanism;
}

async function authenticate(sessionLifetimeMs: number, errorCode = 0): Promise<string> {
  const request = await next(API_KEY.SASL_AUTHENTICATE);
  const { authBytes } = readSaslAuthenticateRequest(request.reader, request.version);
  const response = {
    errorCode,
    errorMessage: errorCode === 0 ? null : "Authentication failed: Invalid username or password",
    authBytes: new Uint8Array(0),
    sessionLifetimeMs,
  };
  broker.answer(request, (writer) => writeSaslAuthenticateResponse(writer, response, request.version));
  return new TextDecoder().decode(authBytes);
}

async function opened(sessionLifetimeMs: number): Promise<KafkaConnection> {
  const opening = open();
  await handshake();
  expect(await authenticate(sessionLifetimeMs)).toBe("\0alice\0secret");
  await broker.clock.settleAll();
  const connection = await opening;
  if (connection instanceof Error) throw connection;
  return connection;
}

const ask = (connection: KafkaConnection) =>
  connection.request(METADATA, { ...DEFAULT_METADATA_REQUEST, topics: [] }, TIMEOUT_MS);

function answerMetadata(request: AskedRequest): void {
  const response = { ...DEFAULT_METADATA_RESPONSE, clusterId: "c" };
  broker.answer(request, (writer) => writeMetadataResponse(writer, response, request.version));
}

describe("a login", () => {
  test("is over before anything else is asked, and not made again where it has no end", async () => {
    const connection = await opened(0);
    broker.clock.advance(24 * 3_600_000);
    await broker.clock.settleAll();
    expect(broker.asked).toEqual([]);
    expect(connection.closed).toBe(false);
  });

  test.each([
    [33, "it has SCRAM-SHA-512, GSSAPI (sasl.mechanism)"],
    [34, "its listener at this port has no logins (security.protocol)"],
    [35, "UNSUPPORTED_VERSION"],
  ])("is refused by the handshake with error %i", async (errorCode, message) => {
    const opening = open();
    await handshake(errorCode, ["SCRAM-SHA-512", "GSSAPI"]);
    await broker.clock.settleAll();
    const error = await opening;
    expect(error).toMatchObject({ code: "AUTHENTICATION" });
    expect(String(error)).toContain(message);
  });

  test("is refused for the password, which no message holds", async () => {
    const opening = open();
    await handshake();
    await authenticate(0, 58);
    await broker.clock.settleAll();
    const error = await opening;
    expect(error).toMatchObject({ code: "AUTHENTICATION" });
    expect(String(error)).toContain('does not log "alice" by PLAIN in: Authentication failed');
    expect(Bun.inspect(error)).not.toContain("secret");
  });

  test("is made again in time, by what the files say then; what is asked meanwhile waits, in order", async () => {
    const connection = await opened(10_000);
    const before = ask(connection);
    const held = await next(API_KEY.METADATA);
    credentials = { ...ALICE, password: "newer" };
    broker.clock.advance(8_400);
    await broker.clock.settleAll();
    expect(broker.asked).toEqual([]);
    broker.clock.advance(1_100);
    const meanwhile = [ask(connection), ask(connection)];
    await handshake();
    answerMetadata(held);
    expect(await authenticate(10_000)).toBe("\0alice\0newer");
    await broker.clock.settleAll();
    expect((await before).kind).toBe("answered");
    expect(broker.asked.map(({ apiKey }) => apiKey)).toEqual([API_KEY.METADATA, API_KEY.METADATA]);
    for (const request of broker.asked.splice(0)) answerMetadata(request);
    await broker.clock.settleAll();
    expect((await Promise.all(meanwhile)).map(({ kind }) => kind)).toEqual(["answered", "answered"]);
    expect(reads).toBe(2);
    // And again.
    broker.clock.advance(9_500);
    expect(await handshake()).toBe("PLAIN");
  });

  test("that is refused the next time ends the connection; what waited was not sent", async () => {
    const connection = await opened(10_000);
    broker.clock.advance(9_500);
    const waiting = ask(connection);
    await handshake();
    await authenticate(0, 58);
    await broker.clock.settleAll();
    expect(connection.closed).toBe(true);
    expect(await waiting).toMatchObject({ kind: "unsent", error: { code: "AUTHENTICATION" } });
  });
});
