import { afterAll, beforeEach, expect, test } from "bun:test";
import { ageText, fitted, sceneLines, sparkline } from "../../src/cli/top/view.ts";
import type { Terminal } from "../../src/cli/world.ts";
import { STATUS } from "../http/support.ts";
import { type FakeProcess, run } from "./support.ts";

const OVERVIEW = {
  rates: { recordsInPerSecond: 1234.4, bytesInPerSecond: 98_000, bytesOutPerSecond: 1_500_000 },
  uplinks: [
    {
      ...{ name: "central", state: "forwarding", lagRecords: 12_000, lagMs: 3_400, freshnessMs: 61_000 },
      alarms: ["telemetry: blocked"],
    },
  ],
  devices: { known: 120, silent: 2 },
  history: [{ recordsInPerSecond: 0 }, { recordsInPerSecond: 500 }, { recordsInPerSecond: 1000 }],
};
const TOPICS = [
  { name: "quiet", partitions: 1, records: 5, bytes: 9_000_000, recordsPerSecond: 0 },
  { name: "busy", partitions: 6, records: 1_000_000, bytes: 1_000, recordsPerSecond: 1234 },
];
const answers = new Map<string, () => Response>();
const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  fetch: (request) => answers.get(new URL(request.url).pathname)?.() ?? new Response("", { status: 404 }),
});
const address = `127.0.0.1:${server.port}`;
afterAll(() => server.stop(true));

beforeEach(() => {
  const json = (body: object, status = 200) => Response.json(body, { status });
  const status = { ready: true, reasons: [], ...STATUS, uptimeMs: 93_784_000 };
  answers.set("/api/status", () => json(status));
  answers.set("/api/overview", () => json(OVERVIEW));
  answers.set("/api/topics", () => json({ topics: TOPICS, next: null }));
  answers.set("/api/devices", () => json({ devices: [{ key: "pump-1" }], next: null }));
});

/** A terminal that keys can be typed at, and whose size changes. */
class FakeTerminal implements Terminal {
  columns = 100;
  rows = 40;
  closed = false;
  type: (key: string) => void = () => {};
  resized: () => void = () => {};

  size() {
    return { columns: this.columns, rows: this.rows };
  }

  onResize(callback: () => void): void {
    this.resized = callback;
  }

  onKey(callback: (key: string) => void): void {
    this.type = callback;
  }

  close(): void {
    this.closed = true;
  }
}

const top = (args: readonly string[], given: FakeProcess = {}, at = address) =>
  run(["top", "--http", at, ...args], given);

test("one look, as plain text", async () => {
  const { code, out } = await top(["--once"]);
  expect(code).toBe(0);
  expect(out.split("\n").map((line) => line.replaceAll(/ {2,}/g, "  "))).toEqual([
    `g at ${address}, headwater 1, up 1d2h`,
    "ready",
    "",
    "records  1,234/s in (98.0 kB/s), 1.5 MB/s out",
    "doors  http 127.0.0.1:1",
    "clients  -",
    "space  1 B free, 1 B of it kept back",
    "devices  120, 2 SILENT: pump-1, ...",
    "",
    "UPLINK  STATE  LAG  BEHIND  NEWEST THERE  FLOW",
    "central  forwarding  12,000  3s  1m1s  ALARM telemetry: blocked",
    "",
    "TOPIC  RECORDS/S  RECORDS  SIZE  PARTITIONS",
    "busy  1,234  1,000,000  1.0 kB  6",
    "quiet  0  5  9.0 MB  1",
    "",
    "",
  ]);
  const read = JSON.parse((await top(["--once", "-o", "json"])).out);
  expect([read.status.gatewayId, read.topics[0].name, read.silent]).toEqual(["g", "busy", ["pump-1"]]);
});

test("a gateway that is not well, starts, or lets nobody look", async () => {
  const away = await top(["--once"], {}, "127.0.0.1:1");
  expect([away.code, away.out]).toEqual([3, ""]);
  expect(away.err).toContain("127.0.0.1:1/api/status: nobody answers there");
  const error = { message: "log in", thing: "path", value: null, remedy: "POST /api/login" };
  answers.set("/api/overview", () => Response.json({ error }, { status: 401 }));
  answers.set("/api/status", () =>
    Response.json({
      ...STATUS,
      ready: false,
      reasons: ["starting: \u001b[2J"],
      log: { ...STATUS.log, full: true },
    }),
  );
  const { code, out } = await top(["--once"]);
  expect(code).toBe(0);
  expect(out).toContain("NOT READY: starting: \u{fffd}[2J\n");
  expect(out).toContain("kept back, FULL: ");
  expect(out).toContain(
    `not shown: http://${address}/api/overview: it has to be known who asks; headwater login`,
  );
});

test("a command line that is wrong", async () => {
  for (const interval of ["x", "0", "", "1e9"])
    expect((await top(["--once", "--interval", interval])).code).toBe(2);
  expect((await run(["top", "--http", "nowhere"])).code).toBe(2);
});

