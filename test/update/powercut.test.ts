import { expect, test } from "bun:test";
import { generateKeyPairSync } from "node:crypto";
import { updateBundle } from "../../scripts/releasing/bundles.ts";
import { publicPem } from "../../scripts/releasing/keys.ts";
import { SimulatedDisk } from "../../src/io/simulated/disk.ts";
import type { CrashMode } from "../../src/io/simulated/file-node.ts";
import { type BundleHeader, readHeader } from "../../src/update/bundle.ts";
import { type ByteSource, ByteStream } from "../../src/update/byte-stream.ts";
import { commit, type Launch, settle } from "../../src/update/settling.ts";
import { binaryPath, fail, readChosen, readOutcome, type SlotName } from "../../src/update/slots.ts";
import { fillSlot, STAGING_BUGS, type StagingBug, switchTo } from "../../src/update/staging.ts";
import { parseTrustedKeys } from "../../src/update/trusted-keys.ts";
import { launch } from "./launcher.ts";

/*
 * An update on a disk that loses power before any of its operations, and keeps of what no sync covered nothing, all, or any
 * pages or sectors of it. Whatever is left, every start has to find a whole program that was signed, and the one that ran
 * before where the new one does not prove itself.
 */

const SLOTS = "/slots";
const PACKAGED = "5";
const TRIES = 2;
/** All of one size, so that only their bytes tell them apart, and none that a page of zeros could stand for. */
const SIZE_BYTES = 3 * 4096 + 100;
const MODES: readonly CrashMode[] = ["nothing", "everything", "pages", "sectors"];
const SEEDS = [1, 2];

const { privateKey } = generateKeyPairSync("ed25519");
const trusted = await parseTrustedKeys(publicPem(privateKey), "keys");

interface Version {
  readonly bytes: Uint8Array;
  readonly source: ByteSource;
  readonly header: BundleHeader;
}

const versions = [await version(1), await version(2), await version(3)] as const;
const [V1, V2, V3] = versions;

async function version(major: number): Promise<Version> {
  const bytes = new Uint8Array(SIZE_BYTES).map((_, index) => 1 + ((index * major * 7 + (index >> 8)) % 250));
  bytes.set(new TextEncoder().encode("#!v"));
  const packed = updateBundle(
    { version: `${major}.0.0`, epochSeconds: 1, binaries: { x64: bytes }, level: 1 },
    [privateKey],
  );
  const source: ByteSource = {
    name: `bundle ${major}`,
    sizeBytes: packed.length,
    async *chunks(position) {
      yield packed.subarray(position);
    },
  };
  return { bytes, source, header: await readHeader(new ByteStream(source, 0), trusted) };
}

class PowerCut extends Error {}

/** Something done to a disk, from a state that is there before it. */
interface Scenario {
  readonly before: (disk: SimulatedDisk) => Promise<void>;
  readonly during: (disk: SimulatedDisk, bugs: ReadonlySet<StagingBug>) => Promise<void>;
  /** Which programs may run afterwards without being on trial. */
  readonly stays: readonly (Version | "packaged")[];
}

const SCENARIOS: Readonly<Record<string, Scenario>> = {
  "from the package": {
    before: async () => {},
    during: (disk, bugs) => update(disk, V2, "u2", bugs),
    stays: ["packaged"],
  },
  "from a slot": {
    before: (disk) => updated(disk, V1),
    during: (disk, bugs) => update(disk, V2, "u2", bugs),
    stays: [V1],
  },
  "from the other slot, over what was gone back to": {
    before: async (disk) => {
      await updated(disk, V1);
      await updated(disk, V2);
    },
    during: (disk, bugs) => update(disk, V3, "u3", bugs),
    stays: [V2],
  },
  "the trial that proves itself": {
    before: async (disk) => {
      await updated(disk, V1);
      await update(disk, V2, "u2");
    },
    during: async (disk) => {
      const { attempt } = await start(disk);
      if (attempt !== null) commit(disk, SLOTS, attempt, 0);
    },
    stays: [V1, V2],
  },
  "the trial that fails": {
    before: async (disk) => {
      await updated(disk, V1);
      await update(disk, V2, "u2");
    },
    during: async (disk) => {
      await start(disk);
      fail(disk, SLOTS, "u2", "it was not well");
      await start(disk);
    },
    stays: [V1],
  },
  "the trial that ends every time": {
    before: async (disk) => {
      await updated(disk, V1);
      await update(disk, V2, "u2");
    },
    during: async (disk) => {
      for (let count = 0; count <= TRIES; count += 1) await start(disk);
    },
    stays: [V1],
  },
};

async function update(
  disk: SimulatedDisk,
  { source, header }: Version,
  attempt: string,
  bugs: ReadonlySet<StagingBug> = new Set(),
): Promise<void> {
  const parts = { disk, slots: SLOTS, packagedOrder: PACKAGED, reserveBytes: 0, bugs };
  const { filled } = await fillSlot(parts, source, header, "x64");
  if (bugs.has("switch-first")) return;
  switchTo(parts, filled, { attempt, tries: TRIES, guardSeconds: 60, restart: "now" });
}

