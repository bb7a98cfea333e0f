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