test("a terminal is drawn on, resized, and given back; the gateway may go and come", async () => {
  const terminal = new FakeTerminal();
  const whole = answers.get("/api/status") ?? (() => new Response());
  const seen: string[] = [];
  const onOut = (text: string) => {
    seen.push(text);
    // Each step is taken where the one before is seen.
    if (seen.at(-2)?.includes("AWAY") && text.includes("ready") && !text.includes("AWAY")) terminal.type("q");
    else if (text.includes("AWAY")) answers.set("/api/status", whole);
    else if (text.includes("busy") && terminal.columns === 100) {
      terminal.columns = 20;
      terminal.rows = 4;
      terminal.resized();
      terminal.columns = 90;
      terminal.rows = 40;
      answers.set("/api/status", () => new Response("", { status: 500 }));
    }
  };
  const { code } = await top(["--interval", "0.1"], { terminal, onOut });
  expect([code, terminal.closed]).toEqual([0, true]);
  expect(seen[0]).toBe(`\u001b[H\u001b[K${address} is being asked\r\n\u001b[J`);
  const small = seen.find((text) => text.split("\r\n").length === 4 && text.includes("…"));
  expect(small?.split("\r\n")[0]).toBe(`\u001b[H\u001b[Kg at 127.0.0.1:${String(server.port).slice(0, 4)}…`);
  const away = seen.find((text) => text.includes("AWAY")) ?? "";
  expect(away).toMatch(/AWAY for 0s: .*500/);
  expect(away).toContain("What follows is what it said last.");
  expect(away).toContain("busy");
});

test("without a terminal each look is written, until a signal; what is away is told beside", async () => {
  const { promise, resolve } = Promise.withResolvers<string>();
  let looks = 0;
  const onOut = () => {
    looks += 1;
    if (looks === 3) resolve("SIGTERM");
  };
  const { code, out } = await top(["--interval", "0.1", "-o", "json"], { interrupted: promise, onOut });
  expect([
    code,
    out
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line).status.gatewayId),
  ]).toEqual([0, ["g", "g", "g"]]);
  answers.set("/api/status", () => {
    setTimeout(() => stopped.resolve("SIGINT"), 50);
    return new Response("", { status: 500 });
  });
  const stopped = Promise.withResolvers<string>();
  const ill = await top(["--interval", "0.1"], { interrupted: stopped.promise });
  expect([ill.code, ill.out]).toEqual([0, ""]);
  expect(ill.err).toContain("answers 500");
});

test("bars, ages, and what does not fit", () => {
  expect([sparkline([0, 1, 4, 8]), sparkline([0, 0]), sparkline([])]).toEqual(["▁▂▅█", "", ""]);
  expect([0, 999, 1_000, 61_000, 3_600_000, 90_061_000].map(ageText)).toEqual([
    ...["0s", "0s", "1s", "1m1s", "1h", "1d1h"],
  ]);
  expect(fitted(["abc", "温度計", "x"], 4, 2)).toEqual(["abc", "温…"]);
  expect(fitted(["abc"], 0, 1)).toEqual([""]);
  const away = { why: "nobody answers", forMs: 5_000 };
  expect(sceneLines({ address: "a:1", reading: null, away }, true)).toEqual([
    "AWAY for 5s: nobody answers",
    "It is asked again and again.",
    "",
  ]);
});

test("how the disk wears, as far as anything is known of it", () => {
  const unknown = {
    ...{ disk: "mmcblk0", kind: "sd" as const, diskBytes: 32e9, writtenBytes: 5e9, writtenBytesPerDay: null },
    ...{
      lifeUsedShare: null,
      preEol: null,
      enduranceBytes: 9_600e9,
      basis: "assumed" as const,
      forecastSec: null,
    },
  };
  const year = 365 * 86_400;
  const lineOf = (wear: typeof STATUS.wear) => {
    const status = { ...STATUS, wear, ready: true, reasons: [] };
    const reading = { status, overview: null, topics: null, silent: null, refusals: [] };
    return sceneLines({ address, reading, away: null }, false).find((line) => line.startsWith("wear"));
  };
  expect(lineOf(null)).toBeUndefined();
  expect(lineOf(unknown)).toBeUndefined();
  const known = { ...unknown, writtenBytesPerDay: 2e9, forecastSec: 4.26 * year };
  expect(lineOf(known)).toBe("wear      mmcblk0: 2.0 GB written a day, lasts 4.3 years, as is assumed");
  const emmc = {
    ...known,
    lifeUsedShare: 0.9,
    preEol: 2,
    basis: "configured" as const,
    forecastSec: year / 3.9,
  };
  expect(lineOf(emmc)).toBe(
    "wear      mmcblk0: 2.0 GB written a day, 90% of its life used, SPARE BLOCKS RUN OUT, lasts 3 MONTHS",
  );
  expect(lineOf({ ...known, forecastSec: 500 * year })).toContain("lasts over 100 years");
});
