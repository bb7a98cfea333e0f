import { describe, expect, test } from "bun:test";
import { HeadwaterError } from "../../src/base/errors.ts";
import { SimulatedDisk } from "../../src/io/simulated/disk.ts";
import type { Tree, TreeEntry } from "../../src/io/tree.ts";
import { type ErasureOptions, endErasure, erase, erasureBegun, planErasure } from "../../src/log/erasure.ts";
import { ERASURE_MARKER, refuseErased } from "../../src/log/erasure-marker.ts";

const ROOT = "/data";
const OPTIONS: ErasureOptions = {
  credentialTopic: "__cluster_metadata",
  secretPaths: new Set(["telemetry-0/00000000000000000007.pem"]),
};
const SEGMENT = "00000000000000000000.log";

/** Path, and the stage that it goes in. */
const FILES: readonly (readonly [string, "secrets" | "credentials" | "records"])[] = [
  ["users", "secrets"],
  ["acl.toml", "secrets"],
  ["tls/gateway.key", "secrets"],
  ["keys-1/gateway.key", "secrets"],
  ["replaced.1/users", "secrets"],
  ["telemetry-0/00000000000000000007.pem", "secrets"],
  [`__cluster_metadata-0/${SEGMENT}`, "credentials"],
  [`replaced.1/__cluster_metadata-0/${SEGMENT}`, "credentials"],
  [`quarantine/__cluster_metadata-0.${SEGMENT}`, "credentials"],
  ["journal/journal.0", "credentials"],
  ["format", "records"],
  ["checkpoint.0", "records"],
  ["meta.properties", "records"],
  [`quarantine/telemetry-0.${SEGMENT}`, "records"],
  [`telemetry-0/${SEGMENT}`, "records"],
  ["telemetry-0/partition.metadata", "records"],
  [`replaced.1/telemetry-0/${SEGMENT}`, "records"],
];

/** The tree as the simulated disk has it: durable is only what was synced. */
class SimulatedTree implements Tree {
  readonly disk: SimulatedDisk;

  constructor(disk: SimulatedDisk) {
    this.disk = disk;
  }

  list(path: string): readonly TreeEntry[] {
    return this.disk.list(at(path)).map((name) => {
      const isFile = this.disk.isFile(`${at(path)}/${name}`);
      return { name, kind: isFile ? "file" : "folder", sizeBytes: isFile ? 8 : 0 };
    });
  }

  read(path: string, maxBytes: number): Uint8Array | null {
    return this.disk.readFile(at(path), maxBytes);
  }

  replace(path: string, bytes: Uint8Array): void {
    this.disk.replaceFile(at(path), bytes);
  }

  overwrite(path: string): boolean {
    const file = this.disk.openFile(at(path), "write");
    file.write(0, new Uint8Array(file.sizeBytes));
    file.syncNow();
    file.close();
    return true;
  }

  rename(from: string, to: string): void {
    this.disk.rename(at(from), at(to));
  }

  unlink(path: string): void {
    this.disk.remove(at(path));
  }

  removeFolder(path: string): void {
    if (this.disk.list(at(path)).length > 0) throw new HeadwaterError("DISK_IO", "it is not empty");
    this.disk.remove(at(path));
  }

  sync(path: string): void {
    this.disk.syncFolderNow(at(path));
  }
}

function at(path: string): string {
  return path === "" ? ROOT : `${ROOT}/${path}`;
}

function filled(): SimulatedDisk {
  const disk = new SimulatedDisk();
  disk.makeFolder(ROOT);
  disk.syncFolderNow("/");
  for (const [path] of FILES) {
    const parts = path.split("/");
    for (let depth = 1; depth < parts.length; depth++) disk.makeFolder(at(parts.slice(0, depth).join("/")));
    disk.replaceFile(at(path), new TextEncoder().encode("CANARY42"));
    for (let depth = parts.length - 1; depth >= 0; depth--)
      disk.syncFolderNow(at(parts.slice(0, depth).join("/")));
  }
  return disk;
}

/** Files of a stage that have still what they had. */
function whole(disk: SimulatedDisk, stage: string): number {
  return FILES.filter(([path, of]) => {
    if (of !== stage || !disk.exists(at(path))) return false;
    return new TextDecoder().decode(disk.readFile(at(path), 100) ?? undefined).startsWith("CANARY");
  }).length;
}

