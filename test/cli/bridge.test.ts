import { afterAll, beforeAll, expect, test } from "bun:test";
import type { BridgeStatus } from "../../src/http/status.ts";
import { run } from "./support.ts";

const BRIDGE: BridgeStatus = {
  name: "site",
  state: "connected",
  url: "mqtt://a:1883",
  version: "5",
  connectedSinceMs: 1_000,
  retryInMs: null,
  lastError: null,
  failures: 0,
  in: { messages: 10, bytes: 100, inFlight: 1, duplicates: 0, looped: 0, dropped: 2, refusedFilters: [] },
  out: { messages: 20, bytes: 200, inFlight: 2, lagRecords: 5, echoes: 0, gaps: 1 },
};
let answer: () => Response;
let server: Bun.Server<undefined>;
let address = "";

beforeAll(() => {
  server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => answer() });
  address = `127.0.0.1:${server.port}`;
});

afterAll(() => server.stop(true));

function bridges(...list: readonly object[]): void {
  answer = () => Response.json({ version: "1", gatewayId: "g", topics: [], uplinks: [], bridges: list });
}

const status = (...args: string[]) => run(["bridge", "status", "--http", address, ...args]);

test("a table for people, an object for programs", async () => {
  bridges(BRIDGE, { ...BRIDGE, name: "up", out: { ...BRIDGE.out, lagRecords: null }, lastError: "refused" });
  const { code, out } = await status();
  expect(code).toBe(0);
  expect(out.split("\n")[1]).toMatch(/^site +connected +mqtt:\/\/a:1883 +10 +20 +3 +5 +3 +-$/);
  expect(out.split("\n")[2]).toMatch(
    /^up +connected +mqtt:\/\/a:1883 +10 +20 +3 +not known yet +3 +refused$/,
  );
  expect(JSON.parse((await status("site", "-o", "json")).out)).toEqual({ gatewayId: "g", bridges: [BRIDGE] });
});

test("the exit code says whether all of them are connected", async () => {
  for (const state of ["connecting", "connected"]) {
    bridges({ ...BRIDGE, state });
    expect([state, (await status()).code]).toEqual([state, 0]);
  }
  for (const state of ["backing off", "refused", "failed", "stopped"]) {
    bridges(BRIDGE, { ...BRIDGE, name: "b", state });
    expect([state, (await status()).code]).toEqual([state, 1]);
    expect((await status("site")).code).toBe(0);
  }
});

test("a bridge that is not there, none at all, and a gateway that knows no bridges", async () => {
  bridges(BRIDGE);
  const { code, err } = await status("other");
  expect([code, err]).toEqual([1, 'the gateway g has no bridge "other"; it has site\n']);
  bridges();
  expect((await status()).out).toBe("the gateway g has no bridge\n");
  answer = () => Response.json({ version: "1", gatewayId: "g", topics: [], uplinks: [] });
  expect((await status()).out).toBe("the gateway g has no bridge\n");
});
