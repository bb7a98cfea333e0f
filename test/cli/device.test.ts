import { afterAll, beforeAll, expect, test } from "bun:test";
import mqtt from "mqtt";
import { type Headwater, startHeadwater } from "../support/headwater.ts";
import { run } from "./support.ts";

// Against a gateway in a process of its own.

let gateway: Headwater;

beforeAll(async () => {
  gateway = await startHeadwater({ settings: { "num.partitions": "2", "devices.silent.after.ms": "1s" } });
}, 40_000);

afterAll(() => gateway?.dispose(), 30_000);

const device = (args: string) => run(["device", ...args.split(" "), "--http", gateway.http]);
const produce = (lines: string) =>
  run(["produce", "telemetry", "-K", "=", "-b", gateway.kafka], { stdin: [lines] });
const ask = async (path: string, init: RequestInit = {}) => {
  const response = await fetch(`http://${gateway.http}${path}`, init);
  return { status: response.status, body: JSON.parse(await response.text()) };
};

interface Row {
  readonly key: string;
  readonly records: number;
}

/** What is listed, once so many records were counted. */
async function counted(records: number): Promise<readonly Row[]> {
  const deadline = Date.now() + 10_000;
  while (true) {
    const rows: readonly Row[] = JSON.parse((await device("ls -o json")).out);
    if (rows.reduce((sum, row) => sum + row.records, 0) >= records || Date.now() > deadline) return rows;
    await Bun.sleep(50);
  }
}

const counts = (rows: readonly Row[]) => rows.map(({ key, records }) => [key, records]);

test("devices are listed and shown, and survive kill -9 with their counts", async () => {
  await produce("pump-1=21.5\npump-2=\u001b[31mred\npump-1=22\nhall/ä=x\n");
  const expected = [
    ["hall%2F%C3%A4", 1],
    ["pump-1", 2],
    ["pump-2", 1],
  ];
  expect(counts(await counted(4))).toEqual(expected);
  const listed = await device("ls --prefix pump");
  expect(listed.out.split("\n")[0]).toMatch(/^DEVICE +TOPIC +STATE +LAST SEEN +RECORDS/);
  expect(listed.out).toMatch(/\npump-1 +telemetry +(ok|SILENT) +\ds +2 +18 .* 22\n/);
  expect(listed.out).not.toContain("\u001b");
  const shown = await device("show hall/ä");
  expect(shown.out).toMatch(/records +1, 8 bytes\n/);
  expect((await device("show hall%2F%C3%A4")).out).toContain("hall%2F%C3%A4");
  expect(await device("show nobody")).toMatchObject({ code: 1, err: 'no device "nobody" is known\n' });
  await gateway.kill();
  await gateway.restart();
  expect(counts(await counted(4))).toEqual(expected);
  await produce("pump-1=23\n");
  expect(counts(await counted(5))[1]).toEqual(["pump-1", 3]);
  await gateway.stop();
  await gateway.restart();
  expect(counts(await counted(5))[1]).toEqual(["pump-1", 3]);
  const replayed = await run(["device", "replay", "pump-1", "-t", "telemetry", "-b", gateway.kafka]);
  expect(replayed).toMatchObject({ code: 0, out: "21.5\n22\n23\n" });
}, 60_000);

test("pages of HTTP follow each other, and garbage is told apart", async () => {
  await produce(Array.from({ length: 25 }, (_, n) => `m${n}=1`).join("\n"));
  await counted(30);
  const found: string[] = [];
  let path: string | null = "/api/devices?limit=4&topic=telemetry";
  for (let parts = 0; path !== null && parts < 20; parts++) {
    const { body } = await ask(path);
    found.push(...body.devices.map(({ key }: Row) => key));
    path = body.next;
  }
  expect(found).toHaveLength(28);
  expect(new Set(found).size).toBe(28);
  const { body: one } = await ask("/api/devices/hall%2F%C3%A4");
  expect(one.devices).toHaveLength(1);
  expect(one.devices[0]).toMatchObject({ topic: "telemetry", value: "x", valueBytes: 1, exact: true });
  const garbage = [
    "limit=0",
    "limit=x",
    "silent=maybe",
    "nonsense=1",
    "after=x",
    "prefix=%25zz",
    "after=%25/t",
  ];
  for (const query of garbage) {
    const { status, body } = await ask(`/api/devices?${query}`);
    expect([query, status, Object.keys(body)]).toEqual([query, 400, ["error"]]);
  }
  expect((await ask("/api/devices/%zz")).status).toBe(400);
  expect((await ask("/api/devices/nobody")).status).toBe(404);
  expect((await ask("/api/devices", { method: "POST" })).status).toBe(405);
  expect((await ask("/api/devices", { headers: { host: "evil.example" } })).status).toBe(403);
  expect((await ask("/api/devices?topic=none")).body).toMatchObject({ devices: [], next: null, known: 28 });
}, 30_000);

