import { afterAll, expect, test } from "bun:test";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generateCodec } from "../../../scripts/generate/codec.ts";
import { compareFiles, generateFiles, writeFiles } from "../../../scripts/generate/files.ts";
import { constantCase, kebabCase } from "../../../scripts/generate/names.ts";
import { type RawSchema, resolveMessage } from "../../../scripts/generate/schema.ts";
import { parseVersions, versionTest } from "../../../scripts/generate/versions.ts";
import { hasCode } from "../../../src/base/errors.ts";
import type { MessageCodec } from "../../../src/kafka/wire/message.ts";
import { Reader } from "../../../src/kafka/wire/reader.ts";
import { Writer } from "../../../src/kafka/wire/writer.ts";

const ROOT = join(import.meta.dir, "../../..");
const SCHEMA = join(ROOT, "src/kafka/wire/schema");
const FOLDER = mkdtempSync(join(tmpdir(), "headwater-generate-"));
afterAll(() => rmSync(FOLDER, { recursive: true, force: true }));

/** The codec of a schema, generated and imported. */
async function codecOf(raw: RawSchema): Promise<MessageCodec<Record<string, unknown>>> {
  const message = resolveMessage(raw);
  if (message === null) throw new Error("no valid version");
  const text = generateCodec(message)
    .replaceAll('"../../../base/', `"${join(ROOT, "src/base")}/`)
    .replaceAll('"../', `"${join(ROOT, "src/kafka/wire")}/`);
  const path = join(FOLDER, `${kebabCase(raw.name)}.ts`);
  writeFileSync(path, text);
  const module = (await import(path)) as Record<string, MessageCodec<Record<string, unknown>>>;
  return module[constantCase(raw.name)] as MessageCodec<Record<string, unknown>>;
}

function encode(
  codec: MessageCodec<Record<string, unknown>>,
  message: Record<string, unknown>,
  version: number,
): string {
  const writer = new Writer();
  codec.write(writer, message, version);
  return writer.toBytes().toHex();
}

test("what is committed is what the schemas make", () => {
  const run = Bun.spawnSync([process.execPath, join(ROOT, "scripts/generate.ts"), "--check"]);
  expect(run.stderr.toString()).toBe("");
  expect(run.stdout.toString()).toMatch(/^27\d generated files compared/);
  expect(run.exitCode).toBe(0);
});

test("a generated file that is missing, changed or left over is reported", () => {
  const folder = join(FOLDER, "compare");
  const files = new Map([
    ["a.ts", "a"],
    ["b.ts", "b"],
    ["c.ts", "c"],
  ]);
  writeFiles(files, folder);
  expect(compareFiles(files, folder)).toEqual([]);
  rmSync(join(folder, "a.ts"));
  writeFileSync(join(folder, "b.ts"), "changed");
  writeFileSync(join(folder, "d.ts"), "d");
  expect(compareFiles(files, folder)).toEqual([
    "a.ts is missing",
    "b.ts differs",
    "d.ts comes from no schema",
  ]);
  writeFiles(files, folder);
  expect(compareFiles(files, folder)).toEqual([]);
});

test("a schema that changed is noticed, and a folder without schemas is an error", () => {
  const folder = join(FOLDER, "schema");
  cpSync(SCHEMA, folder, { recursive: true });
  const path = join(folder, "messages/HeartbeatRequest.json");
  writeFileSync(path, readFileSync(path, "utf8").replace("GroupInstanceId", "GroupInstanceName"));
  const generated = join(ROOT, "src/kafka/wire/generated");
  expect(compareFiles(generateFiles(folder), generated)).toEqual(["heartbeat-request.ts differs"]);
  for (const kind of ["messages", "records"]) {
    rmSync(join(folder, kind), { recursive: true });
    mkdirSync(join(folder, kind));
  }
  expect(() => generateFiles(folder)).toThrow("no schemas");
});

