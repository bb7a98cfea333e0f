import { describe, expect, test } from "bun:test";
import { clientViolations, directionViolations, ROOMS, roomOf } from "./rooms.ts";
import { importsOf, readSources, report, type Source } from "./sources.ts";

const sources = readSources("src");

describe("directions between rooms", () => {
  test("the check reads the program, and finds imports in it", () => {
    expect(sources.length).toBeGreaterThan(20);
    expect(sources.flatMap((source) => importsOf(source.text)).length).toBeGreaterThan(40);
  });

  test("every import of src/ goes down", () => {
    expect(report(directionViolations(sources))).toEqual([]);
  });

  test("devices/ is a client", () => {
    expect(report(clientViolations(readSources("devices")))).toEqual([]);
  });

  test("rooms nest: the longest name wins", () => {
    expect(roomOf("src/kafka/wire/reader.ts")).toBe("kafka/wire");
    expect(roomOf("src/kafka/handlers/00-produce.ts")).toBe("kafka");
    expect(roomOf("src/main.ts")).toBe("main.ts");
    expect(roomOf("src/attic/box.ts")).toBeNull();
    expect(new Set(ROOMS).size).toBe(ROOMS.length);
  });
});

describe("the scanner sees", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["an import", 'import { a } from "../a.ts";'],
    ["an import of types", 'import type { A } from "../a.ts";'],
    ["an import over lines", 'import {\n  a,\n  type B,\n} from "../a.ts";'],
    ["an import for its effect", 'import "../a.ts";'],
    ["a re-export", 'export { a } from "../a.ts";'],
    ["a re-export of everything", 'export * from "../a.ts";'],
    ["a dynamic import", 'const a = await import("../a.ts");'],
    ["the type of a dynamic import", 'type A = import("../a.ts").A;'.replace(").A", ")")],
    ["a Worker's file", 'new Worker(new URL("../a.ts", import.meta.url).href);'],
  ];
  for (const [what, text] of cases) {
    test(what, () => expect(importsOf(text)).toEqual(["../a.ts"]));
  }
});

describe("the check refuses", () => {
  const cases: readonly (readonly [string, Source])[] = [
    ["a low room that knows a high one", source("src/log/a.ts", "../broker/b.ts")],
    ["a door that knows another door", source("src/mqtt/a.ts", "../kafka/dispatch.ts")],
    ["rooms on one line that know each other", source("src/records/a.ts", "../kafka/wire/reader.ts")],
    ["the wire that knows its door", source("src/kafka/wire/a.ts", "../dispatch.ts")],
    ["the real clock in a pure room", source("src/broker/a.ts", "../io/bun/clock.ts")],
    ["a simulation in the program", source("src/main.ts", "./io/simulated/clock.ts")],
    ["the program that knows its tests", source("src/log/a.ts", "../../test/log/b.ts")],
    ["a file without a room", { path: "src/attic/a.ts", text: "" }],
    ["an import of a file without a room", source("src/log/a.ts", "../attic/a.ts")],
  ];
  for (const [what, planted] of cases) {
    test(what, () => expect(directionViolations([planted])).toHaveLength(1));
  }

  test("devices that know the log", () => {
    expect(clientViolations([source("devices/a.ts", "../src/log/segment.ts")])).toHaveLength(1);
    expect(clientViolations([source("devices/a.ts", "../src/kafka/client/connection.ts")])).toHaveLength(0);
  });

  test("and nothing else", () => {
    expect(directionViolations([source("src/mqtt/a.ts", "../broker/ingest.ts")])).toHaveLength(0);
    expect(directionViolations([source("src/main.ts", "./io/bun/clock.ts")])).toHaveLength(0);
    expect(directionViolations([source("src/log/verify-worker.ts", "../io/bun/disk.ts")])).toHaveLength(0);
  });
});

function source(path: string, imported: string): Source {
  return { path, text: `import { a } from "${imported}";\n` };
}
