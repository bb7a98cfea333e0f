import { describe, expect, test } from "bun:test";
import { HeadwaterError } from "../../src/base/errors.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { type ControlSource, InvalidField, type UplinkAction } from "../../src/http/controls.ts";
import { HttpDoor } from "../../src/http/door.ts";
import { type DoorParts, doorRoutes } from "../../src/http/rest/door-routes.ts";
import { Router } from "../../src/http/rest/router.ts";
import type { Reach } from "../../src/http/session/access.ts";
import { Registry } from "../../src/metrics/registry.ts";
import { accessOf, QUIET } from "./support.ts";

const done: string[] = [];

const sessions = new Set(["pump-1", "a/b"]);

function source(): ControlSource {
  return {
    endSession: (clientId) =>
      clientId === "stuck"
        ? Promise.reject(new HeadwaterError("DISK_IO", "the log takes nothing"))
        : Promise.resolve(sessions.delete(clientId)),
    uplinkNames: () => ["central", "backup"],
    uplinkActions: new Map<string, UplinkAction>([
      [
        "pause",
        async (name, body) => {
          done.push(`${name} ${JSON.stringify(body)}`);
          return { name, paused: true };
        },
      ],
      ["break", () => Promise.reject(new HeadwaterError("LOG_FENCED", "the store takes nothing"))],
      ["mistake", () => Promise.reject(new InvalidField("to", -1, "write an offset"))],
    ]),
  };
}

interface Sent {
  readonly method?: string;
  readonly type?: string | null;
  readonly host?: string;
  readonly from?: string;
  readonly more?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly control?: Reach;
}

async function send(path: string, sent: Sent = {}) {
  const type = sent.type === undefined ? "application/json" : sent.type;
  const headers = {
    host: sent.host ?? "127.0.0.1:8080",
    ...(type === null ? {} : { "content-type": type }),
    ...sent.more,
  };
  const method = sent.method ?? "POST";
  const url = new URL(`http://127.0.0.1:8080${path}`);
  const request = new Request(url.href, {
    method,
    headers,
    ...(method === "POST" ? { body: new TextEncoder().encode(sent.body ?? "") } : {}),
  });
  const access = accessOf({ control: sent.control ?? "loopback" });
  const parts: DoorParts = {
    access,
    source: QUIET,
    controls: () => source(),
    records: () => null,
    devices: () => null,
    gateway: () => null,
  };
  const arrival = { address: sent.from ?? "127.0.0.1", isTls: false };
  const response = await new Router(doorRoutes([])).answer(request, url, arrival, access, parts);
  return {
    status: response?.status ?? 0,
    body: (await response?.json()) as Record<string, Record<string, unknown>>,
  };
}

