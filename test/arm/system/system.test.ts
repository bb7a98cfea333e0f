import { beforeAll, describe, expect, test } from "bun:test";
import { whyNoArm } from "../hindrance.ts";
import { Smoke } from "../smoke.ts";
import { Guest, type Machine, prepareGuests } from "./guest.ts";

/** Gateways as they are: a Raspberry Pi 3 or Zero 2 W, a 4, and a 5, whose kernel has pages of 16 KiB. */
const MACHINES: readonly Machine[] = [
  { processor: "cortex-a53", memoryMiB: 512, pages: "4k" },
  { processor: "cortex-a72", memoryMiB: 1024, pages: "4k" },
  { processor: "cortex-a76", memoryMiB: 1024, pages: "16k" },
];
const PREPARE_TIMEOUT_MS = 240_000;
const TIMEOUT_MS = 300_000;
const PACKAGES = {
  "qemu-system-aarch64": "qemu-system-arm",
  mke2fs: "e2fsprogs",
  cpio: "cpio",
  depmod: "kmod",
  xz: "xz-utils",
  "apt-get": "apt",
};

const why = whyNoArm(PACKAGES);
if (why !== null) console.log(`skipped: ${why}`);

describe.skipIf(why !== null)("an emulated gateway", () => {
  beforeAll(prepareGuests, PREPARE_TIMEOUT_MS);

  for (const machine of MACHINES) {
    test(
      `${machine.processor}, ${machine.memoryMiB} MiB, ${machine.pages} pages: serves, and has all after a power cut`,
      async () => {
        const guest = await Guest.create(machine);
        try {
          const smoke = new Smoke();
          const bootMs = await guest.boot();
          // Debian's kernels say in their names what pages they have.
          expect(/booted .*-16k /.test(guest.console)).toBe(machine.pages === "16k");
          const startMs = performance.now();
          await smoke.run(guest.doors, "first");
          const smokeMs = Math.round(performance.now() - startMs);
          const { residentMiB } = guest;
          await guest.cutPower();
          const againMs = await guest.boot();
          await smoke.expectKept(guest.doors);
          await smoke.run(guest.doors, "second");
          console.log(
            `${machine.processor} ${machine.pages}: ready after ${bootMs} ms, smoke ${smokeMs} ms, ` +
              `${residentMiB} MiB resident, ready again ${againMs} ms after the power cut`,
          );
          expect(guest.console).not.toContain("corrupt");
        } catch (error) {
          console.error(`--- console of the guest\n${guest.console.slice(-6000)}\n---`);
          throw error;
        } finally {
          await guest.dispose();
        }
      },
      TIMEOUT_MS,
    );
  }
});