test("a new version is a change of schema only", async () => {
  const schema: RawSchema = {
    type: "data",
    name: "GrownSample",
    validVersions: "0-2",
    flexibleVersions: "1+",
    fields: [
      { name: "Id", type: "uint32", versions: "0+", default: "0x10" },
      { name: "Weight", type: "float64", versions: "1+", ignorable: true },
      {
        name: "Place",
        type: "Place",
        versions: "2+",
        fields: [{ name: "Name", type: "string", versions: "2+" }],
      },
      {
        name: "Other",
        type: "Place",
        versions: "2+",
        nullableVersions: "2+",
        tag: 1,
        taggedVersions: "2+",
        fields: [{ name: "Name", type: "string", versions: "2+" }],
      },
      {
        name: "Limit",
        type: "int64",
        versions: "2+",
        tag: 0,
        taggedVersions: "2+",
        default: "9223372036854775807",
      },
    ],
  };
  const codec = await codecOf(schema);
  const first = codec.read(new Reader(Uint8Array.fromHex("ffffffff")), 0);
  expect(first).toStrictEqual({
    id: 4294967295,
    weight: 0,
    place: { name: "" },
    other: { name: "" },
    limit: 9223372036854775807n,
  });
  expect(encode(codec, first, 0)).toBe("ffffffff");
  expect(encode(codec, { ...first, weight: 1.5 }, 0)).toBe("ffffffff");
  expect(encode(codec, first, 1)).toBe("ffffffff000000000000000000");
  const second = { ...first, place: { name: "a" }, other: null, limit: -1 };
  const hex = "ffffffff0000000000000000026100020008ffffffffffffffff010100";
  expect(encode(codec, second, 2)).toBe(hex);
  expect(codec.read(new Reader(Uint8Array.fromHex(hex)), 2)).toStrictEqual(second);
  for (const message of [
    { ...first, place: { name: "a" } },
    { ...first, other: null },
    { ...first, limit: 0 },
  ]) {
    expect(() => encode(codec, message, 1)).toThrow();
    try {
      encode(codec, message, 1);
    } catch (error) {
      expect(hasCode(error, "UNSUPPORTED")).toBe(true);
    }
  }
});

test("schemas that make no sense are errors", () => {
  const base = { type: "data", name: "Odd", validVersions: "0", flexibleVersions: "none" };
  const odd = (field: RawSchema["fields"]): (() => unknown) => {
    return () => {
      const message = resolveMessage({ ...base, fields: field ?? [] });
      return message === null ? null : generateCodec(message);
    };
  };
  expect(odd([{ name: "A", type: "int33", versions: "0+" }])).toThrow("unknown type int33");
  expect(odd([{ name: "A", type: "int32" }])).toThrow("no versions");
  expect(odd([{ name: "A", type: "int32", versions: "0+", taggedVersions: "0+" }])).toThrow("without a tag");
  expect(odd([{ name: "A", type: "string", versions: "0+", default: "null" }])).toThrow("never null");
  expect(odd([{ name: "A", type: "[]E", versions: "0+", fields: [] }])).toThrow("an array of nothing");
  expect(odd([{ name: "A", type: "[]Map", versions: "0+", fields: [] }])).toThrow();
  expect(() => resolveMessage({ ...base, validVersions: "0+" })).toThrow("need an end");
  expect(() => parseVersions("1-")).toThrow("bad versions");
});

test("tests of versions say no more than is needed", () => {
  const known = { min: 3, max: 9 };
  expect(versionTest(parseVersions("0+"), known)).toBe(true);
  expect(versionTest(parseVersions("none"), known)).toBe(false);
  expect(versionTest(parseVersions("10+"), known)).toBe(false);
  expect(versionTest(parseVersions("5+"), known)).toBe("version >= 5");
  expect(versionTest(parseVersions("0-5"), known)).toBe("version <= 5");
  expect(versionTest(parseVersions("4-5"), known)).toBe("version >= 4 && version <= 5");
});

test("names of files and constants", () => {
  expect(["ProduceRequest", "KRaftVersionRecord", "AbortedTxn"].map(kebabCase)).toEqual([
    "produce-request",
    "kraft-version-record",
    "aborted-txn",
  ]);
  expect(constantCase("KRaftVersionRecord")).toBe("KRAFT_VERSION_RECORD");
});
