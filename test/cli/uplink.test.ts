import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { defaultSettings } from "../../src/config/options.ts";
import { GatewayState } from "../../src/wiring/status.ts";
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
  link: { mode: "flowing", heldBecause: null, etaMs: 90_000, leftBehind: [] },
  budget: null,
  times: { late: { policy: "send", topics: [] } },
  flow: { alarms: [], paused: null, canary: { roundTripMs: null } },
  mirrors: [],
};
const MIRROR = {
  ...{ centralTopic: "commands", topic: "local", state: "mirroring", reason: null, lagRecords: 3 },
  ...{ mirroredRecords: 7, filteredRecords: 40, lostRecords: 1, flow: { completeAgoMs: 2_300 } },
};
let answer: () => Response;
let answerTo: (request: Request) => Response | Promise<Response> = () => answer();
let server: Bun.Server<undefined>;
let address = "";

beforeAll(() => {
  server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: (request) => answerTo(request) });
  address = `127.0.0.1:${server.port}`;
});

afterAll(() => server.stop(true));

function uplinks(...list: readonly object[]): void {
  answerTo = () => answer();
  answer = () => Response.json({ version: "1", gatewayId: "g", topics: [], uplinks: list });
}

const status = (...args: string[]) => run(["uplink", "status", "--http", address, ...args]);

test("a table for people, an object for programs", async () => {
  uplinks(UPLINK, { ...UPLINK, name: "backup", lagRecords: null, lagMs: null });
  const { code, out } = await status();
  expect(code).toBe(0);
  expect(out.split("\n")[1]).toMatch(/^central +forwarding +12 +4s +1m30s +100 +0 +- +a:1 +- +-$/);
  expect(out.split("\n")[2]).toMatch(/^backup +forwarding +not known yet: the centre is being asked +- /);
  expect(JSON.parse((await status("central", "-o", "json")).out)).toEqual({
    gatewayId: "g",
    uplinks: [UPLINK],
  });
});

test("a lag that nobody knows says why", async () => {
  const unknown = { ...UPLINK, lagRecords: null, lagMs: null };
  for (const away of [{ state: "connecting" }, { state: "backing off" }, { lastError: "refused" }]) {
    uplinks({ ...unknown, ...away });
    expect((await status()).out).toContain("not known yet: the centre was not reached");
  }
  uplinks({ ...UPLINK, mirrors: [{ ...MIRROR, lagRecords: null, flow: { completeAgoMs: null } }] });
  expect((await status()).out).toMatch(/mirroring +not known yet: the centre was not asked +- /);
});

test("topics that are mirrored have a table of their own, and one that is not is no success", async () => {
  uplinks({ ...UPLINK, mirrors: [MIRROR] }, { ...UPLINK, name: "backup" });
  const { code, out } = await status();
  expect(code).toBe(0);
  expect(out.split("\n").slice(3, 6).join("\n")).toMatch(
    /^\nUPLINK +MIRROR OF .*\ncentral +commands +local +mirroring +3 +3s +7 +40 +1 +-$/,
  );
  for (const state of ["missing", "backing off", "failed"]) {
    uplinks({ ...UPLINK, mirrors: [MIRROR, { ...MIRROR, state, reason: "why" }] });
    expect([state, (await status()).code]).toEqual([state, 1]);
  }
});

test("the exit code says whether all of them move", async () => {
  for (const state of ["connecting", "resolving", "forwarding", "idle", "held"]) {
    uplinks({ ...UPLINK, state });
    expect([state, (await status()).code]).toEqual([state, 0]);
  }
  for (const state of ["backing off", "fenced", "failed", "stopped"]) {
    uplinks(UPLINK, { ...UPLINK, name: "b", state });
    expect([state, (await status()).code]).toEqual([state, 1]);
    expect((await status("central")).code).toBe(0);
  }
});

test("a state that waits for the next attempt says when that is: no failure is for good", async () => {
  uplinks({ ...UPLINK, state: "failed", retryInMs: 28_400 });
  expect((await status()).out).toMatch(/central +failed, again in 29s +12 /);
  uplinks({ ...UPLINK, state: "held", retryInMs: 28_400 });
  expect((await status()).out).toMatch(/central +held +12 /);
});

