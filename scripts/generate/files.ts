import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { generateCodec } from "./codec.ts";
import { kebabCase } from "./names.ts";
import { type Message, type RawSchema, resolveMessage } from "./schema.ts";
import { generateApis, generateErrors, type RawApiKey, type RawError } from "./tables.ts";

/** All files that the schemas in a folder make: name -> text. Throws where there are no schemas, or bad ones. */
export function generateFiles(schemaFolder: string): Map<string, string> {
  const messages = [...schemaFiles(schemaFolder, "messages"), ...schemaFiles(schemaFolder, "records")]
    .map((path) => resolveMessage(readJson<RawSchema>(path)))
    .filter((message): message is Message => message !== null);
  if (messages.length === 0) throw new Error(`no schemas in ${schemaFolder}`);
  const files = new Map<string, string>();
  for (const message of messages) {
    const name = `${kebabCase(message.name)}.ts`;
    if (files.has(name)) throw new Error(`two messages are named ${message.name}`);
    files.set(name, generateCodec(message));
  }
  files.set("errors.ts", generateErrors(readJson<RawError[]>(join(schemaFolder, "errors.json"))));
  files.set("apis.ts", generateApis(readJson<RawApiKey[]>(join(schemaFolder, "api-keys.json")), messages));
  return files;
}

/** What differs between the files and what is in a folder, one line each. */
export function compareFiles(files: ReadonlyMap<string, string>, folder: string): string[] {
  mkdirSync(folder, { recursive: true });
  const present = new Set(readdirSync(folder));
  const problems: string[] = [];
  for (const [name, text] of files) {
    if (!present.delete(name)) problems.push(`${name} is missing`);
    else if (readFileSync(join(folder, name), "utf8") !== text) problems.push(`${name} differs`);
  }
  for (const name of present) problems.push(`${name} comes from no schema`);
  return problems;
}

/** Makes a folder hold the files and nothing else. */
export function writeFiles(files: ReadonlyMap<string, string>, folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(folder)) if (!files.has(name)) rmSync(join(folder, name));
  for (const [name, text] of files) writeFileSync(join(folder, name), text);
}

function schemaFiles(schemaFolder: string, kind: string): string[] {
  const folder = join(schemaFolder, kind);
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".json"))
    .sort()
    .map((name) => join(folder, name));
}

function readJson<T>(path: string): T {
  return JSON.parse(readFileSync(path, "utf8")) as T;
}