function mayStart(disk: SimulatedDisk): boolean {
  try {
    refuseErased(disk, ROOT);
    return true;
  } catch (error) {
    expect(error).toMatchObject({ code: "DATA_FORMAT_UNKNOWN" });
    return false;
  }
}

function eraseWhole(disk: SimulatedDisk): void {
  const tree = new SimulatedTree(disk);
  expect(erase(tree, "gw-7", OPTIONS).left).toEqual([]);
  endErasure(tree);
}

test("what the log does not know goes first, what has credentials next, and records last", () => {
  const plan = planErasure(new SimulatedTree(filled()), OPTIONS);
  const stages = new Map(plan.items.map(({ path, stage }) => [path, stage]));
  expect(stages).toEqual(new Map([...FILES]));
  const order = plan.items.map(({ stage }) => stage);
  expect(order).toEqual(order.toSorted().sort((a, b) => NUMBER[a] - NUMBER[b]));
  expect(plan.left).toEqual([]);
});

const NUMBER = { secrets: 0, credentials: 1, records: 2 } as const;

describe("a power cut", () => {
  let operations = 0;
  eraseWhole(filled().crash("everything", 1, () => operations++));

  test.each(["nothing", "everything", "pages"] as const)(
    "after which %s of what was not synced is there lets no gateway start that has lost something, at any step",
    (mode) => {
      expect(operations).toBeGreaterThan(40);
      const seen = { started: 0, refused: 0, secretsGone: 0, empty: 0 };
      for (let cut = 1; cut <= operations; cut++) {
        let count = 0;
        let left: SimulatedDisk | null = null;
        const disk: SimulatedDisk = filled().crash("everything", 1, () => {
          if (++count === cut) left = disk.crash(mode, cut);
        });
        eraseWhole(disk);
        const after = left as SimulatedDisk | null;
        if (after === null) throw new Error(`there are fewer than ${cut} operations`);
        const secrets = whole(after, "secrets");
        const all = secrets + whole(after, "credentials") + whole(after, "records");
        if (mayStart(after)) {
          expect([0, FILES.length]).toContain(all);
          if (all === 0) {
            seen.empty++;
            expect(after.list(ROOT)).toEqual([]);
          } else seen.started++;
        } else seen.refused++;
        // A record that is gone says that no secret is there any more.
        if (whole(after, "records") < FILES.filter(([, stage]) => stage === "records").length) {
          expect(secrets + whole(after, "credentials")).toBe(0);
          seen.secretsGone++;
        }
        eraseWhole(after);
        expect(after.list(ROOT)).toEqual([]);
        expect(after.crash("nothing", cut).list(ROOT)).toEqual([]);
      }
      expect(seen.refused).toBeGreaterThan(30);
      expect(seen.started).toBeGreaterThan(0);
      expect(seen.secretsGone).toBeGreaterThan(0);
    },
  );
});

test("on a full disk another file becomes the marker", () => {
  class FullTree extends SimulatedTree {
    override replace(): void {
      throw new HeadwaterError("DISK_FULL", "there is no room");
    }
  }
  const disk = filled();
  const tree = new FullTree(disk);
  const begun: (string | null)[] = [];
  erase(tree, "gw-7", OPTIONS, () => begun.push(erasureBegun(tree)));
  expect(new Set(begun)).toEqual(new Set([""]));
  expect(disk.list(ROOT)).toEqual([ERASURE_MARKER]);
  expect(mayStart(disk)).toBe(false);
});

test("what can't be removed stays, is named, and keeps the marker; all else goes", () => {
  class StubbornTree extends SimulatedTree {
    override unlink(path: string): void {
      if (path === "tls/gateway.key") throw new HeadwaterError("DISK_IO", "not permitted");
      super.unlink(path);
    }
  }
  const disk = filled();
  const { left } = erase(new StubbornTree(disk), "gw-7", OPTIONS);
  expect(left).toEqual([{ path: "tls/gateway.key", why: "not permitted" }]);
  expect(disk.list(ROOT)).toEqual([ERASURE_MARKER, "tls"]);
  expect(whole(disk, "secrets")).toBe(0);
  expect(erasureBegun(new SimulatedTree(disk))).toBe("gw-7");
});