test("an uplink that says it forwards, and nothing flows, is not well", async () => {
  const { flow } = UPLINK;
  uplinks({ ...UPLINK, flow: { ...flow, canary: { roundTripMs: 41.7 } } });
  expect(await status()).toMatchObject({ code: 0, out: expect.stringContaining("ok, 42 ms there and back") });
  const alarm = { topic: "readings", forMs: 900_000, reason: "blocked: TOPIC_AUTHORIZATION_FAILED" };
  uplinks({ ...UPLINK, flow: { ...flow, alarms: [alarm] } });
  expect(await status()).toMatchObject({
    code: 1,
    out: expect.stringContaining("ALARM for 15m: readings: blocked: TOPIC_AUTHORIZATION_FAILED"),
  });
  uplinks({ ...UPLINK, flow: { ...flow, paused: "outside its windows" } });
  expect(await status()).toMatchObject({
    code: 0,
    out: expect.stringContaining("paused: outside its windows"),
  });
});

test("what was done about a topic that was made again at the centre is shown for a day", async () => {
  const made = (decision: string, agoMs: number) => ({ topic: "readings", madeAgain: { decision, agoMs } });
  uplinks({ ...UPLINK, routes: [made("refill", 300_000), { topic: "other", madeAgain: null }] });
  expect((await status()).out).toContain(
    "-; readings was made again at the centre 5m ago: what is stored goes up again ",
  );
  uplinks({ ...UPLINK, routes: [made("continue", 300_000)] });
  expect((await status()).out).toContain("5m ago: what had gone up does not go up again ");
  uplinks({ ...UPLINK, routes: [made("continue", 90_000_000)] });
  expect((await status()).out).not.toContain("made again");
});

test("what the centre would not keep is shown", async () => {
  const topics = [
    { topic: "a", warning: null },
    { topic: "b", warning: "records of b are 2h old" },
  ];
  uplinks({ ...UPLINK, times: { late: { policy: "send", topics } } });
  expect((await status()).out).toContain("-; records of b are 2h old");
});

test("what holds an uplink, and what it has used of its budgets", async () => {
  const day = { limitBytes: 1_000_000, usedBytes: 999_000, resetsInMs: 1_000 };
  const link = { mode: "flowing", heldBecause: "the budget of the day is used up", etaMs: null };
  uplinks({ ...UPLINK, state: "held", link, budget: { day, month: null, atEnd: "stop", spent: true } });
  expect((await status()).out).toContain("the budget of the day is used up, 100% of the day");
});

test("a budget that is for priority topics alone is no uplink that flows", async () => {
  const reason = "the budget of the day is used up but for priority topics";
  const link = { ...UPLINK.link, othersHeldBecause: reason, heldForMs: 7_200_000, etaMs: null };
  uplinks({ ...UPLINK, link });
  const { out } = await status();
  expect(out).toContain(`held: ${reason} `);
  expect(out).toContain(`${reason} (2h more)`);
});

test("an error says when it was, and the same words are said once", async () => {
  uplinks({ ...UPLINK, lastError: "no such host", lastErrorAgoMs: 300_000 });
  expect((await status()).out).toContain("no such host (5m ago)");
  uplinks({ ...UPLINK, lastError: "no such host", lastErrorAgoMs: 300_000, lastErrorOver: true });
  expect((await status()).out).not.toContain("no such host");
  uplinks({ ...UPLINK, flow: { ...UPLINK.flow, paused: "paused" } });
  expect((await status()).out).toMatch(/ paused +a:1/);
  uplinks({ ...UPLINK, flow: { ...UPLINK.flow, away: { forMs: 60_000, alarmInMs: 1, reason: "why" } } });
  expect((await status()).out).toContain("not connected for 1m");
  const words = "records of b are 2h old";
  const alarms = [{ topic: "b", forMs: 900_000, reason: words }];
  const late = { policy: "hold", topics: [{ topic: "b", warning: words }] };
  uplinks({ ...UPLINK, flow: { ...UPLINK.flow, alarms }, times: { late } });
  expect((await status()).out.split(words)).toHaveLength(2);
});

