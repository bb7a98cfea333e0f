import { describe, expect, test } from "bun:test";
import { MAX_OTHER_LOGS, OtherLogs } from "../../../src/cli/merge-check/other-logs.ts";

function crowd(logs: OtherLogs, ours: string): void {
  for (let n = 0; n < 2 * MAX_OTHER_LOGS; n += 1) logs.count(`stranger-${n}`, "s/0", ours);
}

describe("other logs at the centre", () => {
  test("of the gateway that is compared are counted, whoever else is there", () => {
    const logs = new OtherLogs(new Set());
    logs.count("us", "old/0", "");
    logs.count("us", "old/0", "us");
    logs.count("them", "x/0", "us");
    logs.count("", "y/0", "us");
    expect(logs.of("us")).toEqual({ "old/0": 2 });
    expect(logs.of("them")).toEqual({});
  });

  test("keep their room where strangers come before it is known who is meant", () => {
    const logs = new OtherLogs(new Set(["headwater.us.main"]));
    crowd(logs, "");
    logs.count("us", "old/0", "");
    logs.count("us", "old/1", "us");
    expect(logs.of("us")).toEqual({ "old/0": 1, "old/1": 1 });
  });

  test("get it back once that is known", () => {
    const logs = new OtherLogs(new Set());
    crowd(logs, "");
    logs.count("us", "old/0", "");
    expect(logs.of("us")).toEqual({});
    logs.count("us", "old/0", "us");
    expect(logs.of("us")).toEqual({ "old/0": 1 });
  });

  test("are bounded", () => {
    const logs = new OtherLogs(new Set());
    for (let n = 0; n < MAX_OTHER_LOGS + 5; n += 1) logs.count("us", `l/${n}`, "us");
    expect(Object.keys(logs.of("us"))).toHaveLength(MAX_OTHER_LOGS);
  });
});
