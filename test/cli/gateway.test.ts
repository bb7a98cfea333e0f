import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type Headwater, headwaterCommand, startHeadwater } from "../support/headwater.ts";

// The commands as processes of their own, against a gateway in another.

let gateway: Headwater;

beforeAll(async () => {
  gateway = await startHeadwater({ settings: { "num.partitions": "2" } });
}, 40_000);

afterAll(() => gateway?.dispose(), 30_000);

interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function headwater(args: readonly string[], stdin = ""): Promise<Outcome> {
  const child = Bun.spawn([...headwaterCommand(), ...args], {
    stdin: Buffer.from(stdin),
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, err] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  return { code: await child.exited, out, err };
}

const client = (command: string, args: readonly string[] = [], stdin = "") =>
  headwater([...command.split(" "), ...args, "-b", gateway.kafka], stdin);

describe("topics", () => {
  test("from creation to deletion", async () => {
    const created = await client("topic create life -p 3 --config retention.ms=1000000");
    expect(created).toMatchObject({ code: 0, out: "topic life created\n" });
    expect(await client("topic create life")).toMatchObject({
      code: 1,
      err: "the topic life exists already\n",
    });
    expect(await client("topic create life --if-not-exists")).toMatchObject({ code: 0 });
    const described = JSON.parse((await client("topic describe life -o json")).out);
    expect(described.partitions).toHaveLength(3);
    expect(described.configs).toEqual({ "retention.ms": "1000000" });
    const names = JSON.parse((await client("topic list -o json")).out).map(
      ({ name }: { name: string }) => name,
    );
    expect(names).toContain("life");
    expect(await client("topic delete life")).toMatchObject({ code: 0 });
    expect(await client("topic delete life")).toMatchObject({ code: 1 });
    expect(await client("topic delete life --if-exists")).toMatchObject({ code: 0 });
    expect(await client("topic describe life")).toMatchObject({ code: 1 });
  }, 30_000);

  test("what the broker refuses is told in its words", async () => {
    const { code, err } = await client("topic create bad --config retention.ms=x");
    expect(code).toBe(1);
    expect(err).toContain("INVALID_CONFIG");
    expect((await client("topic create a/b")).err).toContain("INVALID_TOPIC_EXCEPTION");
  }, 20_000);
});

describe("records", () => {
  test("lines with keys, headers and a timestamp come back as they went", async () => {
    const now = Date.now();
    const args = ["-K", ":", "-H", "site=a", "--timestamp", String(now), "-z", "zstd"];
    const { code, out } = await client("produce lines", args, "k1:one\nk2:two:2\nplain\nk1:three");
    expect([code, out.startsWith("4 records to lines: ")]).toEqual([0, true]);
    const all = await client("consume lines --from earliest -e", ["-f", "%k=%s %h %T\\n"]);
    expect(all.code).toBe(0);
    expect(all.out.trimEnd().split("\n").toSorted()).toEqual([
      `=plain site=a ${now}`,
      `k1=one site=a ${now}`,
      `k1=three site=a ${now}`,
      `k2=two:2 site=a ${now}`,
    ]);
    const one = await client("consume lines --from 1h -e -k k1");
    expect(one.out).toBe("one\nthree\n");
    expect((await client("consume lines --from earliest -n 2")).out.trimEnd().split("\n")).toHaveLength(2);
  }, 30_000);

  test("values of the command line, one partition, the end by count, tail and time", async () => {
    const { out } = await client("produce parts -p 1 -v a -v b -v c -o json");
    expect(JSON.parse(out)).toEqual({
      topic: "parts",
      records: 3,
      partitions: [{ partition: 1, records: 3, firstOffset: 0, lastOffset: 2 }],
    });
    expect((await client("consume parts --tail 2 -e")).out).toBe("b\nc\n");
    expect((await client("consume parts -p 0 --from earliest -e")).out).toBe("");
    expect((await client("consume parts -p 1 --from 1 -n 1")).out).toBe("b\n");
    expect((await client("consume parts --from 2100-01-01 -e")).out).toBe("");
    expect((await client("consume parts -p 2")).code).toBe(2);
  }, 30_000);

  test("empty values are empty, or null where asked for", async () => {
    await client("produce nulls -k a -p 0", [], "\n");
    await client("produce nulls -k b -p 0 --tombstones", [], "\n");
    const { out } = await client("consume nulls --from earliest -e", ["-f", "%k %S\\n"]);
    expect(out).toBe("a 0\nb -1\n");
  }, 20_000);

  test("many lines arrive once each and in order", async () => {
    const text = `${Array.from({ length: 50_000 }, (_, index) => `line ${index}`).join("\n")}\n`;
    expect((await client("produce many -p 0", [], text)).out).toBe(
      "50000 records to many: partition 0 to offset 49999\n",
    );
    expect((await client("consume many --from earliest -e")).out).toBe(text);
  }, 30_000);

  test("a topic that is not there, a broker that is not there", async () => {
    expect(await client("consume nowhere")).toMatchObject({ code: 1, out: "" });
    const lost = await headwater(["topic", "list", "-b", "127.0.0.1:1"]);
    expect([lost.code, lost.out]).toEqual([3, ""]);
    expect(lost.err).toContain("127.0.0.1:1");
  }, 20_000);

  test("a reader that has seen enough ends the command quietly", async () => {
    const command = [
      ...headwaterCommand(),
      "consume",
      "many",
      "--from",
      "earliest",
      "-e",
      "-b",
      gateway.kafka,
    ];
    const shell = Bun.spawn(["sh", "-c", `${command.join(" ")} | head -n 1`], {
      stdout: "pipe",
      stderr: "pipe",
    });
    const [out, err] = await Promise.all([
      new Response(shell.stdout).text(),
      new Response(shell.stderr).text(),
    ]);
    expect([out, err]).toEqual(["line 0\n", ""]);
  }, 20_000);
});

describe("serve as a process", () => {
  const serve = (...args: string[]) =>
    headwater(["serve", "--kafka", "127.0.0.1:0", "--mqtt", "127.0.0.1:0", "--http", "127.0.0.1:0", ...args]);

  test("a second gateway on the same folder ends with 4", async () => {
    const { code, out } = await serve("--data", gateway.dataFolder);
    expect([code, out]).toEqual([4, ""]);
  }, 20_000);

  test("a port that is taken ends with 6, whichever door it is", async () => {
    for (const [door, taken] of [
      ["kafka", gateway.kafka],
      ["mqtt", gateway.mqtt],
      ["http", gateway.http],
    ] as const) {
      const others = ["kafka", "mqtt", "http"]
        .filter((name) => name !== door)
        .flatMap((name) => [`--${name}`, "off"]);
      const data = `${gateway.dataFolder}-${door}`;
      const { code, out, err } = await headwater(["serve", "--data", data, `--${door}`, taken, ...others]);
      expect([door, code, out]).toEqual([door, 6, ""]);
      expect(err).toContain(taken.split(":")[1] ?? "");
      await Bun.$`rm -rf ${data}`;
    }
  }, 40_000);

  test("status, metrics and readiness come from the running gateway", async () => {
    expect(await (await fetch(`http://${gateway.http}/readyz`)).text()).toBe("ready\n");
    const metrics = await (await fetch(`http://${gateway.http}/metrics`)).text();
    expect(metrics).toMatch(/^kafka_server_brokertopicmetrics_messagesin_total\{door="kafka"\} [1-9]/m);
    expect(metrics).toMatch(/^headwater_commit_seconds_count [1-9]/m);
    expect(metrics).toMatch(/^process_resident_memory_bytes [1-9]/m);
    expect(metrics).toMatch(/^kafka_coordinator_group_groupmetadatamanager_numgroups\{type="classic"\} 0$/m);
    expect(metrics).toMatch(/^headwater_transactions_open 0$/m);
    const uplink = await headwater(["uplink", "status", "--http", gateway.http]);
    expect([uplink.code, uplink.out.endsWith("has no uplink\n")]).toEqual([0, true]);
  }, 20_000);
});
