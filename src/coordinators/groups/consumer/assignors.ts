import type { Assignor } from "../modern/assignor.ts";
import { RANGE_ASSIGNOR } from "./range-assignor.ts";
import { UNIFORM_ASSIGNOR } from "./uniform-assignor.ts";

/** Used where no member asks for another. */
export const DEFAULT_ASSIGNOR = UNIFORM_ASSIGNOR;

const ASSIGNORS: ReadonlyMap<string, Assignor> = new Map(
  [UNIFORM_ASSIGNOR, RANGE_ASSIGNOR].map((assignor) => [assignor.name, assignor]),
);

/** In the order in which errors list them. */
export const ASSIGNOR_NAMES: readonly string[] = [...ASSIGNORS.keys()];

/** The assignor that a client calls by this name, or null. */
export function assignorNamed(name: string): Assignor | null {
  return ASSIGNORS.get(name) ?? null;
}
