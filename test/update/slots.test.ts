import { afterAll, describe, expect, test } from "bun:test";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { PlainDisk } from "../../src/io/bun/plain-disk.ts";
import { type Chosen, choose, encodeChosen, readChosen } from "../../src/update/slots.ts";
import { launch } from "./launcher.ts";

const LAUNCHER = resolve(import.meta.dirname, "../../gateway/systemd/launch");
const folder = mkdtempSync(join(tmpdir(), "headwater-slots-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const disk = new PlainDisk();

/** Says who was started, and what it was told. */
const PROGRAM = '#!/bin/sh\necho "$0|$HEADWATER_SLOT|$HEADWATER_ATTEMPT|$HEADWATER_ATTEMPT_SEEN|$*"\n';
const SIZE_BYTES = PROGRAM.length;
const GOOD: Chosen = {
  slot: "b",
  sizeBytes: SIZE_BYTES,
  order: "200",
  version: "2.0.0",
  sha256: "22",
  attempt: null,
  tries: 2,
  guardSeconds: 1,
  base: "100",
  other: { slot: "a", sizeBytes: SIZE_BYTES, order: "150", version: "1.5.0", sha256: "15" },
  restart: "now",
};
const TRIAL: Chosen = { ...GOOD, attempt: "u1" };

/** A machine with a package and two filled slots. */
class Machine {
  readonly slots: string;
  readonly library: string;
  packagedOrder = "100";

  constructor() {
    const top = mkdtempSync(join(folder, "machine-"));
    this.slots = join(top, "slots");
    this.library = join(top, "lib");
    mkdirSync(this.library);
    copyFileSync(LAUNCHER, join(this.library, "launch"));
    this.program(join(this.library, "headwater"));
    this.release("100");
    for (const slot of ["a", "b"]) {
      mkdirSync(join(this.slots, slot), { recursive: true });
      this.program(join(this.slots, slot, "headwater"));
    }
  }

  program(path: string, text = PROGRAM): void {
    writeFileSync(path, text);
    chmodSync(path, 0o750);
  }

  release(order: string): void {
    this.packagedOrder = order;
    writeFileSync(join(this.library, "release"), `version 0.1.0\norder ${order}\nformats 1\n`);
  }

  write(name: string, text: string): void {
    writeFileSync(join(this.slots, name), text);
  }

  read(name: string): string | null {
    const path = join(this.slots, name);
    return existsSync(path) ? readFileSync(path, "utf8").trim() : null;
  }

  /** Starts it as the service does. */
  start(): { readonly slot: string; readonly attempt: string | null; readonly seen: string | null } {
    const { stdout, exitCode } = Bun.spawnSync(
      [join(this.library, "launch"), this.slots, "serve", "--set", "a b=c  d"],
      // The guard of a trial keeps what it was given open for a while.
      { cwd: "/", stderr: "inherit" },
    );
    if (exitCode !== 0) throw new Error(`the launcher ended with ${exitCode}`);
    const [path = "", slot = "", attempt = "", seen = "", words] = String(stdout).trim().split("|");
    expect(words).toBe("serve --set a b=c  d");
    expect(path).toBe(slot === "packaged" ? `${this.library}/headwater` : `${this.slots}/${slot}/headwater`);
    return { slot, attempt: attempt || null, seen: seen === "-" ? null : seen };
  }

  /** What the program would say that a start does, without doing it here. */
  model(): { readonly slot: string; readonly attempt: string | null; readonly seen: string | null } {
    const copy = mkdtempSync(join(folder, "copy-"));
    Bun.spawnSync(["cp", "-a", `${this.slots}/.`, copy]);
    const { slot, attempt, seen } = launch(disk, copy, this.packagedOrder);
    return { slot, attempt, seen };
  }
}

/** What is done to a machine that has chosen b, and what then runs. */
const CASES: readonly (readonly [string, Chosen, (machine: Machine) => void, string])[] = [
  ["as chosen", GOOD, () => {}, "b"],
  ["without anything chosen", GOOD, ({ slots }) => rmSync(join(slots, "chosen")), "packaged"],
  ["without a folder", GOOD, ({ slots }) => rmSync(slots, { recursive: true }), "packaged"],
  ["on trial", TRIAL, () => {}, "b"],
  ["on trial, tried once", TRIAL, (machine) => machine.write("tried", "u1 1\n"), "b"],
  ["on trial, tried often enough", TRIAL, (machine) => machine.write("tried", "u1 2\n"), "a"],
  ["on trial, the tries of another attempt", TRIAL, (machine) => machine.write("tried", "u0 2\n"), "b"],
  ["on trial, tries that are no number", TRIAL, (machine) => machine.write("tried", "u1 x\n"), "a"],
  ["on trial, failed", TRIAL, (machine) => machine.write("failed", "u1 it was not well\n"), "a"],
  ["on trial, another one failed", TRIAL, (machine) => machine.write("failed", "u0 it was not well\n"), "b"],
  [
    "nothing to go back to",
    { ...TRIAL, other: null },
    (machine) => machine.write("failed", "u1 x\n"),
    "packaged",
  ],
  [
    "a slot of another size",
    GOOD,
    ({ slots }) => writeFileSync(join(slots, "b/headwater"), `${PROGRAM}#\n`),
    "a",
  ],
  ["an empty slot", GOOD, ({ slots }) => rmSync(join(slots, "b"), { recursive: true }), "a"],
  [
    "two empty slots",
    GOOD,
    ({ slots }) => {
      for (const name of ["a", "b"]) rmSync(join(slots, name), { recursive: true });
    },
    "packaged",
  ],
  [
    "a slot of zeros",
    GOOD,
    ({ slots }) => writeFileSync(join(slots, "b/headwater"), new Uint8Array(SIZE_BYTES)),
    "a",
  ],
  ["a slot that does not start", GOOD, (machine) => machine.write("starts", "3\n"), "a"],
  ["two slots that don't start", GOOD, (machine) => machine.write("starts", "6\n"), "packaged"],
  ["a slot that starts at the third time", GOOD, (machine) => machine.write("starts", "2\n"), "b"],
  ["starts that are no number", GOOD, (machine) => machine.write("starts", "-\n"), "b"],
  ["a newer package", GOOD, (machine) => machine.release("201"), "packaged"],
  [
    "a package newer than what is gone back to",
    TRIAL,
    (machine) => {
      machine.release("160");
      machine.write("failed", "u1 x\n");
    },
    "packaged",
  ],
  ["another package, older than the slot", GOOD, (machine) => machine.release("120"), "b"],
  ["an older version, on purpose", { ...GOOD, order: "50" }, () => {}, "b"],
  ["a package without its version", GOOD, ({ library }) => rmSync(join(library, "release")), "b"],
  ["garbage", GOOD, (machine) => machine.write("chosen", "\u0000\u0001\u00ff\n".repeat(50)), "packaged"],
  ["nothing in the file", GOOD, (machine) => machine.write("chosen", ""), "packaged"],
  [
    "half of the file",
    GOOD,
    (machine) => machine.write("chosen", (machine.read("chosen") ?? "").slice(0, 60)),
    "packaged",
  ],
  [
    "a later format",
    GOOD,
    (machine) =>
      machine.write(
        "chosen",
        (machine.read("chosen") ?? "").replace("headwater-slots 1", "headwater-slots 2"),
      ),
    "packaged",
  ],
];

describe("the launcher, and the program that foretells it", () => {
  for (const [name, chosen, change, runs] of CASES) {
    test(name, () => {
      const machine = new Machine();
      choose(disk, machine.slots, chosen);
      change(machine);
      if (name === "a package without its version") machine.packagedOrder = "0";
      const foretold = machine.model();
      expect(foretold.slot).toBe(runs);
      const started = machine.start();
      expect(started).toEqual(foretold);
      expect(started.attempt).toBe(runs === "b" && chosen.attempt !== null ? "u1" : null);
    });
  }

  test("a slot that may not be run, which only the launcher sees", () => {
    const machine = new Machine();
    choose(disk, machine.slots, GOOD);
    chmodSync(join(machine.slots, "b/headwater"), 0o640);
    expect(machine.start().slot).toBe("a");
  });

  test("counts the starts of a version on trial before it runs, and of others only until they say that they run", () => {
    const machine = new Machine();
    choose(disk, machine.slots, TRIAL);
    expect([machine.start().slot, machine.read("tried")]).toEqual(["b", "u1 1"]);
    expect([machine.start().slot, machine.read("tried")]).toEqual(["b", "u1 2"]);
    expect([machine.start().slot, machine.read("starts")]).toEqual(["a", "1"]);
    choose(disk, machine.slots, GOOD);
    const runs = Array.from({ length: 8 }, () => machine.start().slot);
    expect(runs).toEqual(["b", "b", "a", "a", "a", "packaged", "packaged", "packaged"]);
  });

  test("a version on trial that says nothing is ended, and has failed; one that ended, or proved itself, is left alone", async () => {
    const machine = new Machine();
    choose(disk, machine.slots, TRIAL);
    machine.program(
      join(machine.slots, "b/headwater"),
      "#!/bin/sh\nexec sleep 60\n".padEnd(SIZE_BYTES - 1, "#").concat("\n"),
    );
    const child = Bun.spawn([join(machine.library, "launch"), machine.slots], { stderr: "pipe" });
    await child.exited;
    expect(child.signalCode).toBe("SIGKILL");
    expect(machine.read("failed")).toBe("u1 it had not said that it is healthy after 1 seconds");
    expect(await new Response(child.stderr).text()).toContain("the one before comes back");
    expect(machine.start().slot).toBe("a");
  });
});

test("what is chosen is read back as it was written", () => {
  const machine = new Machine();
  for (const chosen of [GOOD, TRIAL, { ...GOOD, other: null, restart: "later" as const }]) {
    choose(disk, machine.slots, chosen);
    expect(readChosen(disk, machine.slots)).toEqual(chosen);
  }
  // Cut off anywhere it is none.
  const bytes = encodeChosen(GOOD);
  for (let length = 0; length < bytes.length - 3; length += 1) {
    writeFileSync(join(machine.slots, "chosen"), bytes.subarray(0, length));
    expect(readChosen(disk, machine.slots)).toBeNull();
  }
});
