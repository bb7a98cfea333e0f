import { AES_GCM } from "../../../src/io/bun/aes-gcm.ts";
import type { Disk } from "../../../src/io/disk.ts";
import { SealedDisk, type SealedDiskOptions } from "../../../src/io/sealed/sealed-disk.ts";
import { SeededRandom } from "../../../src/io/simulated/random.ts";

export const DATA_KEY = new Uint8Array(32).fill(7);

/** A sealed disk over another one, with the same key every time. */
export function sealedDisk(inner: Disk, options: Partial<SealedDiskOptions> = {}): SealedDisk {
  return new SealedDisk({
    inner,
    cryptography: AES_GCM,
    random: new SeededRandom(5),
    keys: { current: 1, key: (number) => (number === 1 ? DATA_KEY : null) },
    isPlain: (path) => path.endsWith("/lock"),
    defer: queueMicrotask,
    ...options,
  });
}
