import { afterAll, beforeAll, expect, test } from "bun:test";
import { run } from "./support.ts";

const UPLINK = {
  name: "central",
  state: "forwarding",
  bootstrap: ["a:1"],
  delivery: "transactional",
  lagRecords: 12,
  lagMs: 3_400,
  forwardedRecords: 100,
  forwardedBytes: 1000,
  transactions: 3,
  failures: 0,
  gaps: 0,
  lastError: null,
};
let answer: () => Response;
let server: Bun.Server<undefined>;
let address = "";

beforeAll(() => {
  server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => answer() });
  address = `127.0.0.1:${server.port}`;
});

afterAll(() => server.stop(true));

function uplinks(...list: readonly object[]): void {
  answer = () => Response.json({ version: "1", gatewayId: "g", topics: [], uplinks: list });
}

const status = (...args: string[]) => run(["uplink", "status", "--http", address, ...args]);

test("a table for people, an object for programs", async () => {
  uplinks(UPLINK, { ...UPLINK, name: "backup", lagRecords: null, lagMs: null });
  const { code, out } = await status();
  expect(code).toBe(0);
  expect(out.split("\n")[1]).toMatch(/^central +forwarding +12 +4s +100 +0 +a:1 +-$/);
  expect(out.split("\n")[2]).toMatch(/^backup +forwarding +\? +\? /);
  expect(JSON.parse((await status("central", "-o", "json")).out)).toEqual({
    gatewayId: "g",
    uplinks: [UPLINK],
  });
});

test("the exit code says whether all of them move", async () => {
  for (const state of ["connecting", "resolving", "forwarding", "idle"]) {
    uplinks({ ...UPLINK, state });
    expect([state, (await status()).code]).toEqual([state, 0]);
  }
  for (const state of ["backing off", "fenced", "failed", "stopped"]) {
    uplinks(UPLINK, { ...UPLINK, name: "b", state });
    expect([state, (await status()).code]).toEqual([state, 1]);
    expect((await status("central")).code).toBe(0);
  }
});

test("an uplink that is not there, and none at all", async () => {
  uplinks(UPLINK);
  expect(await status("x")).toMatchObject({
    code: 1,
    err: 'the gateway g has no uplink "x"; it has central\n',
  });
  uplinks();
  expect(await status()).toMatchObject({ code: 0, out: "the gateway g has no uplink\n" });
});

test("somebody else's port, and nobody's", async () => {
  for (const body of ["hello", "{}", "[]", "null", '{"version":1}']) {
    answer = () => new Response(body);
    const { code, err } = await status();
    expect(code).toBe(1);
    expect(err).toContain("does not answer as headwater does");
  }
  answer = () => new Response("no", { status: 404 });
  expect((await status()).err).toContain("answers 404");
  expect(await run(["uplink", "status", "--http", "127.0.0.1:1"])).toMatchObject({ code: 3 });
});
