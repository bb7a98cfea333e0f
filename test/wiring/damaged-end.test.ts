import { expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { batchSizeBytes, completeBatchSizeBytes } from "../../src/records/batch.ts";
import { type Headwater, headwaterCommand, startHeadwater } from "../support/headwater.ts";

const LINES = Array.from({ length: 30 }, (_, i) => `value ${i}`);

/** Runs a command of the command line against the gateway. */
async function run(gateway: Headwater, words: readonly string[], input = "") {
  const child = Bun.spawn([...headwaterCommand(), ...words, "-b", gateway.kafka], {
    stdin: new TextEncoder().encode(input),
    stdout: "pipe",
    stderr: "pipe",
  });
  const late = setTimeout(() => child.kill("SIGKILL"), 20_000);
  const [out, code] = await Promise.all([new Response(child.stdout).text(), child.exited]);
  clearTimeout(late);
  return { out: out.trimEnd().split("\n"), code };
}

test("whoever reads up to the end comes there, though the last batch is damaged, and then all are", async () => {
  const gateway = await startHeadwater({ settings: { "num.partitions": "1" } });
  let failed = true;
  try {
    for (const part of [LINES.slice(0, 20), LINES.slice(20)]) {
      expect((await run(gateway, ["produce", "t"], `${part.join("\n")}\n`)).code).toBe(0);
    }
    expect(await gateway.stop()).toBe(0);
    const path = join(gateway.dataFolder, "t-0", "00000000000000000000.log");
    const bytes = readFileSync(path);
    let last = 0;
    for (let at = 0; completeBatchSizeBytes(bytes, at, bytes.length) > 0; at += batchSizeBytes(bytes, at)) {
      last = at;
    }
    // Where the record count stands: whoever looks at the batch sees that it is none.
    bytes[last + 57] = 0x7f;
    writeFileSync(path, bytes);
    await gateway.restart();
    const grouped = ["consume", "t", "--from", "earliest", "-G", "readers", "-e"];
    // The first to come may be the one who finds the damage.
    await run(gateway, grouped);
    for (let i = 0; i < 250 && !gateway.log().includes('"fromOffset":20,"toOffset":30'); i++)
      await Bun.sleep(20);
    expect(gateway.log()).toContain('"fromOffset":20,"toOffset":30');
    const first = await run(gateway, ["consume", "t", "--from", "earliest", "-e"]);
    expect([first.code, first.out.length]).toEqual([0, 20]);
    expect((await run(gateway, grouped)).code).toBe(0);
    expect((await run(gateway, ["consume", "t", "--from", "25", "-e"])).out).toEqual([""]);

    expect(await gateway.stop()).toBe(0);
    writeFileSync(path, new Uint8Array(bytes.length).fill(0xa5));
    await gateway.restart();
    const nothing = await run(gateway, ["consume", "t", "--from", "earliest", "-e"]);
    expect(nothing).toEqual({ out: [""], code: 0 });
    expect((await run(gateway, ["produce", "t"], "next\n")).code).toBe(0);
    expect((await run(gateway, ["consume", "t", "--from", "earliest", "-e"])).out).toEqual(["next"]);
    failed = false;
  } finally {
    await gateway.dispose(failed);
  }
}, 120_000);
