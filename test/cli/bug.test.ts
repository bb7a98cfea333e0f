import { expect, test } from "bun:test";
import { join } from "node:path";
import { EXIT } from "../../src/cli/exit-codes.ts";

const PROGRAM = join(import.meta.dirname, "programs/throws-later.ts");

test.each([
  ["exception", "an invariant is broken"],
  ["rejection", "nobody waits for this"],
])("an error that nobody caught ends the process with one line of the log (%s)", async (bug, message) => {
  const child = Bun.spawn([process.execPath, PROGRAM], {
    env: { ...process.env, BUG: bug },
    stdout: "pipe",
    stderr: "pipe",
  });
  expect(await child.exited).toBe(EXIT.bug);
  const lines = (await new Response(child.stderr).text()).trim().split("\n");
  const errors = lines.map((line) => JSON.parse(line)).filter(({ level }) => level === "error");
  expect(errors).toEqual([expect.objectContaining({ error: expect.stringContaining(message) })]);
});