test("a drain that has to wait for the next budget ends, and says until when", async () => {
  const day = { limitBytes: 1_000_000, usedBytes: 999_000, resetsInMs: 7_200_000 };
  const drain = (part: object) => {
    answerTo = () => Response.json({ ...UPLINK, ...part });
    return run(["uplink", "drain", "central", "--http", address]);
  };
  const stopped = await drain({
    budget: { day, month: null, atEnd: "stop", spent: true },
    link: {
      ...{ mode: "draining", heldBecause: "the budget of the day is used up", heldForMs: 7_200_000 },
      ...{ etaMs: null, leftBehind: [] },
    },
  });
  expect(stopped).toMatchObject({
    code: 8,
    out: "central: draining, 12 records wait, held up: the budget of the day is used up (2h more)\n",
  });
  expect(stopped.err).toContain("waits for the next budget");
  const reason = "the budget of the day is used up but for priority topics";
  const routes = [
    { topic: "alarms", state: "forwarding", heldBecause: null },
    { topic: "readings", state: "forwarding", heldBecause: reason },
  ];
  const others = {
    routes,
    budget: { day, month: null, atEnd: "priority", spent: true },
    link: {
      ...{ mode: "draining", heldBecause: null, othersHeldBecause: reason, heldForMs: 7_200_000 },
      ...{ etaMs: null, leftBehind: [] },
    },
  };
  const topics = [
    { topic: "alarms", lagRecords: 0 },
    { topic: "readings", lagRecords: 12 },
  ];
  const held = await drain({ ...others, flow: { ...UPLINK.flow, topics } });
  expect(held).toMatchObject({ code: 8, out: expect.stringContaining(`held up: ${reason} (2h more)`) });
});

test("pause, resume and drain say so, and drain waits until it is done", async () => {
  const asked: string[] = [];
  const draining = { ...UPLINK, link: { ...UPLINK.link, mode: "draining" } };
  const drained = {
    ...UPLINK,
    lagRecords: 0,
    link: {
      ...{ ...UPLINK.link, mode: "paused", heldBecause: "paused" },
      ...{ leftBehind: [] as string[], drained: false },
    },
  };
  answerTo = (request) => {
    const { pathname } = new URL(request.url);
    asked.push(`${request.method} ${pathname} ${request.headers.get("content-type") ?? ""}`);
    if (request.method === "GET") {
      return Response.json({ version: "1", gatewayId: "g", topics: [], uplinks: [drained] });
    }
    if (pathname.endsWith("/drain")) return Response.json(draining);
    if (pathname.startsWith("/api/uplinks/x/")) {
      const error = {
        message: "there is no such uplink",
        thing: "uplink",
        value: "x",
        remedy: "there are central",
      };
      return Response.json({ error }, { status: 404 });
    }
    return Response.json(UPLINK);
  };
  const command = (...args: string[]) => run(["uplink", ...args, "--http", address]);
  expect(await command("pause", "central")).toMatchObject({ code: 0, out: "central is paused\n" });
  expect(await command("resume", "central")).toMatchObject({ code: 0, out: "central is forwarding\n" });
  expect(await command("drain", "central", "--no-wait")).toMatchObject({
    code: 0,
    out: "central: draining, 12 records wait, about 1m30s left\n",
  });
  expect(await command("drain", "central")).toMatchObject({
    code: 0,
    out: "central: drained and paused, 0 records wait\n",
  });
  drained.lagRecords = 7;
  const paused = await command("drain", "central");
  expect(paused).toMatchObject({ code: 1, out: "central: paused before it was drained, 7 records wait\n" });
  expect(paused.err).toContain("somebody paused it");
  // More has come since.
  drained.link.drained = true;
  expect(await command("drain", "central")).toMatchObject({
    code: 0,
    out: "central: drained and paused, 7 records wait\n",
  });
  drained.lagRecords = 0;
  drained.link.leftBehind = ["readings (blocked: why)"];
  expect(await command("drain", "central")).toMatchObject({
    code: 1,
    out: "central: drained and paused but for what can't go up, 0 records wait: readings (blocked: why)\n",
  });
  expect((await command("pause", "x")).err).toContain(
    "there is no such uplink (uplink x); there are central",
  );
  expect(asked.slice(0, 2)).toEqual([
    "POST /api/uplinks/central/pause application/json",
    "POST /api/uplinks/central/resume application/json",
  ]);
});

test("who resumes an uplink that is held hears why it is", async () => {
  const link = { mode: "flowing", heldBecause: "outside its windows", heldForMs: 7_200_000, etaMs: null };
  answerTo = () => Response.json({ ...UPLINK, state: "held", link: { ...link, leftBehind: [] } });
  expect(await run(["uplink", "resume", "central", "--http", address])).toMatchObject({
    code: 0,
    out: "central is held: outside its windows (2h more)\n",
  });
});

test("who resumes an uplink that waits after a failure hears that it tries now", async () => {
  answerTo = () => Response.json({ ...UPLINK, state: "failed" });
  expect(await run(["uplink", "resume", "central", "--http", address])).toMatchObject({
    code: 0,
    out: "central had not reached the centre, and tries now\n",
  });
});

