import { afterAll, beforeAll, expect, test } from "bun:test";
import type { SessionStatus } from "../../src/http/status.ts";
import { run } from "./support.ts";

const CONNECTED: SessionStatus = {
  clientId: "pump-1",
  userName: "anna",
  version: "5",
  remoteAddress: "10.0.0.7",
  awayMs: null,
  expirySec: 0,
  subscriptions: 2,
  queuedMessages: 0,
  inFlightMessages: 3,
  hasWill: true,
};
const AWAY: SessionStatus = {
  ...CONNECTED,
  clientId: "a/b c\u001b",
  userName: null,
  remoteAddress: null,
  awayMs: 3_600_500,
  expirySec: 604_800,
  queuedMessages: 40,
  inFlightMessages: 0,
  hasWill: false,
};
let more = false;
const asked: string[] = [];
let server: Bun.Server<undefined>;
let address = "";

beforeAll(() => {
  server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: (request) => {
      const { pathname } = new URL(request.url);
      if (request.method === "GET") return Response.json({ sessions: [CONNECTED, AWAY], more });
      asked.push(`${request.method} ${pathname}`);
      if (pathname.includes("nobody")) {
        const error = {
          message: "no session is kept",
          thing: "session",
          value: "nobody",
          remedy: "list them",
        };
        return Response.json({ error }, { status: 404 });
      }
      return Response.json({ ended: true });
    },
  });
  address = `127.0.0.1:${server.port}`;
});

afterAll(() => server.stop(true));

const session = (...args: string[]) => run(["session", ...args, "--http", address]);

test("lists those who are connected and those who are away", async () => {
  const { code, out } = await session("list");
  expect(code).toBe(0);
  const [, connected, away] = out.split("\n");

  expect(connected).toMatch(/^pump-1 +anna +connected +0s +10\.0\.0\.7 +2 +0 +3 +yes$/);
  // Nothing that a client calls itself reaches the terminal as it is.
  expect(away).toMatch(/^"a\/b c\\u001b" +- +away 1h +7d +- +2 +40 +0 +-$/);
  expect(JSON.parse((await session("list", "--away", "-o", "json")).out)).toEqual({ sessions: [AWAY], more });
  expect(JSON.parse((await session("list", "--of", "anna", "-o", "json")).out).sessions).toEqual([CONNECTED]);
});

test("says that one is not there, and that there are more", async () => {
  more = true;
  const { code, out, err } = await session("list", "pump-2");
  expect([code, out]).toEqual([1, "no such session\n"]);
  expect(err).toContain("more than the first 2");
  more = false;
});

test("ends one, whatever it is called", async () => {
  asked.length = 0;
  expect(await session("end", "a/b c")).toMatchObject({ code: 0, out: 'the session of "a/b c" is ended\n' });
  expect(JSON.parse((await session("end", "pump-1", "-o", "json")).out)).toEqual({
    clientId: "pump-1",
    ended: true,
  });
  expect(asked).toEqual(["POST /api/sessions/a%2Fb%20c/end", "POST /api/sessions/pump-1/end"]);
  const { code, err } = await session("end", "nobody");
  expect(code).not.toBe(0);
  expect(err).toContain("no session is kept (session nobody); list them");
});
