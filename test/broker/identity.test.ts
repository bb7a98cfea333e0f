import { expect, test } from "bun:test";
import { openIdentity } from "../../src/broker/identity.ts";
import { SimulatedDisk } from "../../src/io/simulated/disk.ts";
import { SeededRandom } from "../../src/io/simulated/random.ts";

function folder(): SimulatedDisk {
  const disk = new SimulatedDisk({ seed: 1 });
  disk.makeFolder("/data");
  return disk;
}

function write(disk: SimulatedDisk, text: string): void {
  disk.replaceFile("/data/meta.properties", new TextEncoder().encode(text));
}

test("is made once and stays", () => {
  const disk = folder();
  const first = openIdentity(disk, "/data", new SeededRandom(1));
  expect(first.clusterId).toHaveLength(22);
  expect(openIdentity(disk, "/data", new SeededRandom(2))).toEqual(first);
});

test.each([
  ["garbage", "\0\0garbage\xff"],
  ["one that is too large", "x".repeat(5000)],
  ["one with a damaged version", "version=\u0001\ncluster.id=AAAAAAAAAAAAAAAAAAAAAA\n"],
  ["one with a damaged id", "version=1\ncluster.id=AAAA\u0000AAAAA\n"],
])("a file that is no identity is replaced: %s", (_, text) => {
  const disk = folder();
  write(disk, text);
  const made = openIdentity(disk, "/data", new SeededRandom(1));
  expect(openIdentity(disk, "/data", new SeededRandom(2))).toEqual(made);
});

test("a folder of a later version is refused with the remedy", () => {
  const disk = folder();
  write(disk, "version=2\ncluster.id=x\n");
  expect(() => openIdentity(disk, "/data", new SeededRandom(1))).toThrow(/version 2.*newer program/);
});
