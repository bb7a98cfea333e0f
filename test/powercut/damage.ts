import { closeSync, openSync, readdirSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import { seededRandom } from "./crash-states.ts";

/** Files of one kind are damaged as often as those of any other, however many or few there are. */
const KINDS: readonly RegExp[] = [
  /\.log$/,
  /\.log$/,
  /^journal\//,
  /^journal\//,
  /checkpoint/,
  // Where a topic came anew under an old name, only this file tells them apart until the next checkpoint.
  /^(?!churn).*partition\.metadata$/,
  /^format$/,
  /\.(?:index|timeindex|keys)$/,
];
const BLOCK_BYTES = 4096;

/**
 * Writes garbage over 4 KiB of a file in the data folder, as a card does that fails or that lost power while it
 * moved an erase block. Returns what was damaged, for a message; "" in a folder without files.
 */
export function damageOneFile(folder: string, seed: number): string {
  const random = seededRandom(seed);
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) =>
    statSync(join(folder, name)).isFile(),
  );
  const kind = KINDS[Math.floor(random() * KINDS.length)] as RegExp;
  const chosen = files.filter((name) => kind.test(name));
  const name = (chosen.length > 0 ? chosen : files)[Math.floor(random() * (chosen.length || files.length))];
  if (name === undefined) return "";
  const path = join(folder, name);
  const sizeBytes = statSync(path).size;
  const block = Math.floor((random() * sizeBytes) / BLOCK_BYTES) * BLOCK_BYTES;
  const length = Math.min(BLOCK_BYTES, sizeBytes - block);
  const file = openSync(path, "r+");
  writeSync(
    file,
    Uint8Array.from({ length }, () => Math.floor(random() * 256)),
    0,
    length,
    block,
  );
  closeSync(file);
  return `${name} damaged at ${block}: `;
}