describe("a request that changes something", () => {
  test("does it, and answers with what became of it", async () => {
    done.length = 0;
    expect(await send("/api/uplinks/central/pause")).toMatchObject({
      status: 200,
      body: { name: "central" },
    });
    expect((await send("/api/uplinks/back%75p/pause", { body: '{"a":1}' })).status).toBe(200);
    expect(done).toEqual(["central {}", 'backup {"a":1}']);
  });

  test("is refused with the thing, its value and a remedy", async () => {
    done.length = 0;
    const cases: readonly (readonly [string, Sent, number, string, unknown])[] = [
      ["/api/uplinks/nowhere/pause", {}, 404, "uplink", "nowhere"],
      ["/api/uplinks/central/explode", {}, 404, "action", "explode"],
      ["/api/uplinks/central/pause", { method: "GET" }, 405, "method", "GET"],
      ["/api/uplinks/central/pause", { type: "text/plain" }, 415, "content-type", "text/plain"],
      ["/api/uplinks/central/pause", { type: null }, 415, "content-type", ""],
      ["/api/uplinks/central/pause", { body: "[1]" }, 400, "body", "[1]"],
      ["/api/uplinks/central/pause", { body: "{" }, 400, "body", null],
      ["/api/uplinks/central/pause", { body: `{"a":"${"x".repeat(5_000)}"}` }, 413, "body", null],
      ["/api/uplinks/central/pause", { from: "192.0.2.7" }, 403, "http.control", "loopback"],
      ["/api/uplinks/central/pause", { host: "gateway.example.org" }, 403, "http.control", "loopback"],
      [
        "/api/uplinks/central/pause",
        { more: { "x-forwarded-for": "127.0.0.1" } },
        403,
        "http.control",
        "loopback",
      ],
      [
        "/api/uplinks/central/pause",
        { more: { forwarded: "for=192.0.2.7" } },
        403,
        "http.control",
        "loopback",
      ],
      [
        "/api/uplinks/central/pause",
        { more: { origin: "http://evil.test" } },
        403,
        "origin",
        "http://evil.test",
      ],
      ["/api/uplinks/central/pause", { more: { origin: "null" }, control: "any" }, 403, "origin", "null"],
      [
        "/api/uplinks/central/pause",
        { more: { origin: "http://evil.test:8080" }, control: "any", from: "192.0.2.7" },
        403,
        "origin",
        "http://evil.test:8080",
      ],
      ["/api/uplinks/central/pause", { control: "off" }, 403, "http.control", "off"],
      ["/api/uplinks/central/break", {}, 409, "break", "central"],
      ["/api/uplinks/central/mistake", {}, 400, "to", "-1"],
      ["/api/sessions/nobody/end", {}, 404, "session", "nobody"],
      ["/api/sessions/pump-1/explode", {}, 404, "action", "explode"],
      ["/api/sessions/pump-1/end", { from: "192.0.2.7" }, 403, "http.control", "loopback"],
      ["/api/sessions/stuck/end", {}, 409, "end", "stuck"],
    ];
    for (const [path, sent, status, thing, value] of cases) {
      const answer = await send(path, sent);
      expect({ path, sent, ...answer }).toMatchObject({ status, body: { error: { thing, value } } });
      expect(String(answer.body.error?.remedy).length).toBeGreaterThan(5);
      // Nothing is in the log of what was refused.
      expect(answer.body.error?.remedy).not.toContain("log");
    }
    expect(done).toEqual([]);
  });

  test("ends the session of an MQTT client", async () => {
    for (const [path, clientId] of [
      ["pump-1", "pump-1"],
      ["a%2Fb", "a/b"],
    ] as const) {
      const answer = await send(`/api/sessions/${path}/end`);
      expect(answer).toMatchObject({ status: 200, body: { clientId, ended: true } });
      expect((await send(`/api/sessions/${path}/end`)).status).toBe(404);
    }
  });

  test("is taken from elsewhere where that is set", async () => {
    const elsewhere: Sent = { from: "192.0.2.7", host: "gateway.example.org", control: "any" };
    expect((await send("/api/uplinks/central/pause", elsewhere)).status).toBe(200);
    const own = { more: { origin: "http://gateway.example.org" } };
    expect((await send("/api/uplinks/central/pause", { ...elsewhere, ...own })).status).toBe(200);
    for (const from of ["::1", "::ffff:127.0.0.1", "127.9.9.9"]) {
      expect((await send("/api/uplinks/central/pause", { from, host: "localhost:8080" })).status).toBe(200);
    }
    expect((await send("/api/uplinks/central/pause", { from: "::ffff:192.0.2.7" })).status).toBe(403);
  });

  test("reaches the door, beside the pages that are read", async () => {
    const controls = () => source();
    const door = new HttpDoor({
      host: "127.0.0.1",
      port: 0,
      source: QUIET,
      access: accessOf(),
      controls,
      metrics: new Registry(),
      logger: silentLogger,
    });
    try {
      const url = `http://127.0.0.1:${door.port}`;
      const headers = { "content-type": "application/json" };
      const response = await fetch(`${url}/api/uplinks/central/pause`, { method: "POST", headers });
      expect([response.status, await response.json()]).toEqual([200, { name: "central", paused: true }]);
      expect((await fetch(`${url}/healthz`)).status).toBe(200);
    } finally {
      await door.stop(true);
    }
  });
});
