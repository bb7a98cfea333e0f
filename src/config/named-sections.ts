import { BRIDGE_OPTIONS } from "./bridge-options.ts";
import type { Option } from "./option.ts";
import { UPLINK_OPTIONS } from "./uplink-options.ts";

/** Sections that there may be several of, each with a name: `[uplink.NAME]`. */
export const NAMED_SECTIONS = {
  uplink: UPLINK_OPTIONS,
  bridge: BRIDGE_OPTIONS,
} as const satisfies Readonly<Record<string, Readonly<Record<string, Option<never> | Option<unknown>>>>>;

export type SectionName = keyof typeof NAMED_SECTIONS;
