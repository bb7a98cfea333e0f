import { expect, test } from "bun:test";
import { merged, type Result } from "./results.ts";

const result = (client: string, feature: string, how: Result["result"]): Result => ({
  client,
  feature,
  result: how,
});

test("a run of a part leaves the results of the others", () => {
  const before = [result("kcat", "reads", "passed"), result("kcat", "writes", "failed")];
  expect(merged(before, [result("kcat", "writes", "passed"), result("java", "reads", "failed")])).toEqual([
    result("kcat", "reads", "passed"),
    result("kcat", "writes", "passed"),
    result("java", "reads", "failed"),
  ]);
});

test("what was skipped takes no result back", () => {
  const before = [result("kcat", "reads", "failed")];
  const skipped = [result("kcat", "reads", "skipped"), result("kcat", "writes", "skipped")];
  expect(merged(before, skipped)).toEqual([
    result("kcat", "reads", "failed"),
    result("kcat", "writes", "skipped"),
  ]);
});
