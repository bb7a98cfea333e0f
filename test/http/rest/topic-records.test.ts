import { expect, test } from "bun:test";
import { append, batchOf, NOW_MS, seal } from "../../kafka/views/support.ts";
import { RestGateway } from "../support.ts";

const START_MS = NOW_MS;

async function opened() {
  const rest = await RestGateway.open();
  const spec = { name: "telemetry", partitionCount: 2, configs: new Map<string, string>() };
  const topic = rest.kafka.broker.createTopic(spec, () => {});
  if ("error" in topic) throw new Error(topic.message);
  for (let n = 0; n < 40; n++) {
    const partition = topic.partitions[n % 2];
    if (partition === undefined) throw new Error("no partition");
    const timestampMs = START_MS + n * 1_000;
    append(
      partition,
      batchOf(
        [
          { key: n % 4 < 2 ? "a" : "b", value: String(n), timestampMs },
          { key: "c", value: `c${n}`, timestampMs },
        ],
        { compression: n % 5 === 0 ? 4 : 0 },
      ),
    );
    if (n === 20) {
      await rest.clock.settleAll();
      await seal(rest.kafka, topic.partitions);
    }
  }
  await rest.clock.settleAll();
  /** Values of all parts of an answer, and how many parts there were. */
  const read = async (query: string) => {
    const values: unknown[] = [];
    let parts = 0;
    for (
      let path: string | undefined = `/api/topics/telemetry/records${query}`;
      path !== undefined;
      parts++
    ) {
      const answer = await rest.ask(path);
      expect([path, answer.status]).toEqual([path, 200]);
      for (const line of answer.text.split("\n").filter((one) => one !== ""))
        values.push(JSON.parse(line).value);
      path = /^<(.*)>; rel="next"$/.exec(answer.headers.get("link") ?? "")?.[1];
    }
    return { values, parts };
  };
  return { rest, read };
}

const even = Array.from({ length: 20 }, (_, n) => [n * 2, `c${n * 2}`]).flat();
const odd = Array.from({ length: 20 }, (_, n) => [n * 2 + 1, `c${n * 2 + 1}`]).flat();

test("records are read whole, in parts, by partition, offset, time and key, sealed or not, compressed or not", async () => {
  const { rest, read } = await opened();
  expect((await read("")).values).toEqual([...even, ...odd]);
  const inParts = await read("?limit=7");
  expect([inParts.values, inParts.parts > 10]).toEqual([[...even, ...odd], true]);
  expect((await read("?partition=1&limit=9")).values).toEqual(odd);
  expect((await read("?partition=0&offset=37")).values).toEqual(even.slice(37));
  expect((await read("?offset=-3")).values).toEqual([...even.slice(-3), ...odd.slice(-3)]);
  const from = new Date(START_MS + 10_000).toISOString();
  const inTime = (values: readonly (string | number)[]) =>
    values.filter(
      (value) => Number(String(value).replace("c", "")) >= 10 && Number(String(value).replace("c", "")) < 21,
    );
  expect((await read(`?from=${from}&to=${START_MS + 21_000}`)).values).toEqual([
    ...inTime(even),
    ...inTime(odd),
  ]);
  expect((await read("?key=a&limit=3")).values).toEqual([
    ...even.filter((value) => typeof value === "number" && value % 4 < 2),
    ...odd.filter((value) => typeof value === "number" && value % 4 < 2),
  ]);
  expect((await read("?key=c&partition=0&offset=30")).values).toEqual(
    even.slice(30).filter((value) => typeof value === "string"),
  );
  expect((await read("?key=nobody")).values).toEqual([]);
  for (const [query, status, thing] of [
    ["?partition=2", 400, "partition"],
    ["?offset=1", 400, "offset"],
    ["?from=yesterday", 400, "from"],
    ["?at=1", 400, "at"],
    ["?values=xml", 400, "values"],
    ["?limit=10001", 400, "limit"],
  ] as const) {
    const answer = await rest.ask(`/api/topics/telemetry/records${query}`);
    expect([query, answer.status, answer.body.error.thing]).toEqual([query, status, thing]);
  }
  expect((await rest.ask("/api/topics/__consumer_offsets/records")).status).toBe(404);
  await rest.close();
});

test("one record's value is given out as its bytes", async () => {
  const { rest } = await opened();
  const one = await rest.ask("/api/topics/telemetry/records/1/3");
  expect([one.status, one.text, one.headers.get("content-type")]).toEqual([
    200,
    "c3",
    "application/octet-stream",
  ]);
  expect([one.headers.get("x-record-key"), one.headers.get("x-record-timestamp")]).toEqual([
    "c",
    String(START_MS + 3_000),
  ]);
  expect(one.headers.get("content-disposition")).toBe("attachment");
  for (const path of ["1/40", "1/-1", "1/x", "2/0", "0/99999999999999999999"]) {
    const answer = await rest.ask(`/api/topics/telemetry/records/${path}`);
    expect([path, answer.status >= 400 && answer.status < 500]).toEqual([path, true]);
  }
  await rest.close();
});

test("values are decoded from what devices send, and stay bytes where they are something else", async () => {
  const rest = await RestGateway.open();
  rest.kafka.broker.createTopic({ name: "telemetry", partitionCount: 1, configs: new Map() }, () => {});
  const send = (valueBase64: string) =>
    rest.ask("/api/topics/telemetry/records", { method: "POST", body: { valueBase64 } });
  // {"t": 21.5} in CBOR; a SenML pack in JSON; a Sparkplug payload with seq 1 and a metric named "m" of 7; bytes.
  await send(Uint8Array.fromHex("a16174f94d60").toBase64());
  await send(btoa('[{"bn":"press/","n":"t","v":1.5,"t":1700000000}]'));
  await send(Uint8Array.fromHex("12070a016d2003" + "5007" + "1801").toBase64());
  await send(Uint8Array.fromHex("ff00").toBase64());
  const valuesAs = async (form: string) =>
    (await rest.ask(`/api/topics/telemetry/records?values=${form}`)).text
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { value?: unknown; valueBase64?: string });
  const [cbor, , , other] = await valuesAs("cbor");
  expect([cbor?.value, other?.valueBase64]).toEqual([{ t: 21.5 }, "/wA="]);
  expect((await valuesAs("senml"))[1]?.value).toEqual([{ n: "press/t", v: 1.5, t: 1_700_000_000 }]);
  expect((await valuesAs("sparkplug"))[2]?.value).toMatchObject({
    seq: 1,
    metrics: [{ name: "m", value: 7 }],
  });
  await rest.close();
});