test("a gateway that has not come to its uplinks says that it starts, not that it has none", async () => {
  for (const name of [[], ["central"]]) {
    const reasons = new GatewayState(defaultSettings(), "1", 0).hindrances();
    answerTo = () =>
      Response.json({ version: "1", gatewayId: "g", topics: [], uplinks: [], ready: false, reasons });
    expect(await status(...name)).toMatchObject({
      code: 1,
      out: "",
      err: "the gateway g is starting: its uplinks are not known yet; ask again\n",
    });
  }
});

test("a drain that is not done in time goes on, and has an exit code of its own", async () => {
  const draining = { ...UPLINK, link: { ...UPLINK.link, mode: "draining" } };
  answerTo = (request) =>
    request.method === "GET"
      ? Response.json({ version: "1", gatewayId: "g", topics: [], uplinks: [draining] })
      : Response.json(draining);
  const drain = (...args: string[]) => run(["uplink", "drain", "central", "--http", address, ...args]);
  const late = await drain("--timeout", "30ms");
  expect(late).toMatchObject({ code: 8, out: "central: draining, 12 records wait, about 1m30s left\n" });
  expect(late.err).toContain("not drained within 30ms: it goes on");
  for (const timeout of ["0", "-1", "soon"]) {
    expect(await drain(`--timeout=${timeout}`)).toMatchObject({
      code: 2,
      err: expect.stringContaining("90s"),
    });
  }
  expect((await drain("--timeout", "1s", "--no-wait")).code).toBe(2);
});

describe("rewind", () => {
  const asked: unknown[] = [];
  const rewind = (...args: string[]) => {
    asked.length = 0;
    answerTo = async (request) => {
      asked.push(await request.json());
      return Response.json({ done: true, moves: [] });
    };
    return run(["uplink", "rewind", "central", "--http", address, ...args]);
  };

  test("says that nothing was moved, and what to do, before it shows what would have been", async () => {
    const move = { partition: 0, position: 9, newPosition: 7, effect: "again", records: 2, bytes: 80 };
    answerTo = () => Response.json({ done: false, moves: [move] });
    const command = ["uplink", "rewind", "central", "--http", address, "--topic", "t", "--to", "7"];
    const writes: ("out" | "err")[] = [];
    const { code, err } = await run(command, { writes });
    expect([code, writes]).toEqual([1, ["err", "out"]]);
    expect(err).toStartWith("nothing was moved: t is not being forwarded now.");
    expect(err).toContain("headwater uplink resume central first");
    expect(await run([...command, "--dry-run"])).toMatchObject({ code: 0, err: "" });
  });

  test("asks for what was said", async () => {
    expect((await rewind("--topic", "t", "--to", "7", "--partition", "0", "--dry-run")).code).toBe(0);
    expect(asked).toEqual([{ topic: "t", to: "7", partition: 0, dryRun: true }]);
    expect((await rewind("--topic", "t", "--to", "2026-01-31T12:00Z")).code).toBe(0);
    expect(asked).toEqual([{ topic: "t", to: "2026-01-31T12:00Z", dryRun: false }]);
  });

  test.each([
    [["--topic", "t", "--to", "-1"], '--to "-1": write an offset'],
    [["--topic", "t", "--to", "1.5"], '--to "1.5": write an offset'],
    [["--topic", "t", "--to", "--dry-run"], "--to needs a value"],
    [["--topic", "t", "--to=--dry-run"], '--to "--dry-run": write an offset'],
    [["--topic", "t", "--to", "2026-02-30T00:00Z"], "a time with its zone"],
    [["--topic", "t", "--to", "7", "--partition", "abc"], '--partition "abc": write its number'],
    [["--topic", "t", "--to", "7", "--partition", "-1"], '--partition "-1": write its number'],
    [["--topic", "t", "--to", "7", "--partition", "1.0"], '--partition "1.0": write its number'],
    [["--topic", "t", "--to", "7", "--partition", ""], '--partition "": write its number'],
    [["--topic", "t", "--to", "7", "--dryrun"], "there is no option --dryrun; did you mean --dry-run?"],
    [["--topic", "t", "--to", "7", "-n"], "there is no option -n"],
    [["--topic", "t", "--to", "7", "--dry-run=no"], "--dry-run takes no value"],
    [["--topic", "t", "--to", "7", "dry-run"], '"dry-run" is one argument too many'],
    [["--topic", "", "--to", "7"], "--topic is missing"],
    [["--topic", "t"], "--to is missing"],
  ])("%p does nothing but say why", async (args, words) => {
    const { code, err } = await rewind(...args);
    expect([code, asked]).toEqual([2, []]);
    expect(err).toContain(words);
  });
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
