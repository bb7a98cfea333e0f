/**
 * Makes src/kafka/wire/generated from the schemas in src/kafka/wire/schema. With `--check` nothing is written: it fails
 * where what is there differs from what would be made, so that neither is changed without the other.
 */
import { join, relative } from "node:path";
import { compareFiles, generateFiles, writeFiles } from "./generate/files.ts";

const WIRE = join(import.meta.dir, "../src/kafka/wire");

process.exitCode = main(process.argv.slice(2));

function main(args: readonly string[]): number {
  const check = args[0] === "--check";
  if (args.length > (check ? 1 : 0)) {
    console.error("usage: generate.ts [--check]");
    return 2;
  }
  const folder = join(WIRE, "generated");
  const files = generateFiles(join(WIRE, "schema"));
  const stale = compareFiles(files, folder);
  if (check) {
    for (const problem of stale) console.error(problem);
    console.log(`${files.size} generated files compared with their schemas, ${stale.length} differ`);
    return stale.length === 0 ? 0 : 1;
  }
  writeFiles(files, folder);
  console.log(`${files.size} files in ${relative(process.cwd(), folder)}, ${stale.length} changed`);
  return 0;
}
