import { afterAll, describe, expect, test } from "bun:test";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startHeadwater } from "../support/headwater.ts";
import { BINARY, whyNoArm } from "./hindrance.ts";
import { Smoke } from "./smoke.ts";

/**
 * The arm64 binary with the instructions of the processors that gateways have (Raspberry Pi 3 and Zero 2 W, 4, 5):
 * one that a processor lacks ends the emulation. Kernel, page size and disk are this machine's; see system/.
 */
const PROCESSORS = ["cortex-a53", "cortex-a72", "cortex-a76"];
/** Where Debian puts the libraries of another architecture for cross builds. */
const LIBRARIES = "/usr/aarch64-linux-gnu";
const TIMEOUT_MS = 120_000;

const why = whyNoArm(
  { "qemu-aarch64-static": "qemu-user-static" },
  { [`${LIBRARIES}/lib/ld-linux-aarch64.so.1`]: "libc6-arm64-cross" },
);
if (why !== null) console.log(`skipped: ${why}`);

describe.skipIf(why !== null)("the arm64 binary", () => {
  const folder = mkdtempSync(join(tmpdir(), "headwater-arm-"));
  const ownBinary = process.env.HEADWATER_BIN;
  afterAll(() => {
    if (ownBinary === undefined) delete process.env.HEADWATER_BIN;
    else process.env.HEADWATER_BIN = ownBinary;
    rmSync(folder, { recursive: true, force: true });
  });

  for (const processor of PROCESSORS) {
    test(
      `serves on a ${processor}, and after it was killed`,
      async () => {
        process.env.HEADWATER_BIN = emulated(folder, processor);
        const headwater = await startHeadwater();
        let failed = true;
        try {
          const smoke = new Smoke();
          await smoke.run(headwater, "first");
          await headwater.kill();
          await headwater.restart();
          await smoke.expectKept(headwater);
          await smoke.run(headwater, "second");
          expect(await headwater.stop()).toBe(0);
          failed = false;
        } finally {
          await headwater.dispose(failed);
        }
      },
      TIMEOUT_MS,
    );
  }
});

/** A program that runs the binary under emulation and is otherwise like it. */
function emulated(folder: string, processor: string): string {
  const path = join(folder, `headwater-${processor}`);
  writeFileSync(
    path,
    `#!/bin/sh\nexec qemu-aarch64-static -cpu ${processor} -L ${LIBRARIES} '${BINARY}' "$@"\n`,
  );
  chmodSync(path, 0o755);
  return path;
}
