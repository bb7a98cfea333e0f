import { expect, test } from "bun:test";
import { inTheWay, type Placement, place } from "../../src/enrolment/placement.ts";
import { MemoryFiles, moments, PowerCut } from "./memory-files.ts";

const RIGHTS = { mode: 0o640, owner: { uid: 0, gid: 7 } };
const planned = (path: string, text: string, more: object = {}) => ({
  ...{ path, bytes: Buffer.from(text), rights: RIGHTS, what: "" },
  ...more,
});
const PLACEMENT: Placement = {
  folders: [{ path: "/g", rights: { mode: 0o750, owner: null } }],
  files: [
    planned("/g/key", "new key"),
    planned("/g/users", "anna\nben\n", { extends: true }),
    planned("/g/config", "new"),
  ],
  marker: "/g/unfinished",
};

test("what others have put there is in the way, but not what is there as it should be, nor what is extended", () => {
  const files = new MemoryFiles();
  expect(inTheWay(files, PLACEMENT)).toEqual([]);
  files.write("/g/users", Buffer.from("anna\n"), RIGHTS);
  files.write("/g/key", Buffer.from("new key"), RIGHTS);
  expect(inTheWay(files, PLACEMENT)).toEqual([]);
  files.write("/g/config", Buffer.from("mine"), RIGHTS);
  expect(inTheWay(files, PLACEMENT)).toEqual(["/g/config"]);
});

test("all is written with its rights, what was there stays as .old, and no marker is left", () => {
  const files = new MemoryFiles();
  files.write("/g/config", Buffer.from("mine"), RIGHTS);
  place(files, PLACEMENT);
  expect(files.text("/g/config")).toBe("new");
  expect(files.text("/g/config.old")).toBe("mine");
  expect(files.files.get("/g/key")?.rights).toEqual(RIGHTS);
  expect([...files.files.keys()].sort()).toEqual(["/g/config", "/g/config.old", "/g/key", "/g/users"]);
});

test("whenever the power fails, the same again ends it, and what was there is not lost", () => {
  const whole = new MemoryFiles();
  whole.write("/g/config", Buffer.from("mine"), RIGHTS);
  place(whole, PLACEMENT);
  expect(whole.changes).toBeGreaterThan(6);
  for (const moment of moments(whole.changes)) {
    const files = new MemoryFiles();
    files.write("/g/config", Buffer.from("mine"), RIGHTS);
    files.cutAt = moment;
    try {
      place(files, PLACEMENT);
    } catch (error) {
      if (!(error instanceof PowerCut)) throw error;
    }
    files.cutAt = Number.POSITIVE_INFINITY;
    // What was begun is nobody else's any more; what was not, is.
    const isBegun = files.text("/g/unfinished") !== null;
    const isDone = files.text("/g/config") === "new";
    expect({ moment, others: inTheWay(files, PLACEMENT) }).toEqual({
      moment,
      others: isBegun || isDone ? [] : ["/g/config"],
    });
    // Another try makes other keys.
    place(files, { ...PLACEMENT, files: [planned("/g/key", "key 2"), ...PLACEMENT.files.slice(1)] });
    expect([files.text("/g/key"), files.text("/g/config"), files.text("/g/unfinished")]).toEqual([
      "key 2",
      "new",
      null,
    ]);
    const kept = files.text("/g/config.old");
    expect({ moment, kept }).toEqual({ moment, kept: "mine" });
  }
});

test("a marker that is none of ours is not trusted", () => {
  for (const text of ["", "{", "[1]", '{"a":1}', "\xff"]) {
    const files = new MemoryFiles();
    files.write("/g/unfinished", Buffer.from(text, "latin1"), RIGHTS);
    expect(() => inTheWay(files, PLACEMENT)).toThrow("remove it");
  }
});
