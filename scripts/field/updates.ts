import { generateKeyPairSync } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BINARY } from "../../test/arm/hindrance.ts";
import { writeVersion } from "../../test/support/other-version.ts";
import { updateBundle } from "../releasing/bundles.ts";
import { publicPem } from "../releasing/keys.ts";

const DAY_SECONDS = 86_400;

/** Files for a trial of updates: a key that the gateway trusts, a version that is good, and one that says nothing once it runs. */
export interface UpdateFiles {
  readonly keys: string;
  readonly good: string;
  readonly bad: string;
  readonly packagedVersion: string;
  readonly goodVersion: string;
}

/**
 * Makes them of the binary that the image has, with other numbers written over its own. `running` is the version that the
 * gateway says it is, such as 0.1.0+5df3f96.
 */
export function makeUpdates(folder: string, running: string): UpdateFiles {
  const { privateKey } = generateKeyPairSync("ed25519");
  const goodVersion = running.replace(/^\d+\.\d+\.\d+/, (numbers) => numbers.replace(/^\d+\.\d/, "0.9"));
  const program = readFileSync(BINARY);
  if (writeVersion(program, running, goodVersion) === 0) {
    throw new Error(`${BINARY} is not the program of the image, which says that it is ${running}`);
  }
  const badVersion = goodVersion.replace(/^0\.9/, "0.10");
  // It tests itself well, by the program that is there, and does nothing when it counts.
  const silent = `#!/bin/sh\ncase "$1" in self-test) exec /usr/bin/headwater "$@" ;; esac\nexec sleep 3600\n`;
  const nowSeconds = Math.floor(Date.now() / 1000);
  const write = (name: string, version: string, binary: Uint8Array, epochSeconds: number) => {
    const path = join(folder, name);
    const contents = { version, epochSeconds, binaries: { arm64: binary }, level: 1 };
    writeFileSync(path, updateBundle(contents, [privateKey]));
    return path;
  };
  const keys = join(folder, "update-keys.pem");
  writeFileSync(keys, publicPem(privateKey));
  return {
    keys,
    good: write("good.update", goodVersion, program, nowSeconds + DAY_SECONDS),
    bad: write("bad.update", badVersion, new TextEncoder().encode(silent), nowSeconds + 2 * DAY_SECONDS),
    packagedVersion: running,
    goodVersion,
  };
}
