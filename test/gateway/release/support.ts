import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { publicPem } from "../../../scripts/releasing/keys.ts";
import { PUBLIC_KEY, writeSums } from "../../../scripts/releasing/sums.ts";

/** A folder that is gone when `using` ends. */
export function folder(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), "headwater-release-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

export function newKey(): { readonly privateKey: KeyObject; readonly publicKey: KeyObject } {
  return generateKeyPairSync("ed25519");
}

/** Small files in place of binaries and packages, summed and signed. */
export async function writeRelease(path: string, key: KeyObject): Promise<void> {
  writeFileSync(join(path, "headwater-linux-x64"), "a binary");
  writeFileSync(join(path, "headwater-linux-x64.cdx.json"), "{}\n");
  writeFileSync(join(path, "headwater_0.1.0~git1_amd64.deb"), "a package");
  writeFileSync(join(path, PUBLIC_KEY), publicPem(key));
  await writeSums(path, key);
}
