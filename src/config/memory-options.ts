import { count } from "./option.ts";

/** When memory counts as short. */
export const MEMORY_OPTIONS = {
  "memory.low.percent": count({
    default: 15,
    min: 0,
    max: 90,
    doc: "Share of the machine's memory, or of what the service may take of it (MemoryMax), that is to stay available. Where less is, or programs wait for memory, the gateway gives back what it can read again from the disk; below a third of it /readyz says so. More than 128 MiB is never asked for. 0: nobody looks.",
  }),
} as const;
