import { describe, expect, test } from "bun:test";
import { readRows, VERSIONS } from "./rows.ts";
import { failureOf } from "./run.ts";

const rows = readRows();

for (const version of VERSIONS) {
  describe(`MQTT ${version}`, () => {
    for (const { id, says, status } of rows.filter((row) => row.version === version)) {
      const name = `${id}: ${says}`;
      if (status.is === "tested") {
        test(name, async () => expect(await failureOf(status.steps)).toBeNull());
      } else if (status.is === "pending") {
        // Bun leaves these out, and tells of those that pass when it is asked for them: bun test --todo.
        test.todo(name, async () => expect(await failureOf(status.steps)).toBeNull());
      }
    }
  });
}
