import type { Operation } from "./op-log.ts";

/**
 * What becomes of the operations that were in the disk's volatile cache when power went. "drop": all are lost.
 * "keep": none is. "subset": each 4 KiB of them is lost or not by itself, in any order. "torn": each 512 bytes.
 */
export type CutMode = "drop" | "subset" | "torn" | "keep";

export interface Cut {
  /** Operations before this index had reached the disk. */
  readonly index: number;
  readonly mode: CutMode;
  readonly seed: number;
}

interface Patch {
  readonly position: number;
  readonly bytes: Uint8Array;
}

const BLOCK_BYTES = 4096;
const SECTOR_BYTES = 512;

/**
 * The disk's contents after a power cut, for any cut. Cuts have to come in the order of their indexes: what is
 * durable is applied once and for all, what is not only while the state is used.
 */
export class CrashStates {
  readonly #image: Uint8Array;
  readonly #operations: readonly Operation[];
  #applied = 0;
  #seen = 0;
  #durable = 0;

  /** `image` is the disk before the first operation; it is changed. */
  constructor(image: Uint8Array, operations: readonly Operation[]) {
    this.#image = image;
    this.#operations = operations;
  }

  /** Calls back with the disk as it is after this cut. The bytes are good during the call. */
  async at<Result>(cut: Cut, use: (image: Uint8Array) => Promise<Result>): Promise<Result> {
    if (cut.index < this.#seen) throw new Error("cuts have to come in order");
    for (; this.#seen < cut.index; this.#seen++) {
      const operation = this.#operations[this.#seen];
      if (operation?.kind === "flush") this.#durable = Math.max(this.#durable, operation.covers);
    }
    for (; this.#applied < this.#durable; this.#applied++) this.#apply(this.#applied);
    const undo = this.#applyVolatile(cut);
    try {
      return await use(this.#image);
    } finally {
      for (const { position, bytes } of undo.reverse()) this.#image.set(bytes, position);
    }
  }

  #apply(index: number): void {
    const operation = this.#operations[index];
    if (operation?.kind === "write") this.#image.set(operation.bytes, operation.position);
    else if (operation?.kind === "zero") {
      this.#image.fill(0, operation.position, operation.position + operation.length);
    }
  }

  /** Applies what this cut leaves of the volatile operations. Returns what was there before, oldest first. */
  #applyVolatile(cut: Cut): Patch[] {
    if (cut.mode === "drop") return [];
    const random = seededRandom(cut.seed);
    const undo: Patch[] = [];
    const put = (position: number, bytes: Uint8Array) => {
      undo.push({ position, bytes: this.#image.slice(position, position + bytes.length) });
      this.#image.set(bytes, position);
    };
    const grain = cut.mode === "subset" ? BLOCK_BYTES : SECTOR_BYTES;
    for (const operation of this.#operations.slice(this.#durable, cut.index)) {
      if (operation.kind === "flush") continue;
      const { position } = operation;
      const bytes = operation.kind === "write" ? operation.bytes : new Uint8Array(operation.length);
      if (cut.mode === "keep") put(position, bytes);
      else {
        for (let at = 0; at < bytes.length; at += grain) {
          if (random() < 0.5) put(position + at, bytes.subarray(at, at + grain));
        }
      }
    }
    return undo;
  }
}

/** Mulberry32: numbers in [0, 1) that are the same for the same seed. */
export function seededRandom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
