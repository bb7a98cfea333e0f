import type { Uplinks } from "./uplinks.ts";

/** A gateway without uplinks, which has no use for the code that carries. */
export const NO_UPLINKS: Uplinks = {
  status: () => [],
  topics: () => [],
  names: [],
  setMode: async () => {},
  setCap: async () => {},
  setLink: () => {},
  inspect: () => [],
  rewind: async () => ({ done: false, moves: [] }),
  shrink: () => {},
  stop: async () => {},
};
