import { afterAll, beforeAll, expect, test } from "bun:test";
import { silentLogger } from "../../src/base/logger.ts";
import { DEAD_LETTER_HEADERS } from "../../src/coordinators/dead-letters/letter.ts";
import { HttpDoor } from "../../src/http/door.ts";
import { Registry } from "../../src/metrics/registry.ts";
import { BatchBuilder, encodeHeaders } from "../../src/records/builder.ts";
import { accessOf, QUIET, RestGateway } from "../http/support.ts";
import { run } from "./support.ts";

const DEAD = "dlq.jobs";
let rest: RestGateway;
let door: HttpDoor;
let ticking: ReturnType<typeof setInterval>;

/** Appends a letter about a record of a topic, given up by a group. */
async function letter(topic: string, group: string, reason: string): Promise<void> {
  const { clock, kafka } = rest;
  const builder = new BatchBuilder();
  const texts: readonly (readonly [string, string])[] = [
    [DEAD_LETTER_HEADERS.TOPIC, topic],
    [DEAD_LETTER_HEADERS.PARTITION, "0"],
    [DEAD_LETTER_HEADERS.OFFSET, "5"],
    [DEAD_LETTER_HEADERS.GROUP, group],
    [DEAD_LETTER_HEADERS.DELIVERY_COUNT, "3"],
    [DEAD_LETTER_HEADERS.MESSAGE, reason],
  ];
  const headers = texts.map(([key, value]) => ({ key, value: Buffer.from(value) }));
  builder.append(clock.nowMs(), Buffer.from("k"), Buffer.from("v"), encodeHeaders(headers));
  const batch = builder.build();
  kafka.broker.partition(DEAD, 0)?.append(batch, 0, batch.length, clock.nowMs(), "client");
  await clock.settleAll();
}

beforeAll(async () => {
  rest = await RestGateway.open();
  for (const name of ["jobs", DEAD]) {
    rest.kafka.broker.createTopic({ name, partitionCount: 1, configs: new Map() }, () => {});
  }
  await rest.clock.settleAll();
  const gateway = () => rest.gateway;
  const common = {
    source: QUIET,
    access: accessOf(),
    metrics: new Registry(),
    logger: silentLogger,
    gateway,
  };
  door = new HttpDoor({ host: "127.0.0.1", port: 0, ...common });
  // The simulated disk is done when its clock has had a turn.
  ticking = setInterval(() => void rest.clock.settleAll(), 1);
});

afterAll(async () => {
  clearInterval(ticking);
  await door.stop(true);
  await rest.close();
});

const headwater = (line: string) => run([...line.split(" "), "--http", `127.0.0.1:${door.port}`]);

test("letters are listed with why, and go back once", async () => {
  expect((await headwater("dead-letter list")).out).toMatch(/^dlq\.mqtt +- +- +\(MQTT\)$/m);
  expect(await headwater(`dead-letter list ${DEAD}`)).toMatchObject({
    code: 0,
    out: `no such dead letter is in ${DEAD}\n`,
  });
  for (const [topic, group] of [
    ["jobs", "a"],
    ["jobs", "b"],
    ["gone", "a"],
    ["jobs", "a"],
  ] as const) {
    await letter(topic, group, "it is\u001b bad");
  }
  const { out } = await headwater(`dead-letter list ${DEAD} --group a -n 2`);
  expect(out.split("\n").slice(1, -1)).toEqual([
    expect.stringMatching(/^0:0 +\S+Z +jobs 0:5 +k +a +3 +0 +it is {2}bad$/),
    expect.stringMatching(/^0:2 +\S+Z +gone 0:5 +k +a +3 +0 +it is {2}bad$/),
  ]);
  expect(await headwater(`dead-letter redrive ${DEAD} --letter 0:1 --letter 0:0 --dry-run`)).toEqual({
    code: 0,
    out: "2 dead letters would be redriven\n  2 to jobs-0\n",
    err: "",
  });
  expect((await headwater(`dead-letter redrive ${DEAD} --letter 0:1`)).out).toContain(
    "1 dead letters redriven",
  );
  expect(await headwater(`dead-letter redrive ${DEAD} --letter 0:1`)).toMatchObject({
    code: 0,
    out: "0 dead letters redriven\n1 had been redriven before\n",
  });
  expect(await headwater(`dead-letter redrive ${DEAD}`)).toEqual({
    code: 1,
    out: "2 dead letters redriven\n  2 to jobs-0\n",
    err: "0:2 stays: there is no partition 0 of gone any more\n",
  });
  const waiting = JSON.parse((await headwater(`dead-letter list ${DEAD} --waiting -o json`)).out);
  expect(waiting.map(({ offset }: { readonly offset: number }) => offset)).toEqual([2]);
  expect(rest.kafka.broker.partition("jobs", 0)?.log.highWatermark as number).toBe(3);
});

test("a limit is kept over as many parts as it takes", async () => {
  for (let n = 0; n < 5; n++) await letter("jobs", "c", "bad");
  const { out } = await headwater(`dead-letter redrive ${DEAD} --group c -n 3 -o json`);
  expect(JSON.parse(out)).toMatchObject({ redriven: 3, refusedCount: 0 });
  expect((await headwater(`dead-letter redrive ${DEAD} --group c`)).out).toContain("2 dead letters redriven");
});

test("a command line that says two things, or nothing, is refused", async () => {
  const refused = ["--letter x", "--letter 0:1 --limit 2", "--limit 0"];
  for (const more of refused) expect((await headwater(`dead-letter redrive ${DEAD} ${more}`)).code).toBe(2);
  expect((await headwater("dead-letter list --group a")).code).toBe(2);
  expect((await headwater("dead-letter list nowhere")).err).toContain("topic nowhere");
});
