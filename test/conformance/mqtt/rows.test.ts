import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parsePattern } from "./pattern.ts";
import { parseRows, readRows, VERSIONS } from "./rows.ts";
import { failureOf } from "./run.ts";
import { statementsOf } from "./statements.ts";
import { renderTable } from "./table.ts";

const rows = readRows();

describe("the rows", () => {
  test("the specifications have 141 and 251 statements", () => {
    expect(VERSIONS.map((version) => statementsOf(version).length)).toEqual([141, 251]);
  });

  for (const version of VERSIONS) {
    test(`every statement of MQTT ${version} has one row, in order`, () => {
      const ids = rows.filter((row) => row.version === version).map((row) => row.id);
      expect(ids).toEqual([...statementsOf(version)]);
    });
  }

  test("table.md is made of them", () => {
    const table = readFileSync(join(import.meta.dir, "table.md"), "utf8");
    expect(table).toBe(renderTable(rows));
  });
});

const CONNECT = '    a> 10 0d 0004"MQTT" 04 02 0000 0001"a"\n';

describe("a row", () => {
  const row = (body: string) => parseRows("5", "file.md", `# A title\n\n## MQTT-1.1.1-1\n${body}`);
  const run = (script: string): Promise<string | null> => {
    const status = row(`Words.\n${script}`)[0]?.status;
    if (status?.is !== "tested") throw new Error("no steps");
    return failureOf(status.steps);
  };

  test("has words, and steps or a reason", () => {
    expect(row("Words,\nand more.\n\n    a silent ; a remark\n")).toMatchObject([
      { id: "MQTT-1.1.1-1", says: "Words, and more.", status: { is: "tested" }, place: "file.md:3" },
    ]);
    expect(row("Words.\nnot applicable: it is so\n")[0]?.status).toEqual({
      is: "not applicable",
      reason: "it is so",
    });
    expect(row("Words.\npending: soon\n    a silent\n")[0]?.status.is).toBe("pending");
  });

  test.each([
    ["Words.\n", "checks nothing"],
    ["Words.\n    a> c000\n", "checks nothing"],
    ["    a silent\n", "without words"],
    ["Words.\nnot applicable: so\n    a silent\n", "does not apply"],
    ["Words.\n    a silent\nMore words.\n", "words behind the steps"],
    ["Words.\n    a sings\n", "no step"],
    ["Words.\n    a> c0 0\n", "neither hex nor text"],
    ["Words.\n    a silent\n# Another title\n", "no statement's"],
  ])("%j is none", (body, message) => {
    expect(() => row(body)).toThrow(message);
  });

  test("passes where the broker does what it says", async () => {
    expect(
      await run(`${CONNECT}    a< 20 02 00 00\n    a silent\n    a> e0 00\n    a closed\n    logged 0\n`),
    ).toBeNull();
    expect(
      await run(
        `${CONNECT}    a< 20 $length[1] ...\n    a> c0 00\n    a< d0 00\n    a> e0 00\n    a closed\n`,
      ),
    ).toBeNull();
  });

  test("sends what is known only", async () => {
    await expect(run("    a> $n\n    a silent\n")).rejects.toThrow("has to be known");
  });

  test.each([
    [`${CONNECT}    a< 20 02 00 01\n`, "got 20 02 00 00"],
    [`${CONNECT}    a< 20 02 00\n`, "got 20 02 00 00"],
    [`${CONNECT}    a silent\n`, "got 20 02 00 00"],
    [`${CONNECT}    a< 20 02 00 00\n    a< d0 00\n`, "got nothing"],
    [`${CONNECT}    a< 20 02 00 00\n    a closed\n`, "is open"],
    [`${CONNECT}    b silent\n`, "at the end, client a: got 20 02 00 00"],
    ["    a> c0 00\n    a silent\n", "at the end, client a: the broker has closed"],
    [`${CONNECT}    a< 20 02 00 00\n    logged 1\n`, "0 records"],
    [`${CONNECT}    a< 20 $n[1] 00 00\n    a> c0 00\n    a< d0 $n\n`, "got d0 00"],
  ])("fails where it does something else: %j", async (script, message) => {
    expect(await run(script)).toContain(message);
  });
});

test("a pattern is hex, text and symbols", () => {
  expect(parsePattern('0a0B "a\\r\\";"'.toLowerCase(), "here")).toHaveLength(3);
  expect(parsePattern("61*300 ?? ... $id[2] $text[] $id", "here")).toEqual([
    { kind: "bytes", bytes: new Uint8Array(300).fill(0x61) },
    { kind: "any", count: 1, name: null },
    { kind: "gap" },
    { kind: "any", count: 2, name: "id" },
    { kind: "field", name: "text" },
    { kind: "symbol", name: "id" },
  ]);
});
