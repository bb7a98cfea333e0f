import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ARCHITECTURES, type Architecture, builtBinary, headwaterDeb, sourceOf, TOP } from "./headwater.ts";

/** `scripts/deb [x64] [arm64]`: writes dist/headwater_VERSION_ARCHITECTURE.deb and prints each path. */
function main(args: readonly string[]): void {
  const chosen = args.length === 0 ? ["x64", "arm64"] : args;
  const source = sourceOf();
  mkdirSync(join(TOP, "dist"), { recursive: true });
  for (const name of chosen) {
    if (!(name in ARCHITECTURES)) throw new Error(`unknown architecture '${name}': x64 or arm64`);
    const architecture = name as Architecture;
    const bytes = headwaterDeb(builtBinary(architecture), architecture, source);
    const path = join(TOP, "dist", `headwater_${source.version}_${ARCHITECTURES[architecture]}.deb`);
    writeFileSync(path, bytes);
    console.log(`${path}  ${(bytes.length / 1e6).toFixed(1)} MB`);
  }
}

try {
  main(process.argv.slice(2));
} catch (error) {
  console.error(`headwater: ${error instanceof Error ? error.message : error}`);
  process.exit(1);
}
