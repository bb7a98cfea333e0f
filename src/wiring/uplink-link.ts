import type { KeyedState } from "../broker/keyed-state.ts";
import type { UplinkSettings as ConfiguredUplink } from "../config/uplink-options.ts";
import type { Clock } from "../io/clock.ts";
import type { Network } from "../io/network.ts";
import type { Random } from "../io/random.ts";
import { LinkGovernor } from "../upstream/link/governor.ts";
import { MeteredNetwork } from "../upstream/link/metered-network.ts";
import type { LinkSettings, WallClock } from "../upstream/link/settings.ts";
import type { HintPlace } from "../upstream/link/use-hint.ts";
import type { UplinkSettings } from "../upstream/settings.ts";
import type { UplinkLink } from "../upstream/uplink.ts";

const MINUTE_MS = 60_000;
/** Topics of a centre are looked up this often where bytes count; what changes with records on the way is seen at once. */
const METERED_REFRESH_MS = 10 * MINUTE_MS;

export function linkSettings(configured: ConfiguredUplink): LinkSettings {
  return {
    rateBytesPerSecond: configured["rate.limit"],
    windows: configured["schedule.windows"],
    unknownTime: configured["schedule.unknown.time"],
    dayBudgetBytes: configured["budget.day"],
    monthBudgetBytes: configured["budget.month"],
    atBudgetEnd: configured["budget.end"],
    priorityTopics: configured["priority.topics"],
    slowStartMs: configured["slow.start.ms"],
  };
}

/** How often an uplink looks things up, or nothing where its own default is right. */
export function refreshOf(configured: ConfiguredUplink): { readonly refreshMs?: number } {
  const isMetered =
    configured["rate.limit"] > 0 || configured["budget.day"] > 0 || configured["budget.month"] > 0;
  return isMetered ? { refreshMs: METERED_REFRESH_MS } : {};
}

/** What governs an uplink's link, with the network that its connections go through. */
export function openLink(
  configured: ConfiguredUplink,
  settings: UplinkSettings,
  seams: {
    readonly network: Network;
    readonly clock: Clock;
    readonly random: Random;
    /** The time of day as far as it is known. */
    readonly knownNowMs: () => number | null;
  },
  openState: () => KeyedState,
  hint: HintPlace | null = null,
): UplinkLink & { readonly network: Network } {
  const { network, clock, random, knownNowMs } = seams;
  const wall = wallClock(knownNowMs, configured["schedule.timezone"]);
  const governor = new LinkGovernor(settings.link, settings.limits, wall, random, hint);
  // Names of uplinks have no slash: this is nobody's position.
  const key = `${configured.name}/link`;
  const store = {
    load: async () => openState().get(key),
    save: async (value: Uint8Array) => openState().set(key, value),
  };
  return { governor, store, network: new MeteredNetwork(network, clock, governor.meter) };
}

function wallClock(nowMs: () => number | null, zone: "utc" | "local"): WallClock {
  return {
    nowMs,
    offsetMs: (atMs) => (zone === "utc" ? 0 : -new Date(atMs).getTimezoneOffset() * MINUTE_MS),
  };
}
