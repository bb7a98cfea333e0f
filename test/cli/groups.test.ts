import { afterAll, beforeAll, expect, test } from "bun:test";
import { rangesOf } from "../../src/kafka/client/group-member.ts";
import { type Headwater, headwaterCommand, startHeadwater } from "../support/headwater.ts";

// Groups by the command line, against a gateway in another process.

let gateway: Headwater;

beforeAll(async () => {
  gateway = await startHeadwater({
    settings: { "num.partitions": "4", "group.initial.rebalance.delay.ms": "0" },
  });
}, 40_000);

afterAll(() => gateway?.dispose(), 30_000);

function start(command: string, args: readonly string[] = [], stdin = "") {
  return Bun.spawn([...headwaterCommand(), ...command.split(" "), ...args, "-b", gateway.kafka], {
    stdin: Buffer.from(stdin),
    stdout: "pipe",
    stderr: "pipe",
  });
}

async function run(command: string, args: readonly string[] = [], stdin = "") {
  const child = start(command, args, stdin);
  const [out, err] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  return { code: await child.exited, out, err };
}

async function describeGroup(name: string) {
  return JSON.parse((await run(`group describe ${name} -o json`)).out);
}

const lines = (text: string) => text.split("\n").filter((line) => line !== "");

test("a group goes on where it stopped, can be set back, and deleted once nobody reads", async () => {
  const written = Array.from({ length: 100 }, (_, index) => `reading ${index}`);
  await run("produce progress", ["-p", "1"], `${written.join("\n")}\n`);
  const first = await run("consume progress -G steps --from earliest -n 40");
  expect(lines(first.out)).toEqual(written.slice(0, 40));
  const second = await run("consume progress -G steps -e");
  expect(lines(second.out)).toEqual(written.slice(40));

  const group = await describeGroup("steps");
  expect(group).toMatchObject({ id: "steps", type: "classic", state: "Empty", members: [] });
  expect(group.partitions).toEqual([
    { topic: "progress", partition: 1, committed: 100, end: 100, lag: 0, member: null },
  ]);
  const listed = JSON.parse((await run("group list -o json")).out);
  expect(listed).toContainEqual({ id: "steps", type: "classic", protocolType: "consumer", state: "Empty" });

  const dry = await run("group reset-offsets steps progress --to 90 -p 1 --dry-run -o json");
  expect(JSON.parse(dry.out)).toMatchObject({
    changed: false,
    offsets: [{ partition: 1, from: 100, to: 90 }],
  });
  expect((await describeGroup("steps")).partitions[0].committed).toBe(100);
  // Beyond the end is the end.
  await run("group reset-offsets steps progress --to 5000 -p 1");
  expect((await describeGroup("steps")).partitions[0].committed).toBe(100);
  await run("group reset-offsets steps progress --to 90 -p 1");
  expect(lines((await run("consume progress -G steps -e")).out)).toEqual(written.slice(90));

  expect((await run("group delete steps --topic progress")).code).toBe(0);
  expect((await describeGroup("steps")).partitions).toEqual([]);
  expect((await run("group delete steps")).code).toBe(0);
  expect(await run("group delete steps")).toMatchObject({ code: 1 });
  expect(await run("group delete steps --if-exists")).toMatchObject({
    code: 0,
    out: "there is no group steps\n",
  });
  expect(await run("group describe steps")).toMatchObject({ code: 1, out: "" });
}, 60_000);

test("two members share a topic, and a member's leaving gives all to the other", async () => {
  await run("topic create shared -p 4");
  const members = [start("consume shared -G pair -f %p\\n"), start("consume shared -G pair -f %p\\n")];
  const outputs = members.map((member) => new Response(member.stdout).text());
  await settled("pair", 2);
  const resetting = await run("group reset-offsets pair shared --to earliest");
  expect(resetting).toMatchObject({ code: 1, out: "" });
  expect(resetting.err).toContain("it has members");
  expect((await run("group delete pair")).err).toContain("it has members");
  for (const partition of [0, 1, 2, 3]) await run(`produce shared -p ${partition} -v x`);
  await caughtUp("pair", 4);
  members[0]?.kill("SIGINT");
  expect(await members[0]?.exited).toBe(0);
  await settled("pair", 1);
  for (const partition of [0, 1, 2, 3]) await run(`produce shared -p ${partition} -v y`);
  await caughtUp("pair", 8);
  members[1]?.kill("SIGINT");
  expect(await members[1]?.exited).toBe(0);
  const [first, second] = (await Promise.all(outputs)).map(lines) as [string[], string[]];
  expect(first).toHaveLength(2);
  expect(second).toHaveLength(6);
  expect([...first, ...second].toSorted().join("")).toBe("00112233");
}, 90_000);

test("what a command can't do is told with the remedy", async () => {
  expect((await run("consume progress -G g -p 0")).err).toContain("the group shares partitions out");
  expect((await run("group reset-offsets g progress")).err).toContain("--to is missing");
  expect((await run("group reset-offsets g progress --to soon")).code).toBe(2);
  expect((await run("group reset-offsets g nowhere --to earliest")).err).toContain(
    "there is no topic nowhere",
  );
  expect((await run("topic alter progress")).err).toContain("nothing to change");
}, 30_000);

test("a topic's configuration and partitions are changed while it is used", async () => {
  await run("topic create changing -p 1 --config retention.ms=1000");
  await run("topic alter changing -p 3 --config segment.bytes=2097152 --default retention.ms");
  const described = JSON.parse((await run("topic describe changing -o json")).out);
  expect(described.partitions).toHaveLength(3);
  expect(described.configs).toEqual({ "segment.bytes": "2097152" });
  expect((await run("topic alter changing -p 2")).err).toContain("INVALID_PARTITIONS");
  expect((await run("topic alter changing --config segment.bytes=x")).err).toContain("INVALID_CONFIG");
  expect((await run("produce changing -p 2 -v there")).code).toBe(0);
}, 30_000);

test("the leader gives ranges, the first members one partition more", () => {
  expect([...rangesOf(["a", "b", "c"], 8).values()]).toEqual([
    [0, 1, 2],
    [3, 4, 5],
    [6, 7],
  ]);
  expect([...rangesOf(["a", "b"], 1).values()]).toEqual([[0], []]);
});

/** Waits until the group has so many members, and each its share. */
async function settled(group: string, members: number): Promise<void> {
  await until(async () => {
    const { state, members: found } = await describeGroup(group);
    return state === "Stable" && found.length === members;
  });
}

/** Waits until so many records in all are committed. */
async function caughtUp(group: string, count: number): Promise<void> {
  await until(async () => {
    const { partitions } = await describeGroup(group);
    const committed = partitions.map((partition: { committed: number }) => Math.max(0, partition.committed));
    return committed.reduce((sum: number, offset: number) => sum + offset, 0) === count;
  });
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 100; tries += 1) {
    if (await holds().catch(() => false)) return;
    await Bun.sleep(100);
  }
  throw new Error("it did not come to that");
}
