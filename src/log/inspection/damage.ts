import type { LogIdentity } from "../log-config.ts";

/** What is damaged: records themselves, or something that speaks of them. */
export type DamagedPart = "segment" | "index" | "journal" | "checkpoint" | "folder" | "content";

/** One damaged place, in words that an operator can go by. */
export interface Damage {
  readonly part: DamagedPart;
  readonly path: string;
  /** A copy of something that is sound is damaged, as any power cut may leave it: nothing has to be done. */
  readonly isHarmless: boolean;
  /** Bytes [position, endPosition) of the file; null where all of it is meant, or it is missing. */
  readonly position: number | null;
  readonly endPosition: number | null;
  readonly topic: string | null;
  readonly partition: number | null;
  /** Offsets [fromOffset, toOffset) that are lost with it; null where none is. */
  readonly fromOffset: number | null;
  readonly toOffset: number | null;
  /** Keys of lost records, as far as the damaged bytes can still be read. */
  readonly keys: readonly string[];
  /** What is wrong. A clause. */
  readonly what: string;
  /** What follows from it. A clause. */
  readonly meaning: string;
  /** What to do. A clause. */
  readonly remedy: string;
}

/** Something that is no damage, and that someone who looks at the files would stumble over. */
export interface Remark {
  readonly path: string;
  readonly text: string;
}

/** What an inspection went through. */
export interface InspectionSums {
  logs: number;
  segments: number;
  batches: number;
  bytes: number;
  indexes: number;
  journalRounds: number;
}

/** Takes what is found. */
export class Findings {
  readonly damages: Damage[] = [];
  readonly remarks: Remark[] = [];
  readonly sums: InspectionSums = {
    ...{ logs: 0, segments: 0, batches: 0, bytes: 0, indexes: 0, journalRounds: 0 },
  };

  damage(
    log: LogIdentity | null,
    found: Pick<Damage, "part" | "path" | "what" | "meaning" | "remedy"> & Partial<Damage>,
  ): void {
    this.damages.push({
      isHarmless: false,
      position: null,
      endPosition: null,
      fromOffset: null,
      toOffset: null,
      keys: [],
      ...found,
      topic: log?.topic ?? null,
      partition: log?.partition ?? null,
    });
  }

  remark(path: string, text: string): void {
    this.remarks.push({ path, text });
  }
}

/** What to do about most of what is found, as one sentence says it everywhere. */
export const REPAIR = "stop the gateway and run headwater repair, or start it: it does the same by itself";
export const REBUILD =
  "nothing has to be done: it is built again when it is needed; headwater repair does so at once";
/** What every damage that nobody has made means as well. */
export const SUSPECT_DISK = "look at the disk: bytes that change by themselves are its first sign of failing";

/** Whether somebody has to do something. */
export function isWhole(damages: readonly Damage[]): boolean {
  return damages.every(({ isHarmless }) => isHarmless);
}