test("who is silent is listed, counted and logged, and asked for by scripts", async () => {
  const deadline = Date.now() + 10_000;
  let silent = await device("ls --silent -o json");
  while (JSON.parse(silent.out).length < 28 && Date.now() < deadline) {
    await Bun.sleep(100);
    silent = await device("ls --silent -o json");
  }
  expect([silent.code, JSON.parse(silent.out).length]).toEqual([1, 28]);
  expect((await device("show pump-1")).code).toBe(1);
  const metrics = await (await fetch(`http://${gateway.http}/metrics`)).text();
  expect(metrics).toMatch(/\nheadwater_devices 28\n/);
  expect(metrics).toMatch(/\nheadwater_devices_silent 28\n/);
  // Only of so many, whoever else there is.
  expect(
    metrics.match(/\nheadwater_device_silent_seconds\{device="[^"]+",topic="telemetry"\} [\d.]+/g),
  ).toHaveLength(10);
  expect(metrics.match(/\nheadwater_device_records_per_second\{/g)?.length).toBe(10);
  expect(gateway.log()).toContain("devices have become silent");
  expect(await device("lag")).toMatchObject({ code: 0, out: "no uplink carries what these devices send\n" });
  expect((await device("ls --limit 0")).code).toBe(2);
}, 30_000);

test("the MQTT client that sends for a device is told, and from where", async () => {
  const clientOf = async (key: string) => {
    const { body } = await ask(`/api/devices/${key}`);
    const [row] = body.devices ?? [];
    return row === undefined ? null : [row.records, row.clientId, row.address];
  };
  const until = async (key: string, records: number) => {
    const deadline = Date.now() + 10_000;
    while ((await clientOf(key))?.[0] !== records && Date.now() < deadline) await Bun.sleep(50);
    return await clientOf(key);
  };
  for (const [index, clientId] of ["first", "first", "second"].entries()) {
    const client = await mqtt.connectAsync(`mqtt://${gateway.mqtt}`, { clientId, protocolVersion: 5 });
    await client.publishAsync("devices/valve-1/temperature", "21", { qos: 1 });
    expect(await until("valve-1", index + 1)).toEqual([index + 1, clientId, "127.0.0.1"]);
    await client.endAsync();
  }
  expect((await device("show valve-1")).out).toMatch(/MQTT client +second from 127\.0\.0\.1\n/);
  await gateway.stop();
  await gateway.restart();
  expect(await until("valve-1", 3)).toEqual([3, "second", "127.0.0.1"]);
}, 30_000);

test("what waits is shown in a device's own records, bytes and seconds, with the link's offsets beside", async () => {
  const { body } = await ask("/api/devices/pump-1");
  const uplink = { uplink: "central", carried: false, offsetsBehind: 30, position: 7 };
  const waits = (records: number, exact: boolean) => ({ records, bytes: 9, forMs: 61_500, exact });
  const rows = [
    { ...body.devices[0], uplinks: [{ ...uplink, waiting: waits(1, true) }] },
    { ...body.devices[0], key: "pump-2", uplinks: [{ ...uplink, waiting: waits(2, false) }] },
    { ...body.devices[0], key: "pump-3", uplinks: [{ ...uplink, position: -1, waiting: null }] },
  ];
  const asked: string[] = [];
  const server = Bun.serve({
    ...{ hostname: "127.0.0.1", port: 0 },
    fetch: ({ url }) => {
      const { pathname, search } = new URL(url);
      asked.push(`${pathname}${search}`);
      const key = pathname.slice("/api/devices/".length);
      const devices = key === "" ? rows : rows.filter((row) => row.key === key);
      return Response.json({ devices, next: null, topics: [] });
    },
  });
  const shown = (...args: string[]) => run(["device", ...args, "--http", `127.0.0.1:${server.port}`]);
  const { code, out } = await shown("lag");
  expect([code, asked[0]]).toEqual([1, "/api/devices?waiting=true&limit=1000"]);
  const lines = out.split("\n");
  expect(lines[0]).toMatch(/^DEVICE +TOPIC +UPLINK +STATE +RECORDS +BYTES +FOR +BEHIND +LAST SEEN$/);
  expect(lines[1]).toMatch(/^pump-1 +telemetry +central +waiting +1 +9 +1m1s +30 /);
  expect(lines[2]).toMatch(/^pump-2 +telemetry +central +waiting +2\+ +9\+ +1m1s +30 /);
  expect(lines[3]).toMatch(/^pump-3 +telemetry +central +waiting +- +- +- +30 /);
  expect((await shown("show", "pump-1")).out).toMatch(
    /uplink central +1 records wait, 9 bytes, .* for 1m1s; /,
  );
  expect((await shown("show", "pump-2")).out).toContain("at least 2 records wait");
  expect((await shown("show", "pump-3")).out).toContain("not known yet");
  await server.stop(true);
}, 20_000);

test("a list without devices says in which topics they are looked for", async () => {
  const { out } = await device("ls -t none");
  expect(out).toBe("no such device is known; topics that are looked at: telemetry (devices.topics)\n");
}, 20_000);
