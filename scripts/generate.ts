/**
 * Makes src/kafka/wire/generated from the schemas in src/kafka/wire/schema. With `--check` nothing is written: it fails
 * where what is there differs from what would be made, so that neither is changed without the other.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { generateCodec } from "./generate/codec.ts";
import { kebabCase } from "./generate/names.ts";
import { type Message, type RawSchema, resolveMessage } from "./generate/schema.ts";
import { generateApis, generateErrors, type RawApiKey, type RawError } from "./generate/tables.ts";

const WIRE = join(import.meta.dir, "../src/kafka/wire");
const SCHEMA = join(WIRE, "schema");
const GENERATED = join(WIRE, "generated");

process.exitCode = main(process.argv.slice(2));

function main(args: readonly string[]): number {
  const check = args[0] === "--check";
  if (args.length > (check ? 1 : 0)) {
    console.error("usage: generate.ts [--check]");
    return 2;
  }
  const files = generate();
  const stale = compare(files);
  if (check) {
    for (const problem of stale) console.error(problem);
    console.log(`${files.size} files compared, ${stale.length} differ`);
    return stale.length === 0 ? 0 : 1;
  }
  rmSync(GENERATED, { recursive: true, force: true });
  mkdirSync(GENERATED, { recursive: true });
  for (const [name, text] of files) writeFileSync(join(GENERATED, name), text);
  console.log(`${files.size} files in ${relative(process.cwd(), GENERATED)}, ${stale.length} changed`);
  return 0;
}

/** All generated files: name -> text. */
function generate(): Map<string, string> {
  const messages = [...schemaFiles("messages"), ...schemaFiles("records")]
    .map((path) => resolveMessage(readJson<RawSchema>(path)))
    .filter((message): message is Message => message !== null);
  if (messages.length === 0) throw new Error(`no schemas in ${SCHEMA}`);
  const files = new Map<string, string>();
  for (const message of messages) {
    const name = `${kebabCase(message.name)}.ts`;
    if (files.has(name)) throw new Error(`two messages are named ${message.name}`);
    files.set(name, generateCodec(message));
  }
  files.set("errors.ts", generateErrors(readJson<RawError[]>(join(SCHEMA, "errors.json"))));
  files.set("apis.ts", generateApis(readJson<RawApiKey[]>(join(SCHEMA, "api-keys.json")), messages));
  return files;
}

function schemaFiles(folder: string): string[] {
  return readdirSync(join(SCHEMA, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".json"))
    .sort()
    .map((name) => join(SCHEMA, folder, name));
}

/** What differs between the files and the folder, one line each. */
function compare(files: ReadonlyMap<string, string>): string[] {
  const present = new Set(readFolder());
  const problems: string[] = [];
  for (const [name, text] of files) {
    if (!present.delete(name)) problems.push(`${name} is missing`);
    else if (readFileSync(join(GENERATED, name), "utf8") !== text) problems.push(`${name} differs`);
  }
  for (const name of present) problems.push(`${name} comes from no schema`);
  return problems;
}

function readFolder(): string[] {
  mkdirSync(GENERATED, { recursive: true });
  return readdirSync(GENERATED);
}

function readJson<T>(path: string): T {
  return JSON.parse(readFileSync(path, "utf8")) as T;
}
