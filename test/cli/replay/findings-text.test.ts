import { afterAll, expect, test } from "bun:test";
import { ZERO_UUID } from "../../../src/base/ids.ts";
import { EXIT } from "../../../src/cli/exit-codes.ts";
import type { ComparisonReport } from "../../../src/cli/merge-check/log-comparison.ts";
import type { TopicReport } from "../../../src/cli/merge-check/topic-check.ts";
import { mergeCheckText } from "../../../src/cli/merge-check.ts";
import { findingsText } from "../../../src/cli/replay/findings-text.ts";
import { GapEntries } from "../../../src/cli/replay/gap-entries.ts";
import { OriginReader } from "../../../src/cli/replay/origin.ts";
import { Proof } from "../../../src/cli/replay/proof.ts";
import { verdictText } from "../../../src/cli/replay/verdict.ts";
import { run } from "../support.ts";

const TWICE = 300;
const NONE = { count: 0, listed: [] };
const COMPARISON: ComparisonReport = {
  ...{ partition: 0, records: 0, there: 0, waiting: 0, known: [], knownCount: 0, missing: NONE, twice: NONE },
  ...{ outOfOrder: NONE, otherContent: NONE, otherTime: NONE, extra: NONE, otherHistories: 0, older: 0 },
  olderMissing: NONE,
  leftOut: null,
  uncounted: 0,
};
const TOPIC: TopicReport = {
  ...{ local: "telemetry", central: "telemetry", topicId: ZERO_UUID, gateway: "g", positionKnown: true },
  ...{ undecided: false, partitions: [COMPARISON], otherLogs: {} },
};
const STRICT = { times: false, missing: false };
const web = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response("hello") });

afterAll(() => web.stop(true));

test("what is not listed counts whole, also what the report itself does not list", () => {
  const listed = Array.from({ length: 100 }, (_, offset) => ({
    ...{ offset, centralPartition: 0, centralOffset: TWICE + offset },
  }));
  const partitions = [{ ...COMPARISON, records: TWICE, there: TWICE, twice: { count: TWICE, listed } }];
  const text = mergeCheckText("unaccounted", [{ ...TOPIC, partitions }], STRICT);
  expect(text.split("\n").filter((line) => line.includes(" again, at "))).toHaveLength(20);
  expect(text).toEndWith("\nand 280 more\n");
});

test("so it does of a proof", () => {
  const proof = new Proof({ fromMs: -Infinity, toMs: Infinity, devices: new Set(), gateway: null });
  const origin = new OriginReader();
  for (let record = 0; record < TWICE * 2; record += 1) {
    Object.assign(origin, { gateway: "g", log: "L/0", offset: record % TWICE, timeMs: record });
    proof.take(origin, "telemetry", 0, record, false);
  }
  const text = verdictText({
    ...{ level: "log", logs: proof.report("log", new GapEntries("telemetry")), refused: [] },
    ...{
      absent: { asked: 0, devices: [] },
      withoutOrigin: 0,
      undecided: false,
      deleted: 0,
      compacted: false,
    },
  });
  expect(text.split("\n").filter((line) => line.includes(" again, at "))).toHaveLength(20);
  expect(text).toEndWith("\nand 280 more\n");
});

test("ranges count their records, and what is no record is counted apart", () => {
  const note = { text: "note", records: 0 };
  const range = { text: "0 to 9 missing", records: 10 };
  const lines = [...Array.from({ length: 19 }, () => range), note];
  expect(findingsText(lines, 190)).toEndWith("missing\nnote\n");
  expect(findingsText([...lines, range], 200)).toEndWith("note\nand 10 more\n");
  expect(findingsText([...lines, note], 190)).toEndWith("note\nand 1 more entry or note\n");
  expect(findingsText([...lines, range, note, note], 230)).toEndWith(
    "and 40 more, and 2 more entries and notes\n",
  );
});

test("nobody has to know a position of a topic without a record", () => {
  const words = "telemetry: the centre knows no position of an uplink\n";
  const textWith = (part: Partial<ComparisonReport>) =>
    mergeCheckText(
      "the same",
      [
        {
          ...TOPIC,
          positionKnown: false,
          partitions: [COMPARISON, { ...COMPARISON, ...part, partition: 1 }],
        },
      ],
      STRICT,
    );
  expect(textWith({})).not.toContain("position");
  expect(textWith({ records: 1, waiting: 1 })).toEndWith(words);
  expect(textWith({ older: 1 })).toEndWith(words);
});

test("a port of HTTP in place of Kafka's is called by its name", async () => {
  const { code, err } = await run(["replay", "-b", `127.0.0.1:${web.port}`, "-t", "telemetry"]);
  expect(code).toBe(EXIT.unreachable);
  expect(err).toContain("answers HTTP, which is not Kafka's protocol; is it the port of Kafka's listener?");
  expect(err).not.toContain("TLS");
});
