import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { connect } from "node:net";
import { hasCode } from "../../src/base/errors.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { HttpDoor } from "../../src/http/door.ts";
import type { SessionStatus, StatusSource } from "../../src/http/status.ts";
import { Registry } from "../../src/metrics/registry.ts";
import { accessOf, STATUS } from "./support.ts";

let faults: string[] = [];
let hindrances: string[] = [];
let notes: string[] = [];
let broken = false;
const source: StatusSource = {
  faults: () => faults,
  hindrances: () => hindrances,
  notes: () => notes,
  status: () => {
    if (broken) throw new Error("a bug");
    return STATUS;
  },
  sessions: (limit) => Array.from({ length: Math.min(limit, sessionCount) }, (_, n) => sessionOf(`c${n}`)),
};
let sessionCount = 2;

function sessionOf(clientId: string): SessionStatus {
  return {
    clientId,
    userName: null,
    version: "5",
    remoteAddress: "127.0.0.1",
    awayMs: null,
    expirySec: 0,
    subscriptions: 1,
    queuedMessages: 0,
    inFlightMessages: 0,
    hasWill: false,
  };
}

const errors: string[] = [];
let door: HttpDoor;
let url = "";

beforeAll(() => {
  const metrics = new Registry();
  metrics.counter("seen_total", "S.").add(3);
  const logger = { ...silentLogger, error: (message: string) => void errors.push(message) };
  const access = accessOf();
  door = new HttpDoor({
    host: "127.0.0.1",
    port: 0,
    names: ["gateway.plant"],
    source,
    access,
    metrics,
    logger,
  });
  url = `http://127.0.0.1:${door.port}`;
});

beforeEach(() => {
  faults = [];
  hindrances = [];
  broken = false;
});

afterAll(() => door.stop(true));

async function get(path: string, init: RequestInit = {}) {
  const response = await fetch(url + path, init);
  return { status: response.status, headers: response.headers, body: await response.text() };
}

/** Sends bytes as they are and gives what comes back until the server closes, or `endMs` is over. */
function raw(bytes: string | Uint8Array): Promise<string> {
  return new Promise((resolve) => {
    let answer = "";
    const socket = connect(door.port, "127.0.0.1", () => socket.end(bytes));
    socket.setEncoding("latin1");
    socket.on("data", (chunk) => {
      answer += chunk;
    });
    socket.on("error", () => {});
    socket.on("close", () => resolve(answer));
  });
}

test("/api/sessions lists MQTT clients, up to a bound", async () => {
  const few = await (await fetch(`${url}/api/sessions`)).json();
  expect(few).toEqual({ sessions: [sessionOf("c0"), sessionOf("c1")], more: false });
  sessionCount = 10_001;
  const many = (await (await fetch(`${url}/api/sessions`)).json()) as { sessions: object[]; more: boolean };
  sessionCount = 2;
  expect([many.sessions.length, many.more]).toEqual([10_000, true]);
});

test("alive and ready, until there are reasons", async () => {
  expect(await get("/healthz")).toMatchObject({ status: 200, body: "alive\n" });
  expect(await get("/readyz")).toMatchObject({ status: 200, body: "ready\n" });
  notes = ["a file is wrong by now"];
  expect(await get("/healthz")).toMatchObject({ status: 200, body: "alive\n" });
  expect(await get("/readyz")).toMatchObject({ status: 200, body: "ready\na file is wrong by now\n" });
  notes = [];
  hindrances = ["recovering 3 partitions"];
  expect(await get("/healthz")).toMatchObject({ status: 200 });
  expect(await get("/readyz")).toMatchObject({ status: 503, body: "recovering 3 partitions\n" });
  faults = ["the journal's sync failed"];
  expect(await get("/healthz")).toMatchObject({ status: 503, body: "the journal's sync failed\n" });
  expect((await get("/readyz")).body).toBe("the journal's sync failed\nrecovering 3 partitions\n");
});

test("metrics in Prometheus' format", async () => {
  const { status, headers, body } = await get("/metrics");
  expect([status, headers.get("content-type")]).toEqual([200, "text/plain; version=0.0.4; charset=utf-8"]);
  expect(body).toContain("seen_total 3\n");
});

test("status as JSON, with what hinders", async () => {
  hindrances = ["x"];
  const { status, headers, body } = await get("/api/status");
  expect([status, headers.get("content-type"), headers.get("cache-control")]).toEqual([
    200,
    "application/json",
    "no-store",
  ]);
  expect(JSON.parse(body)).toEqual({ ready: false, reasons: ["x"], notes: [], ...STATUS });
});

test("a path that there is nothing at is named, with what there is", async () => {
  const { status, headers, body } = await get("/api/nothing");
  expect([status, headers.get("content-type")]).toEqual([404, "application/json"]);
  const { error } = JSON.parse(body) as { error: Record<string, string> };
  expect(error).toMatchObject({ thing: "path", value: "/api/nothing" });
  for (const there of ["/healthz", "/api/status", "/api/devices/{key}", "/api/uplinks/{name}/{action}"]) {
    expect(error.remedy).toContain(there);
  }
});

