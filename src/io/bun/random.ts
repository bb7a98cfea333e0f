import { assert } from "../../base/assert.ts";
import type { Random } from "../random.ts";

/** What `crypto.getRandomValues` gives in one call. */
const MAX_BYTES = 65_536;

/** The machine's randomness. */
export class SystemRandom implements Random {
  bytes(count: number): Uint8Array {
    assert(count >= 0 && count <= MAX_BYTES, `random bytes: bad count ${count}`);
    return crypto.getRandomValues(new Uint8Array(count));
  }

  fraction(): number {
    return Math.random();
  }
}
