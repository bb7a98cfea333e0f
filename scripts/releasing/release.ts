import type { KeyObject } from "node:crypto";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import {
  ARCHITECTURES,
  type Architecture,
  builtBinary,
  programVersion,
  sourceOf,
  TOP,
} from "../package/headwater.ts";
import { bundledPackages, bundlesOfBinary, lockedHashes } from "./bundled.ts";
import { updateBundle } from "./bundles.ts";
import { fingerprint, makeKey, publicPem, readPrivateKey, readPublicKey } from "./keys.ts";
import { type Runtime, sbom } from "./sbom.ts";
import { PUBLIC_KEY, releaseFaults, writeSums } from "./sums.ts";

const HELP = `scripts/release --out DIR --key FILE           builds, and writes a signed release into DIR
  --bundle-key FILE                            signs the bundles for headwater update too, and may be repeated: the
                                               old key, while gateways learn to trust a new one
scripts/release keygen --key FILE              makes the key that signs, and FILE.pub
scripts/release verify DIR --public-key FILE   checks the signature and every sum; ends with 1 where one is wrong`;

const PLATFORMS: Readonly<Record<Architecture, string>> = { x64: "linux-x64", arm64: "linux-aarch64" };

/** `check` and `write` are the two halves of making a release: scripts/release builds between them. */
async function main(args: readonly string[]): Promise<number> {
  const { positionals, values } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      out: { type: "string" },
      key: { type: "string" },
      "bundle-key": { type: "string", multiple: true },
      "public-key": { type: "string" },
      help: { type: "boolean" },
    },
  });
  if (values.help === true) {
    console.log(HELP);
    return 0;
  }
  const [command, ...rest] = positionals;
  const [folder] = rest;
  const { out, key, "public-key": publicKey } = values;
  if (command === "keygen" && rest.length === 0 && key !== undefined) return keygen(key);
  if (command === "verify" && rest.length === 1 && folder !== undefined && publicKey !== undefined) {
    return verify(folder, publicKey);
  }
  if ((command === "check" || command === "write") && rest.length === 0 && out && key) {
    const signer = checked(out, key);
    const signers = [signer, ...(values["bundle-key"] ?? []).map(readPrivateKey)];
    if (command === "write") await write(resolve(out), signer, signers);
    return 0;
  }
  console.error(HELP);
  return 2;
}

function keygen(file: string): number {
  console.log(`${file}, ${file}.pub: ${makeKey(file, `${file}.pub`)}`);
  return 0;
}

async function verify(folder: string, publicKey: string): Promise<number> {
  const key = readPublicKey(publicKey);
  const faults = await releaseFaults(folder, key);
  for (const fault of faults) console.error(`headwater: ${fault}`);
  if (faults.length === 0) console.log(`${folder} is whole, and signed by ${fingerprint(key)}`);
  return faults.length === 0 ? 0 : 1;
}

/** What could be refused at the end is refused before the build. */
function checked(out: string, keyFile: string): KeyObject {
  const key = readPrivateKey(keyFile);
  if (existsSync(out) && readdirSync(out).length > 0) throw new Error(`${out} is not empty`);
  const { version } = sourceOf();
  if (version.endsWith(".modified"))
    throw new Error("there are changes that are not committed: a release is of a commit");
  if (version.endsWith("~unknown")) throw new Error("this is no git checkout: a release is of a commit");
  return key;
}

/** The folder gets its name when all is in it. */
async function write(out: string, key: KeyObject, bundleKeys: readonly KeyObject[]): Promise<void> {
  mkdirSync(dirname(out), { recursive: true });
  const partial = mkdtempSync(join(dirname(out), `.${basename(out)}.partial-`));
  try {
    const source = sourceOf();
    for (const architecture of ["x64", "arm64"] as const) {
      const binary = `headwater-linux-${architecture}`;
      for (const name of [binary, `headwater_${source.version}_${ARCHITECTURES[architecture]}.deb`]) {
        copyFileSync(join(TOP, "dist", name), join(partial, name));
      }
      writeFileSync(join(partial, `${binary}.cdx.json`), await sbomOf(architecture));
      const contents = {
        ...source,
        version: programVersion(),
        binaries: { [architecture]: builtBinary(architecture) },
      };
      const bundle = `headwater_${source.version}_${ARCHITECTURES[architecture]}.update`;
      writeFileSync(join(partial, bundle), updateBundle(contents, bundleKeys));
    }
    writeFileSync(join(partial, PUBLIC_KEY), publicPem(key));
    await writeSums(partial, key);
    renameSync(partial, out);
  } catch (error) {
    rmSync(partial, { recursive: true, force: true });
    throw error;
  }
  console.log(`${out}: ${readdirSync(out).length} files, signed by ${fingerprint(key)}`);
}

/** The SBOM of the checkout's binary for that architecture. */
export async function sbomOf(architecture: Architecture): Promise<string> {
  const { version, epochSeconds } = sourceOf();
  return sbom({
    binary: `headwater-linux-${architecture}`,
    version,
    license: String(JSON.parse(readFileSync(join(TOP, "package.json"), "utf8")).license),
    epochSeconds,
    packages: await bundledPackages(TOP, bundlesOfBinary(TOP)),
    runtime: runtimeOf(architecture),
  });
}

function runtimeOf(architecture: Architecture): Runtime {
  const name = `@oven/bun-${PLATFORMS[architecture]}`;
  const version = Bun.version;
  const sha512 = lockedHashes(readFileSync(join(TOP, "bun.lock"), "utf8")).get(`${name}@${version}`);
  if (sha512 === undefined) throw new Error(`bun.lock has no ${name}@${version}`);
  const { license } = JSON.parse(readFileSync(join(TOP, "node_modules/bun/package.json"), "utf8"));
  const versions = Object.fromEntries(
    Object.entries(process.versions).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
  return { package: name, version, license: String(license), sha512, versions };
}

if (import.meta.main) {
  try {
    process.exitCode = await main(process.argv.slice(2));
  } catch (error) {
    console.error(`headwater: ${error instanceof Error ? error.message : error}`);
    process.exitCode = 1;
  }
}