describe("who asks by a name that is not this gateway's", () => {
  const ask = async (path: string, host: string) => {
    const answer = await raw(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
    return Number(answer.slice(9, 12));
  };

  test("is told nothing of /api, whatever the page", async () => {
    for (const path of ["/api/status", "/api/sessions", "/api/devices", "/api/topics/t/devices/k/records"]) {
      expect([path, await ask(path, `evil.test:${door.port}`)]).toEqual([path, 403]);
    }
    expect(await ask("/api/status", "127.0.0.1.evil.test")).toBe(403);
    const answer = await raw(`GET /api/status HTTP/1.1\r\nHost: evil.test\r\nConnection: close\r\n\r\n`);
    const { error } = JSON.parse(answer.slice(answer.indexOf("{"), answer.lastIndexOf("}") + 1)) as {
      error: Record<string, string>;
    };
    expect(error).toMatchObject({ thing: "host", value: "evil.test" });
    expect(error.remedy).toContain("http.hosts");
  });

  test("gets probes and metrics", async () => {
    for (const path of ["/healthz", "/readyz", "/metrics"])
      expect(await ask(path, "prometheus.lan")).toBe(200);
  });

  test("is answered by addresses, and by names that are set", async () => {
    for (const host of ["127.0.0.1", "localhost:1", "[::1]:8080", "192.0.2.1", "Gateway.Plant:8080"]) {
      expect([host, await ask("/api/status", host)]).toEqual([host, 200]);
    }
    for (const host of ["plant", "gateway.plant.evil.test"]) expect(await ask("/api/status", host)).toBe(403);
  });
});

describe("what is refused", () => {
  for (const path of [
    "/index.html",
    "/assets/x.js",
    "/metrics/",
    "/api",
    "/api/status/x",
    "/../etc/passwd",
    "/%2e%2e/x",
    "/METRICS",
  ]) {
    test(`404 for ${path}`, async () => expect((await get(path)).status).toBe(404));
  }

  for (const method of ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"]) {
    test(`405 for ${method}`, async () => {
      const { status, headers } = await get("/metrics", { method });
      expect([status, headers.get("allow")]).toEqual([405, "GET, HEAD"]);
    });
  }

  test("HEAD is GET without a body", async () => {
    const { status, body } = await get("/readyz", { method: "HEAD" });
    expect([status, body]).toEqual([200, ""]);
  });

  test("413 for a body beyond the bound", async () => {
    expect((await get("/metrics", { method: "POST", body: "x".repeat(5_000_000) })).status).toBe(413);
  });
});

test("a page that fails is a 500 and a log line, and the next one is served", async () => {
  broken = true;
  const { status, body } = await get("/api/status");
  expect([status, body]).toEqual([500, "internal error\n"]);
  expect(errors).toEqual(["a page could not be made"]);
  broken = false;
  expect((await get("/api/status")).status).toBe(200);
});

test("garbage on the port harms nobody", async () => {
  const garbage: readonly (string | Uint8Array)[] = [
    "",
    "\r\n\r\n",
    "GET\r\n\r\n",
    "GET / HTTP/9.9\r\n\r\n",
    `GET /${"a".repeat(100_000)} HTTP/1.1\r\nHost: x\r\n\r\n`,
    `GET / HTTP/1.1\r\n${"X: y\r\n".repeat(10_000)}\r\n`,
    "POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\nx",
    "POST /metrics HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
    // A TLS hello, an MQTT CONNECT and a Kafka request.
    Uint8Array.of(0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03),
    Uint8Array.of(0x10, 0x0c, 0x00, 0x04, 0x4d, 0x51, 0x54, 0x54, 0x04, 0x02, 0x00, 0x3c, 0x00, 0x00),
    Uint8Array.of(0x00, 0x00, 0x00, 0x0a, 0x00, 0x12, 0x00, 0x03, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00),
    new Uint8Array(10_000).fill(0xff),
  ];
  for (const bytes of garbage) {
    const answer = await raw(bytes);
    expect(answer.slice(0, 12)).toMatch(/^$|^HTTP\/1.1 (4\d\d|505)/);
  }
  expect(await get("/readyz")).toMatchObject({ status: 200 });
});

test("a port that is taken is said so, by the setting's name", () => {
  let error: unknown = null;
  try {
    new HttpDoor({
      host: "127.0.0.1",
      port: door.port,
      source,
      access: accessOf(),
      metrics: new Registry(),
      logger: silentLogger,
    });
  } catch (caught) {
    error = caught;
  }
  expect(hasCode(error, "PORT_TAKEN")).toBe(true);
  expect(String(error)).toContain(`http.listen = 127.0.0.1:${door.port}`);
});
