import { OPTION_ENTRIES, type SettingName, type Settings } from "./options.ts";
import type { Source } from "./problem.ts";
import { Secret } from "./secret.ts";

/** Settings that a running gateway takes over, beside the defaults of topics. */
const LIVE: ReadonlySet<string> = new Set<SettingName>([
  "log.level",
  "auto.create.topics.enable",
  "num.partitions",
  "commit.linger.ms",
  "log.retention.check.interval.ms",
]);

/** The same of each `[uplink.NAME]`: how much it may send, and when. */
const LIVE_OF_UPLINKS: ReadonlySet<string> = new Set([
  ...["rate.limit", "schedule.windows", "schedule.unknown.time"],
  ...["budget.day", "budget.month", "budget.end"],
]);

/** Files whose names need a restart and whose contents are read again. */
export const LIVE_FILES = "users, rules, certificates, keys and lists of revoked certificates";

/** Whether a running gateway takes a change of the setting over; of uplinks as `uplink.NAME.rate.limit`. */
export function isLive(key: string): boolean {
  const ofUplink = /^uplink\.[^.]+\.(.+)$/.exec(key)?.[1];
  if (ofUplink !== undefined) return LIVE_OF_UPLINKS.has(ofUplink);
  if (LIVE.has(key)) return true;
  return OPTION_ENTRIES.some(([name, option]) => name === key && option.topicConfig !== undefined);
}

/** What differs between settings in force and those that were read again. */
export interface SettingChanges {
  /** What a running gateway takes over. */
  readonly live: readonly string[];
  /** What takes effect at the next start. */
  readonly restart: readonly string[];
}

type Values = Readonly<Record<string, unknown>>;

/** By the names of settings; uplinks and bridges that came or went by theirs. */
export function settingChanges(before: Settings, after: Settings): SettingChanges {
  const keys = [
    ...OPTION_ENTRIES.map(([name]) => name).filter((name) => !same(before[name], after[name])),
    ...sectionChanges("uplink", before.uplinks, after.uplinks),
    ...sectionChanges("bridge", before.bridges, after.bridges),
    ...(same(before.mqttRoutes, after.mqttRoutes) ? [] : ["mqtt.route"]),
    ...(same(before.mqttDownlinks, after.mqttDownlinks) ? [] : ["mqtt.downlink"]),
  ];
  return { live: keys.filter(isLive), restart: keys.filter((key) => !isLive(key)) };
}

function sectionChanges(
  kind: string,
  before: readonly { readonly name: string }[],
  after: readonly { readonly name: string }[],
): string[] {
  const names = new Set([...before, ...after].map(({ name }) => name));
  return [...names].flatMap((name) => {
    const old = before.find((one) => one.name === name) as Values | undefined;
    const now = after.find((one) => one.name === name) as Values | undefined;
    if (old === undefined || now === undefined) return [`${kind}.${name}`];
    const keys = new Set([...Object.keys(old), ...Object.keys(now)]);
    return [...keys].filter((key) => !same(old[key], now[key])).map((key) => `${kind}.${name}.${key}`);
  });
}

function same(one: unknown, other: unknown): boolean {
  return compared(one) === compared(other);
}

/** A text that two values have in common if they are the same; it holds secrets, and is never shown. */
function compared(value: unknown): string {
  return JSON.stringify([value], function (this: Readonly<Record<string, unknown>>, key, shown: unknown) {
    const itself = this[key];
    return itself instanceof Secret ? itself.reveal() : shown;
  });
}

/** The settings in force once what a running gateway takes over is taken over, and where each is from. */
export function withLive(
  before: { readonly settings: Settings; readonly sources: ReadonlyMap<string, Source> },
  after: { readonly settings: Settings; readonly sources: ReadonlyMap<string, Source> },
): { readonly settings: Settings; readonly sources: ReadonlyMap<string, Source> } {
  const values: Record<string, unknown> = { ...before.settings };
  for (const [name] of OPTION_ENTRIES) if (isLive(name)) values[name] = after.settings[name];
  values.uplinks = before.settings.uplinks.map((uplink) => {
    const now = after.settings.uplinks.find(({ name }) => name === uplink.name);
    const live = Object.entries(now ?? {}).filter(([key]) => LIVE_OF_UPLINKS.has(key));
    return { ...uplink, ...Object.fromEntries(live) };
  });
  const sources = new Map([...before.sources].filter(([key]) => !isLive(key)));
  for (const [key, source] of after.sources) if (isLive(key)) sources.set(key, source);
  return { settings: Object.freeze(values) as unknown as Settings, sources };
}
