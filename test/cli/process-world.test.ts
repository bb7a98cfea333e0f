import { expect, test } from "bun:test";
import { resolve } from "node:path";

const TOP = resolve(import.meta.dirname, "../..");

/** `headwater serve` with a gateway that never finishes stopping, so that only a second signal ends it. */
const STUCK = `
import { runCli } from "${TOP}/src/cli/cli.ts";
import { processWorld } from "${TOP}/src/cli/process-world.ts";
const runBroker = async () => ({ addresses: {}, stop: () => new Promise(() => {}), failed: new Promise(() => {}) });
process.exit(await runCli(["serve"], processWorld("1", runBroker)));
`;

/** Reads until `text` has come. */
async function until(stream: ReadableStream<Uint8Array<ArrayBuffer>>, text: string): Promise<void> {
  const reader = stream.getReader();
  let seen = "";
  while (!seen.includes(text)) {
    const { done, value } = await reader.read();
    if (done) throw new Error(`ended before ${JSON.stringify(text)}: ${seen}`);
    seen += Buffer.from(value).toString();
  }
}

for (const [first, second, code] of [
  ["SIGTERM", "SIGTERM", 143],
  ["SIGTERM", "SIGINT", 130],
  ["SIGINT", "SIGINT", 130],
] as const) {
  test(`${first}, then ${second} ends the process at once with ${code}`, async () => {
    const child = Bun.spawn([process.execPath, "-e", STUCK], { stdout: "pipe", stderr: "pipe" });
    try {
      await until(child.stdout, "ready\n");
      child.kill(first);
      await until(child.stderr, "stopping");
      child.kill(second);
      expect(await child.exited).toBe(code);
    } finally {
      child.kill("SIGKILL");
    }
  }, 20_000);
}

/** Runs a program in a terminal of its own, and types each answer behind its question. */
async function typed(code: string, answers: readonly (readonly [string, string])[]): Promise<string> {
  let seen = "";
  let from = 0;
  let next = 0;
  const child = Bun.spawn([process.execPath, "-e", code], {
    terminal: {
      data: (terminal, bytes) => {
        seen += new TextDecoder().decode(bytes);
        const [question, answer] = answers[next] ?? [];
        if (question === undefined || !seen.slice(from).includes(question)) return;
        from = seen.length;
        next += 1;
        terminal.write(answer ?? "");
      },
    },
  });
  await child.exited;
  child.terminal?.close();
  return seen;
}

test("on a terminal secrets are asked for one after the other, between other questions, and not shown", async () => {
  const code = `
    import { processWorld } from "${TOP}/src/cli/process-world.ts";
    const world = processWorld("1", () => {}, () => {});
    const said = [await world.ask("Name:"), await world.askSecret("One: "), await world.askSecret("Two: ")];
    console.log("said " + JSON.stringify(said));
    process.exit(0);`;
  const seen = await typed(code, [
    ["Name:", "plant-7\n"],
    ["One:", "brackisx\u007fh\r"],
    ["Two:", "water\r"],
  ]);
  expect(seen).toContain('said ["plant-7","brackish","water"]');
  expect(seen.replace(/said .*/, "")).not.toContain("brackish");
  const pasted = await typed(code, [
    ["Name:", "plant-7\n"],
    ["One:", "a\rb\r"],
  ]);
  expect(pasted).toContain('said ["plant-7","a","b"]');
}, 20_000);
