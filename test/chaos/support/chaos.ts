import { type Proof, prove } from "../../../devices/simulator/verify-command.ts";
import { HttpDoor } from "../../../src/cli/http/door.ts";
import { fetchStatus, type StatusAnswer } from "../../../src/cli/http/requests.ts";
import { parseAddress } from "../../../src/config/address.ts";
import { SeededRandom } from "../../../src/io/simulated/random.ts";
import type { Headwater } from "../../support/headwater.ts";
import type { TcpProxy } from "../../support/tcp-proxy.ts";
import { type FleetFigures, FleetProcess } from "./fleet-process.ts";
import { type Blow, type BlowKind, planStorm } from "./storm.ts";

/** The centre, as a storm hits it and the proof reads it. */
export interface CentreUnderTest {
  /** `host:port` past the link. */
  readonly kafka: string;
  kill(): Promise<void>;
  restart(): Promise<void>;
}

export interface ChaosParts {
  readonly gateway: Headwater;
  readonly centre: CentreUnderTest;
  /** Between gateway and centre. */
  readonly link: TcpProxy;
}

export interface ChaosPlan {
  readonly seed: number;
  readonly devices: number;
  readonly rateHz: number;
  readonly readings: number;
  readonly prefix: string;
  readonly blows: number;
  /** A kind that is there twice gets twice the share. */
  readonly kinds: readonly BlowKind[];
  /** How long the uplink may take after the fleet's end, until nothing is left to forward. */
  readonly arrivalMs: number;
}

export interface ChaosOutcome {
  readonly fleet: FleetFigures;
  readonly proof: Proof;
  readonly status: StatusAnswer;
  /** How often each kind was carried out. */
  readonly blows: Readonly<Record<string, number>>;
}

const STALL_MS = 30_000;
const LOOK_MS = 200;
/** The uplink has said that all is there by then: only markers of transactions may still be on their way. */
const SETTLE_MS = 5_000;
/** Part of the time that the fleet needs in calm, in which blows fall: the rest is quiet at both ends. */
const STORM_SHARE = 0.9;
const QUIET_MS = 1_000;

/** The seed of a run: given in CHAOS_SEED, else by chance. Printed, so that a failure can be had again. */
export function chaosSeed(): number {
  const seed = Number(process.env.CHAOS_SEED ?? Math.floor(Math.random() * 0x7fff_ffff));
  console.log(`CHAOS_SEED=${seed}`);
  return seed;
}

/**
 * Lets a fleet publish through a gateway to a centre while both and the link between them are hit; then waits until
 * the gateway says that all is forwarded, and holds the centre's topic against what the devices know.
 */
export async function runChaos(parts: ChaosParts, plan: ChaosPlan): Promise<ChaosOutcome> {
  const random = new SeededRandom(plan.seed);
  const calmMs = (plan.readings / plan.rateHz) * 1000;
  const storm = planStorm(random, plan.blows, calmMs * STORM_SHARE, plan.kinds);
  console.log(storm.map(({ kind, atMs, downMs }) => `${kind}@${atMs}+${downMs}`).join(" "));
  const fleet = new FleetProcess({ ...plan, mqtt: parts.gateway.mqtt });
  try {
    const beaten = new Storm(parts, random.fork());
    await Promise.all([Bun.sleep(QUIET_MS).then(() => beaten.rage(storm)), fleet.finished()]);
    const status = await caughtUp(parts.gateway, plan.arrivalMs);
    const address = parseAddress(parts.centre.kafka, "127.0.0.1");
    if (typeof address === "string") throw new Error(address);
    const from = {
      bootstrap: [address],
      topic: "telemetry",
      isolation: "read_committed",
      stallMs: STALL_MS,
    } as const;
    const proof = await prove(from, fleet.ledger(), { waitMs: SETTLE_MS, ignoreOthers: true });
    const outcome = { fleet: await fleet.finished(), proof, status, blows: beaten.counts };
    console.log(summary(outcome));
    return outcome;
  } finally {
    await fleet.dispose();
  }
}

/** Carries blows out at their moments; each thing is down for one blow at a time. */
class Storm {
  readonly counts: Record<string, number> = {};
  readonly #parts: ChaosParts;
  readonly #random: SeededRandom;
  readonly #busy: Record<"gateway" | "centre" | "link", Promise<void>> = {
    gateway: Promise.resolve(),
    centre: Promise.resolve(),
    link: Promise.resolve(),
  };

  constructor(parts: ChaosParts, random: SeededRandom) {
    this.#parts = parts;
    this.#random = random;
  }

  async rage(blows: readonly Blow[]): Promise<void> {
    const startedMs = performance.now();
    const all = blows.map(async (blow) => {
      await Bun.sleep(Math.max(0, blow.atMs - (performance.now() - startedMs)));
      const target = blow.kind === "gateway" || blow.kind === "centre" ? blow.kind : "link";
      this.#busy[target] = this.#busy[target].then(() => this.#strike(blow));
      await this.#busy[target];
    });
    await Promise.all(all);
    this.#parts.link.refusing = false;
    this.#parts.link.heal();
  }

  async #strike({ kind, downMs }: Blow): Promise<void> {
    const { gateway, centre, link } = this.#parts;
    this.counts[kind] = (this.counts[kind] ?? 0) + 1;
    switch (kind) {
      case "gateway":
      case "centre": {
        const part = kind === "gateway" ? gateway : centre;
        await part.kill();
        await Bun.sleep(downMs);
        await part.restart();
        return;
      }
      case "cut":
        link.refusing = true;
        link.cut();
        await Bun.sleep(downMs);
        link.refusing = false;
        return;
      case "freeze":
        link.partitioned = true;
        await Bun.sleep(downMs);
        link.heal();
        return;
      case "half-close":
        link.halfClose(this.#random.chance(0.5) ? "to-target" : "to-client");
        await Bun.sleep(downMs);
        link.cut();
        return;
    }
  }
}

/** Waits until the uplink has nothing left to forward. */
async function caughtUp(gateway: Headwater, timeoutMs: number): Promise<StatusAnswer> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const status = await fetchStatus(new HttpDoor(`http://${gateway.http}`));
    const uplink = status.uplinks[0];
    if (uplink?.state === "idle" && uplink.lagRecords === 0) return status;
    if (performance.now() > deadline) {
      throw new Error(`not caught up after ${timeoutMs / 1000} s: ${JSON.stringify(status.uplinks)}`);
    }
    await Bun.sleep(LOOK_MS);
  }
}

function summary({ fleet, proof, blows }: ChaosOutcome): string {
  const kinds = Object.entries(blows).map(([kind, count]) => `${count} ${kind}`);
  return [
    `${fleet.sent} sent in ${(fleet.elapsedMs / 1000).toFixed(0)} s, ${fleet.acked} acknowledged,`,
    `${fleet.breaks} connections broke, ${fleet.skipped} readings skipped; blows: ${kinds.join(", ")};`,
    `at the centre ${proof.found}: ${proof.missing} missing, ${proof.repeated} twice, ${proof.outOfOrder} out of order`,
    ...proof.examples,
  ].join("\n");
}
