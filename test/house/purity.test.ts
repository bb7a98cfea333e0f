import { describe, expect, test } from "bun:test";
import { purityViolations } from "./purity.ts";
import { readSources, report } from "./sources.ts";

const sources = readSources("src");

describe("pure rooms", () => {
  test("the check reads the program", () => {
    expect(sources.length).toBeGreaterThan(20);
    // Were every room taken for a worldly one, this would find nothing in the rooms that are.
    const worldly = sources.filter((source) => source.path.startsWith("src/io/bun/"));
    const moved = worldly.map((source) => ({
      path: source.path.replace("io/bun", "log"),
      text: source.text,
    }));
    expect(purityViolations(moved).length).toBeGreaterThan(0);
  });

  test("see no clock, timer, random or I/O but through src/io", () => {
    expect(report(purityViolations(sources))).toEqual([]);
  });
});

describe("the check refuses", () => {
  const planted: readonly string[] = [
    "const now = Date.now();",
    "const now = new Date();",
    "const now = performance.now();",
    "const luck = Math.random();",
    "const id = crypto.randomUUID();",
    "setTimeout(() => {}, 10);",
    "const home = process.env.HOME;",
    'console.log("hello");',
    'await fetch("x");',
    "new Worker(url);",
    'Bun.file("x");',
    'import { readFileSync } from "node:fs";',
    'import { ptr } from "bun:ffi";',
    'import { serve } from "bun";',
  ];
  for (const text of planted) {
    test(text, () => expect(purityViolations([{ path: "src/log/a.ts", text }])).toHaveLength(1));
  }

  test("and lets pass what only computes, what is a comment, and the worldly rooms", () => {
    const text = [
      "// Date.now() would be wrong here.",
      "/** Not Math.random(). */",
      "const packed = Bun.zstdCompressSync(bytes);",
      'import { crc32 } from "node:zlib";',
      "const when = new Date(timestampMs);",
      "child.process.run();",
    ].join("\n");
    expect(purityViolations([{ path: "src/log/a.ts", text }])).toEqual([]);
    expect(purityViolations([{ path: "src/io/bun/a.ts", text: "Date.now();" }])).toEqual([]);
  });

  test("an exception counts for its own text and folder only", () => {
    const exception = { path: "src/http/", text: "Bun.serve", reason: "as planted" };
    const serve = "Bun.serve({});";
    expect(purityViolations([{ path: "src/http/a.ts", text: serve }], [exception])).toEqual([]);
    expect(purityViolations([{ path: "src/mqtt/a.ts", text: serve }], [exception])).toHaveLength(1);
    expect(purityViolations([{ path: "src/http/a.ts", text: "Bun.file(p);" }], [exception])).toHaveLength(1);
  });
});