async function updated(disk: SimulatedDisk, to: Version): Promise<void> {
  await update(disk, to, "before");
  const { attempt } = await start(disk);
  expect(attempt).toBe("before");
  commit(disk, SLOTS, "before", 0);
}

/** A start as far as the gateway has settled what it found. */
async function start(disk: SimulatedDisk): Promise<Launch> {
  const launched = launch(disk, SLOTS, PACKAGED);
  settle(disk, SLOTS, launched, 0);
  return launched;
}

/** What a start runs: the version in the slot, or what is wrong with it. */
function programOf(disk: SimulatedDisk, slot: SlotName | "packaged"): Version | "packaged" | null {
  if (slot === "packaged") return slot;
  const file = disk.openFile(binaryPath(SLOTS, slot), "read");
  const bytes = file.view(0, file.sizeBytes);
  const found = versions.find((candidate) => Buffer.from(bytes).equals(candidate.bytes)) ?? null;
  file.close();
  return found;
}

async function stateBefore({ before }: Scenario): Promise<SimulatedDisk> {
  const disk = new SimulatedDisk({ seed: 7 });
  disk.makeFolder(SLOTS);
  disk.syncFolderNow("/");
  await before(disk);
  return disk;
}

/** All states in which the scenario may be cut off. */
async function* cutStates(scenario: Scenario, bugs: ReadonlySet<StagingBug>): AsyncGenerator<SimulatedDisk> {
  const before = await stateBefore(scenario);
  for (let cutAt = 0; ; cutAt += 1) {
    let operation = 0;
    const cuts: SimulatedDisk[] = [];
    const disk: SimulatedDisk = before.crash("everything", 1, ({ kind }) => {
      if (kind === "view" || kind === "readFile" || operation++ !== cutAt) return;
      for (const mode of MODES) for (const seed of SEEDS) cuts.push(disk.crash(mode, seed + cutAt * 100));
      disk.halt();
      throw new PowerCut();
    });
    await scenario.during(disk, bugs).catch((error: unknown) => {
      if (!(error instanceof PowerCut)) throw error;
    });
    yield* cuts;
    if (cuts.length === 0) return;
  }
}

/** What is wrong with what a cut has left; null where nothing is. */
async function faultOf(disk: SimulatedDisk, stays: Scenario["stays"]): Promise<string | null> {
  for (let count = 0; count <= TRIES + 1; count += 1) {
    // Also where what runs can't be started at all: then another one is, which has to be whole too.
    const worst = disk.crash("everything");
    worst.remove(`${SLOTS}/starts`);
    worst.replaceFile(`${SLOTS}/starts`, new TextEncoder().encode("3\n"));
    if (programOf(worst, launch(worst, SLOTS, PACKAGED).slot) === null)
      return "what is gone back to is not whole";
    const launched = await start(disk);
    disk.remove(`${SLOTS}/starts`);
    const program = programOf(disk, launched.slot);
    if (program === null) return `start ${count} runs a program that is not whole`;
    if (launched.attempt !== null) continue;
    if (!stays.includes(program)) return `start ${count} does not run what ran before`;
    // Whoever had run it would find it again, and an update is possible.
    await update(disk, V3, "again");
    const again = await start(disk);
    return programOf(disk, again.slot) === V3 && again.attempt === "again"
      ? null
      : "no update is possible any more";
  }
  return "the trial never ends";
}

async function faults(scenario: Scenario, bugs: ReadonlySet<StagingBug> = new Set()) {
  const found = new Set<string>();
  let states = 0;
  for await (const disk of cutStates(scenario, bugs)) {
    states += 1;
    const fault = await faultOf(disk, scenario.stays);
    if (fault !== null) found.add(fault);
    // One is enough of a bug that was planted.
    if (fault !== null && bugs.size > 0) break;
  }
  return { states, faults: [...found] };
}

for (const [name, scenario] of Object.entries(SCENARIOS)) {
  test(`power is cut anywhere: ${name}`, async () => {
    const { states, faults: found } = await faults(scenario);
    expect(states).toBeGreaterThan(MODES.length * SEEDS.length * 3);
    expect(found).toEqual([]);
  });
}

for (const bug of STAGING_BUGS) {
  test(`the deliberate bug ${bug} is noticed`, async () => {
    const [, slot, other] = Object.values(SCENARIOS);
    const found = [];
    for (const scenario of [slot, other]) {
      if (scenario !== undefined && found.length === 0)
        found.push(...(await faults(scenario, new Set([bug]))).faults);
    }
    expect(found).not.toEqual([]);
  });
}

test("what came of an attempt is told", async () => {
  const disk = await stateBefore(SCENARIOS["the trial that fails"] as Scenario);
  expect(readChosen(disk, SLOTS)).toMatchObject({
    slot: "b",
    attempt: "u2",
    other: { slot: "a", version: "1.0.0" },
  });
  await start(disk);
  fail(disk, SLOTS, "u2", "the uplink central does not move");
  expect((await start(disk)).slot).toBe("a");
  const failed = {
    attempt: "u2",
    version: "2.0.0",
    result: "failed" as const,
    reason: "the uplink central does not move",
  };
  expect(readOutcome(disk, SLOTS)).toMatchObject(failed);
  expect(readChosen(disk, SLOTS)).toMatchObject({ slot: "a", attempt: null, other: null });
});
