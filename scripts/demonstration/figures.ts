import type { Fleet, FleetTotals } from "../../devices/simulator/fleet.ts";
import { HttpDoor } from "../../src/cli/http/door.ts";
import { fetchStatus, type StatusAnswer } from "../../src/cli/http/requests.ts";
import { residentMb } from "../bench/procfs.ts";
import type { CentreWatch } from "./centre-watch.ts";
import type { Site } from "./site.ts";

/** Counts at one moment; those that can't be had are as they were. */
export interface Counts {
  readonly atMs: number;
  readonly sent: number;
  readonly acked: number;
  /** Records in the gateway's log. */
  readonly stored: number;
  /** Those of them that the centre has, as the uplink says. */
  readonly forwarded: number;
  /** Readings that a consumer at the centre has seen. */
  readonly atCentre: number;
}

export interface Figures extends Counts {
  readonly fleet: FleetTotals;
  /** Null while the gateway does not answer. */
  readonly gateway: StatusAnswer | null;
  readonly gatewayMb: number | null;
  readonly centreMb: number | null;
  readonly centreRunning: boolean;
  readonly centreLatenciesMs: readonly number[];
  /** Growth a second of each count over the last seconds. */
  readonly perSecond: Readonly<Omit<Counts, "atMs">>;
}

/** Rates are over this time. */
const WINDOW_MS = 5_000;

/** Takes the figures of all parts together. */
export class FigureTaker {
  readonly #site: Site;
  readonly #fleet: Fleet;
  readonly #watch: CentreWatch;
  #history: Counts[];

  /** `atMs` is milliseconds since the start of the demo, here and below. */
  constructor(site: Site, fleet: Fleet, watch: CentreWatch, atMs: number) {
    this.#site = site;
    this.#fleet = fleet;
    this.#watch = watch;
    this.#history = [{ atMs, sent: 0, acked: 0, stored: 0, forwarded: 0, atCentre: 0 }];
  }

  async take(atMs: number): Promise<Figures> {
    const { gateway, centre } = this.#site;
    const status = gateway.running
      ? await fetchStatus(new HttpDoor(`http://${gateway.headwater.http}`)).catch(() => null)
      : null;
    const fleet = this.#fleet.totals();
    const last = this.#history.at(-1);
    const stored = status === null ? (last?.stored ?? 0) : storedRecords(status);
    const lag = status?.uplinks[0]?.lagRecords ?? null;
    const counts: Counts = {
      atMs,
      sent: fleet.sent,
      acked: fleet.acked,
      stored,
      forwarded: lag === null ? (last?.forwarded ?? 0) : stored - lag,
      atCentre: this.#watch.readings,
    };
    this.#history.push(counts);
    const first = this.#history.findLast((entry) => entry.atMs <= atMs - WINDOW_MS) ?? this.#history[0];
    this.#history = this.#history.filter((entry) => entry.atMs >= (first?.atMs ?? 0));
    return {
      ...counts,
      fleet,
      gateway: status,
      gatewayMb: gateway.running ? memoryOf(gateway.headwater.pid) : null,
      centreMb: centre?.running ? memoryOf(centre.headwater.pid) : null,
      centreRunning: centre?.running ?? true,
      centreLatenciesMs: this.#watch.latenciesMs(),
      perSecond: growth(first ?? counts, counts),
    };
  }
}

function storedRecords(status: StatusAnswer): number {
  let stored = 0;
  for (const { internal, partitions } of status.topics) {
    if (!internal) for (const { highWatermark } of partitions) stored += highWatermark;
  }
  return stored;
}

function growth(from: Counts, to: Counts): Omit<Counts, "atMs"> {
  const perSecond = (before: number, now: number): number =>
    to.atMs > from.atMs ? ((now - before) * 1000) / (to.atMs - from.atMs) : 0;
  return {
    sent: perSecond(from.sent, to.sent),
    acked: perSecond(from.acked, to.acked),
    stored: perSecond(from.stored, to.stored),
    forwarded: perSecond(from.forwarded, to.forwarded),
    atCentre: perSecond(from.atCentre, to.atCentre),
  };
}

/** Null where the process is gone by now. */
function memoryOf(pid: number): number | null {
  try {
    return residentMb(pid);
  } catch {
    return null;
  }
}
