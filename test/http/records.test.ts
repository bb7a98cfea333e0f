import { describe, expect, test } from "bun:test";
import { DeviceRecords } from "../../src/http/records.ts";
import { encodeHeaders } from "../../src/records/builder.ts";
import { Gateway } from "../kafka/support/door.ts";
import { append, batchOf, NOW_MS, type Reading, seal, text } from "../kafka/views/support.ts";

async function opened() {
  const gateway = await Gateway.open();
  const topic = gateway.broker.createTopic(
    { name: "telemetry", partitionCount: 2, configs: new Map() },
    () => {},
  );
  if ("error" in topic) throw new Error(topic.message);
  const records = new DeviceRecords(gateway.broker);
  const ask = async (query: string) => {
    const url = new URL(`http://127.0.0.1:8080/api/topics/${query}`);
    const request = new Request(url.href);
    const asked = Promise.resolve(records.answer(request, url));
    asked.catch(() => {});
    await gateway.clock.settleAll();
    const response = await asked;
    return { status: response.status, link: response.headers.get("link"), body: await response.text() };
  };
  const write = async (partition: number, readings: readonly Reading[], compression = 0) => {
    const found = topic.partitions[partition];
    if (found === undefined) throw new Error("no partition");
    append(found, batchOf(readings, { compression }));
    await gateway.clock.settleAll();
  };
  return { gateway, topic, ask, write };
}

const linesOf = (body: string) =>
  body
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe("records of a device", () => {
  test("are lines of JSON, with values as what they are", async () => {
    const { gateway, ask, write } = await opened();
    const headers = encodeHeaders([{ key: "h", value: text("v") }]);
    await write(0, [
      { key: "a", value: '{"t":\n 21.5}', headers },
      { key: "b", value: "other" },
      { key: "a", value: "plain text" },
      { key: "a", value: null },
    ]);
    await write(1, [{ key: "a", value: "12345678901234567890" }], 4);
    const { status, link, body } = await ask("telemetry/devices/a/records");
    expect([status, link]).toEqual([200, null]);
    const first = { partition: 0, offset: 0, timestamp: NOW_MS, value: { t: 21.5 } };
    expect(linesOf(body).slice(0, 3)).toEqual([
      { ...first, headers: [{ key: "h", value: "v" }] },
      { partition: 0, offset: 2, timestamp: NOW_MS, value: "plain text" },
      { partition: 0, offset: 3, timestamp: NOW_MS, value: null },
    ]);
    // A number leaves as it stands, whatever a reader makes of it.
    expect(body.split("\n")[3]).toBe(
      `{"partition":1,"offset":0,"timestamp":${NOW_MS},"value":12345678901234567890}`,
    );
    const asBase64 = linesOf((await ask("telemetry/devices/b/records?values=base64")).body);
    expect(asBase64).toEqual([{ partition: 0, offset: 1, timestamp: NOW_MS, valueBase64: "b3RoZXI=" }]);
    await gateway.close();
  });

  test("come in parts that follow each other, of a span of time, sealed or not", async () => {
    const { gateway, topic, ask, write } = await opened();
    for (let n = 0; n < 30; n++) {
      const timestampMs = NOW_MS + n * 1000;
      await write(n % 2, [
        { key: "a/ä", value: String(n), timestampMs },
        { key: "b", value: "x", timestampMs },
      ]);
      if (n === 19) await seal(gateway, topic.partitions);
    }
    const from = new Date(NOW_MS + 5_000).toISOString();
    let path: string | null =
      `telemetry/devices/a%2F%c3%A4/records?from=${from}&to=${NOW_MS + 25_000}&limit=3`;
    const found: unknown[] = [];
    let parts = 0;
    while (path !== null) {
      const { status, link, body } = await ask(path);
      expect(status).toBe(200);
      found.push(...linesOf(body).map(({ value }) => value));
      parts += 1;
      path = link === null ? null : (/^<\/api\/topics\/(.*)>; rel="next"$/.exec(link)?.[1] ?? null);
    }
    const wanted = Array.from({ length: 20 }, (_, index) => index + 5);
    expect(found).toEqual([...wanted.filter((n) => n % 2 === 0), ...wanted.filter((n) => n % 2 === 1)]);
    expect(parts).toBeGreaterThan(6);
    await gateway.close();
  });

  test("of an unknown device are none", async () => {
    const { gateway, ask, write } = await opened();
    await write(0, [{ key: "a", value: "x" }]);
    expect(await ask("telemetry/devices/none/records")).toEqual({ status: 200, link: null, body: "" });
    await gateway.close();
  });

  test("are given again after answers that failed half-way", async () => {
    const { gateway, topic, ask, write } = await opened();
    await write(0, [{ key: "a", value: "x" }]);
    const log = topic.partitions[0]?.log;
    const fail = () => {
      throw new Error("a bug");
    };
    Object.defineProperty(log, "readKey", { value: fail, configurable: true });
    for (let n = 0; n < 20; n++) await expect(ask("telemetry/devices/a/records")).rejects.toThrow("a bug");
    Reflect.deleteProperty(log ?? {}, "readKey");
    expect((await ask("telemetry/devices/a/records")).status).toBe(200);
    await gateway.close();
  });

  test("are refused with the thing, its value and a remedy", async () => {
    const { gateway, ask } = await opened();
    const cases = [
      ["nothing/devices/a/records", 404, "topic", "nothing"],
      ["__consumer_offsets/devices/a/records", 404, "topic", "__consumer_offsets"],
      ["telemetry/devices/%zz/records", 400, "key", "%zz"],
      ["telemetry/devices/a/records?from=yesterday", 400, "from", "yesterday"],
      ["telemetry/devices/a/records?to=2026-02-30T00:00Z", 400, "to", "2026-02-30T00:00Z"],
      ["telemetry/devices/a/records?to=2026-13-01", 400, "to", "2026-13-01"],
      ["telemetry/devices/a/records?limit=0", 400, "limit", "0"],
      ["telemetry/devices/a/records?limit=10001", 400, "limit", "10001"],
      ["telemetry/devices/a/records?at=1", 400, "at", "1"],
      ["telemetry/devices/a/records?values=xml", 400, "values", "xml"],
      ["telemetry/devices/a/records?form=1", 400, "parameter", "form"],
    ] as const;
    for (const [path, status, thing, value] of cases) {
      const answer = await ask(path);
      expect(answer.status).toBe(status);
      const { error } = JSON.parse(answer.body) as { error: Record<string, unknown> };
      expect(error).toMatchObject({ thing, value });
      expect(error.remedy).not.toBe("");
    }
    await gateway.close();
  });
});
