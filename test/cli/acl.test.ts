import { afterAll, beforeAll, expect, test } from "bun:test";
import { type Headwater, startHeadwater } from "../support/headwater.ts";
import { run } from "./support.ts";

// Rules by the command line, against a gateway in another process.

let gateway: Headwater;

beforeAll(async () => {
  gateway = await startHeadwater({
    settings: { "kafka.authorizer": "acl", "security.super.users": '["ANONYMOUS"]' },
  });
}, 40_000);

afterAll(() => gateway?.dispose(), 30_000);

const ask = (...args: readonly string[]) => run(["acl", ...args, "-b", gateway.kafka]);

async function rows(...args: readonly string[]): Promise<string[]> {
  const { out, code } = await ask(...args, "-o", "json");
  expect(code).toBe(0);
  const rules = JSON.parse(out) as Record<string, string>[];
  return rules.map(
    ({ principal, permission, operation, resource, name, host }) =>
      `${permission} ${principal} ${operation} ${resource} ${name} ${host}`,
  );
}

test("rules are added, listed and removed", async () => {
  expect(
    await rows("add", "anna", "--allow", "read,describe-configs", "-t", "telemetry", "-g", "anna-*"),
  ).toEqual([
    "allow User:anna read topic telemetry *",
    "allow User:anna read group anna-* *",
    "allow User:anna describe-configs topic telemetry *",
    "allow User:anna describe-configs group anna-* *",
  ]);
  await ask("add", "*", "--deny", "DELETE", "--topic", "*", "--host", "10.0.0.7");
  await ask("add", "ben", "--allow", "cluster_action", "--cluster");
  expect((await rows("ls")).length).toBe(6);
  expect(await rows("ls", "ben")).toEqual(["allow User:ben cluster-action cluster kafka-cluster *"]);
  expect(await rows("ls", "--topic", "telemetry")).toHaveLength(2);
  expect(await rows("ls", "--topic", "telemetry", "--concerning")).toContain(
    "deny User:* delete topic * 10.0.0.7",
  );
  const shown = await ask("ls", "ben");
  expect(shown.out).toContain("User:ben   allow       cluster-action  cluster");
  expect(await rows("remove", "anna", "--allow", "read", "--topic", "telemetry")).toEqual([
    "allow User:anna read topic telemetry *",
  ]);
  expect(await rows("remove", "anna", "--group", "anna-*")).toHaveLength(2);
  expect(await rows("remove", "anna", "--all")).toHaveLength(1);
  const again = await ask("remove", "anna", "--all");
  expect([again.code, again.err]).toEqual([1, "there is no such rule\n"]);
  expect(await rows("ls")).toHaveLength(2);
}, 30_000);

test("what makes no sense is refused before anything is asked", async () => {
  for (const [words, reason] of [
    [["add", "anna"], "nothing is named"],
    [["add", "anna", "--allow", "peek", "--topic", "t"], "there is no such operation"],
    [["add", "anna", "--allow", "read", "--topic", ""], "--topic needs a name"],
    [["remove", "anna"], "name a resource"],
    [["remove", "anna", "--all", "--topic", "t"], "--all goes with nothing else"],
  ] as const) {
    const { code, err } = await ask(...words);
    expect([code, err]).toEqual([2, expect.stringContaining(reason)]);
  }
}, 30_000);
