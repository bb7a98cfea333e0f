import { expect, test } from "bun:test";
import { SimulatedDisk } from "../../src/io/simulated/disk.ts";
import { hintFile } from "../../src/wiring/use-hint-file.ts";

test("a hint is kept for the run of the machine that it was written in, and for no other", () => {
  const disk = new SimulatedDisk({ seed: 1 });
  disk.makeFolder("/data");
  const first = hintFile(disk, "/data", "main", "boot-1");
  expect(first.read()).toBeNull();
  first.write("used: 123456");
  first.write("used: 12");
  expect(hintFile(disk, "/data", "main", "boot-1").read()).toBe("used: 12");
  expect(hintFile(disk, "/data", "other", "boot-1").read()).toBeNull();
  const later = hintFile(disk, "/data", "main", "boot-2");
  expect(later.read()).toBeNull();
  later.write("x".repeat(1_000));
  expect(later.read()).toBeNull();
  later.write("used: 13");
  expect(later.read()).toBe("used: 13");
});
