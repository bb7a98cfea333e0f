import { describe, expect, test } from "bun:test";
import { BrokerWorld } from "./broker-world.ts";
import { readRows, VERSIONS } from "./rows.ts";
import { failureOf } from "./run.ts";
import type { Step } from "./steps.ts";

const rows = readRows();

for (const version of VERSIONS) {
  describe(`MQTT ${version}`, () => {
    for (const { id, says, status } of rows.filter((row) => row.version === version)) {
      const name = `${id}: ${says}`;
      if (status.is === "tested") {
        test(name, () => holds(status.steps));
      } else if (status.is === "pending") {
        // Bun leaves these out, and tells of those that pass when it is asked for them: bun test --todo.
        test.todo(name, () => holds(status.steps));
      }
    }
  });
}

describe("on a whole broker", () => {
  for (const { version, id, status } of rows) {
    if (status.is !== "tested" || status.steps.some(needsLogsThatObey)) continue;
    test(`${id} of MQTT ${version}`, async () => {
      expect(await failureOf(status.steps, BrokerWorld.start)).toBeNull();
    });
  }
});

/** Whether a step says what the log does, which a whole one does not. */
function needsLogsThatObey(step: Step): boolean {
  return step.kind === "refuse" || (step.kind === "round" && step.topic !== null);
}

async function holds(steps: readonly Step[]): Promise<void> {
  expect(await failureOf(steps)).toBeNull();
  // A frame of WebSocket holds what one chunk was answered with: there the chunks are part of the script.
  if (steps.some((step) => step.kind === "web")) return;
  const byteByByte = await failureOf(steps, undefined, 1);
  expect(byteByByte).toBeNull();
}
