import { ARCHITECTURES, type Architecture } from "./manifest.ts";

/** What a centre wants gateways to run: the value of a record in the topic of desired versions, JSON. */
export interface Desired {
  readonly version: string;
  /** Where the bundle for each architecture is, and the SHA-256 of its manifest. */
  readonly bundles: Readonly<Partial<Record<Architecture, DesiredBundle>>>;
  /** In the order in which they get it. */
  readonly rings: readonly Ring[];
  /** The last ring that is to have it by now; null: all. */
  readonly released: string | null;
  /** Over how long the gateways are spread. */
  readonly jitterMs: number;
  /** How often a gateway tries it that gives it up each time. */
  readonly attempts: number;
  /** Nobody who has not begun begins any more. */
  readonly stop: boolean;
  /** Whether it may be older than what runs. */
  readonly allowOlder: boolean;
}

export interface DesiredBundle {
  readonly url: string;
  readonly manifestSha256: string;
}

/** A part of the fleet, by the hash of the gateways' ids: those up to `percent` that no ring before it has. */
export interface Ring {
  readonly name: string;
  readonly percent: number;
}

/** Whom a record may be for. */
export interface FleetMember {
  readonly gatewayId: string;
  /** Empty where the hash decides. */
  readonly ring: string;
  readonly architecture: string;
  /** Of what runs. */
  readonly version: string;
}

export type Decision =
  | { readonly kind: "stay"; readonly why: string }
  | {
      readonly kind: "update";
      readonly version: string;
      readonly bundle: DesiredBundle;
      readonly allowOlder: boolean;
      /** From when the record was first seen. */
      readonly delayMs: number;
    };

/** Key of the record that is for whoever has none of its own. */
export const EVERYBODY = "*";
export const MAX_DESIRED_BYTES = 64 * 1024;
const MAX_RINGS = 64;
const MAX_JITTER_MS = 30 * 86_400_000;
const MAX_ATTEMPTS = 100;
const MAX_TEXT = 2000;

/** Reads a record's value, or says what is wrong with it. */
export function parseDesired(value: Uint8Array): Desired | string {
  if (value.length > MAX_DESIRED_BYTES) return `it has more than ${MAX_DESIRED_BYTES} bytes`;
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(value));
  } catch {
    return "it is no JSON";
  }
  if (!isTable(parsed)) return "it is no object";
  const { version, bundles, rings = [], released = null, jitterMs = 0, attempts = 1, stop = false } = parsed;
  const { allowOlder = false } = parsed;
  if (!isText(version)) return "version is none";
  const read = bundlesOf(bundles);
  if (typeof read === "string") return read;
  if (!Array.isArray(rings) || rings.length > MAX_RINGS || !rings.every(isRing)) return "rings are none";
  if (released !== null && !rings.some(({ name }) => name === released))
    return "released is none of the rings";
  if (!isWhole(jitterMs, 0, MAX_JITTER_MS)) return `jitterMs is not 0 to ${MAX_JITTER_MS}`;
  if (!isWhole(attempts, 1, MAX_ATTEMPTS)) return `attempts are not 1 to ${MAX_ATTEMPTS}`;
  if (typeof stop !== "boolean" || typeof allowOlder !== "boolean")
    return "stop and allowOlder are true or false";
  return {
    version,
    bundles: read,
    rings,
    released: released as string | null,
    jitterMs,
    attempts,
    stop,
    allowOlder,
  };
}

/** What a gateway does about a record that is for it. `failures`: how often it has given that version up. */
export function decide(desired: Desired, member: FleetMember, failures: number): Decision {
  const stay = (why: string): Decision => ({ kind: "stay", why });
  if (desired.version === member.version) return stay("it runs");
  if (desired.stop) return stay("the centre has stopped it");
  const bundle = ARCHITECTURES.some((name) => name === member.architecture)
    ? desired.bundles[member.architecture as Architecture]
    : undefined;
  if (bundle === undefined) return stay(`there is no bundle for ${member.architecture}`);
  if (failures >= desired.attempts) return stay(`it was given up here ${failures} times`);
  const ring = ringOf(desired, member);
  const released = desired.rings.findIndex(({ name }) => name === desired.released);
  if (desired.rings.length > 0 && ring === null) return stay("this gateway is in none of the rings");
  if (released >= 0 && desired.rings.findIndex(({ name }) => name === ring) > released)
    return stay(`its ring ${ring} is not released yet`);
  const delayMs = Math.floor(shareOf(`${member.gatewayId}\n${desired.version}`) * desired.jitterMs);
  const { version, allowOlder } = desired;
  return { kind: "update", version, bundle, allowOlder, delayMs };
}

/** The ring of a gateway: the one that its settings name, else by the hash of its id; null where it is in none. */
export function ringOf({ rings }: Desired, { gatewayId, ring }: FleetMember): string | null {
  if (ring !== "") return rings.some(({ name }) => name === ring) ? ring : null;
  const percent = shareOf(gatewayId) * 100;
  return rings.find((candidate) => percent < candidate.percent)?.name ?? null;
}

/** The same for a text for ever: from 0 up to 1. */
export function shareOf(text: string): number {
  const digest = new Bun.CryptoHasher("sha256").update(text).digest();
  return digest.readUInt32BE(0) / 2 ** 32;
}

function bundlesOf(value: unknown): Desired["bundles"] | string {
  if (!isTable(value)) return "bundles are none";
  const bundles: Partial<Record<Architecture, DesiredBundle>> = {};
  for (const name of ARCHITECTURES) {
    const bundle = value[name];
    if (bundle === undefined) continue;
    const { url, manifestSha256 } = isTable(bundle) ? bundle : {};
    if (!isText(url) || !/^https?:\/\//.test(url)) return `the url for ${name} is none`;
    if (!isText(manifestSha256) || !/^[0-9a-f]{64}$/.test(manifestSha256))
      return `manifestSha256 for ${name} is none`;
    bundles[name] = { url, manifestSha256 };
  }
  return bundles;
}

function isRing(value: unknown): value is Ring {
  if (!isTable(value)) return false;
  const { name, percent } = value;
  return isText(name) && typeof percent === "number" && percent >= 0 && percent <= 100;
}

function isTable(value: unknown): value is Readonly<Partial<Record<string, unknown>>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "" && value.length <= MAX_TEXT;
}

function isWhole(value: unknown, min: number, max: number): value is number {
  return Number.isSafeInteger(value) && Number(value) >= min && Number(value) <= max;
}
