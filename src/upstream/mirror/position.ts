import type { Uuid } from "../../base/ids.ts";

/**
 * How far a topic has been mirrored, replaced whole in the local store. Everything below `next` is in the local log or
 * was left out; what lies at `localEnds` or behind may be of records from `next` on, which a start therefore looks for.
 */
export interface MirrorPosition {
  /** Cluster id of the centre. */
  readonly centre: string;
  /** The topic's id there; zero where the centre is too old to have ids. */
  readonly centralId: Uuid;
  /** The topic's id here. */
  readonly topicId: Uuid;
  /** Next offset at the centre, by central partition; or one of `START` where its leader has not said yet where to begin. */
  readonly next: readonly number[];
  /** By local partition. */
  readonly localEnds: readonly number[];
  /** When the centre was last seen to have no more, milliseconds since 1970; -1 for never. */
  readonly caughtUpMs: number;
}

/** Where a partition begins that nobody has read yet. */
export const START = { earliest: -1, latest: -2 } as const;

export function encodeMirrorPosition(position: MirrorPosition): Uint8Array {
  return new TextEncoder().encode(JSON.stringify({ format: 1, ...position }));
}

/** Null where the bytes are none of ours. */
export function decodeMirrorPosition(bytes: Uint8Array | null): MirrorPosition | null {
  if (bytes === null) return null;
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return isPosition(value) ? value : null;
  } catch {
    return null;
  }
}

function isPosition(value: unknown): value is MirrorPosition {
  if (typeof value !== "object" || value === null) return false;
  const { format, centre, centralId, topicId, next, localEnds, caughtUpMs } = value as Record<
    string,
    unknown
  >;
  return (
    format === 1 &&
    [centre, centralId, topicId].every((text) => typeof text === "string") &&
    [next, localEnds].every((list) => Array.isArray(list) && list.every(Number.isSafeInteger)) &&
    (next as number[]).every((offset) => offset >= START.latest) &&
    (localEnds as number[]).every((offset) => offset >= 0) &&
    Number.isSafeInteger(caughtUpMs)
  );
}
