import type { Clock } from "../../../src/io/clock.ts";
import type { SimulatedMachine } from "../../../src/io/simulated/machine.ts";
import type { SeededRandom } from "../../../src/io/simulated/random.ts";
import { decodeRecords } from "../../../src/records/reader.ts";
import type { CentreCall, CentreOutcome } from "../../../src/upstream/centre.ts";
import type { Centre } from "../../../src/upstream/kafka-centre.ts";
import type { WireMeter } from "../../../src/upstream/link/wire-meter.ts";
import type { ModelCentre } from "../model-centre.ts";

/** What the link to the centre is like now. */
export interface LinkState {
  isUp: boolean;
  /** How likely a request meets the end of its connection. */
  breaks: number;
}

/** Bytes that a request and its answer take besides its records. */
const REQUEST_BYTES = 120;
const DAY_MS = 24 * 3_600_000;
const LOST: CentreOutcome = { kind: "lost", reason: "the link broke" };

/**
 * The way to a model of the centre, over a link that is slow, breaks, and is down. A request on a connection that breaks
 * arrived, or did not; those behind it did not.
 */
export class FarCentre implements Centre {
  readonly #model: ModelCentre;
  readonly #link: LinkState;
  readonly #clock: Clock;
  readonly #machine: SimulatedMachine;
  readonly #random: SeededRandom;
  readonly #meter: WireMeter;
  /** When a value was sent last, in true time. */
  readonly #sentMs: Map<string, number>;
  /** In true time, by day since 1970. */
  readonly #bytesByDay: Map<number, number>;
  #isConnected = false;
  #isClosed = false;
  /** In place of what the model answers; null for its own. A deliberate bug of who asks looks like this. */
  instead: (call: CentreCall, outcome: CentreOutcome) => CentreOutcome = (_, outcome) => outcome;

  constructor(
    model: ModelCentre,
    link: LinkState,
    seams: {
      readonly clock: Clock;
      readonly machine: SimulatedMachine;
      readonly random: SeededRandom;
      readonly meter: WireMeter;
      readonly sentMs: Map<string, number>;
      readonly bytesByDay: Map<number, number>;
    },
  ) {
    this.#model = model;
    this.#link = link;
    this.#clock = seams.clock;
    this.#machine = seams.machine;
    this.#random = seams.random;
    this.#meter = seams.meter;
    this.#sentMs = seams.sentMs;
    this.#bytesByDay = seams.bytesByDay;
  }

  perform(calls: readonly CentreCall[], answered: (id: number, outcome: CentreOutcome) => void): void {
    // Connections are made anew by who needs them.
    this.#isConnected = this.#link.isUp;
    for (const call of calls) {
      const outcome = this.#performOne(call);
      this.#clock.after(20 + this.#random.below(60), () => {
        if (!this.#isClosed) answered(call.id, outcome);
      });
    }
  }

  close(): void {
    this.#isClosed = true;
  }

  #performOne(call: CentreCall): CentreOutcome {
    if (!this.#isConnected) return call.kind === "disconnect" ? { kind: "answered", answer: null } : LOST;
    const breaks = this.#random.chance(this.#link.breaks);
    if (breaks) this.#isConnected = false;
    if (breaks && this.#random.chance(0.5)) return LOST;
    this.#count(call);
    const outcome = this.#model.perform(call, this.#machine.trueMs);
    return breaks ? LOST : this.instead(call, outcome);
  }

  #count(call: CentreCall): void {
    const nowMs = this.#clock.monotonicMs();
    const recordBytes = call.kind === "produce" ? call.ask.batch.length : 0;
    this.#meter.sent(REQUEST_BYTES + recordBytes, nowMs);
    this.#meter.received(REQUEST_BYTES, nowMs);
    const day = Math.floor(this.#machine.trueMs / DAY_MS);
    this.#bytesByDay.set(day, (this.#bytesByDay.get(day) ?? 0) + 2 * REQUEST_BYTES + recordBytes);
    if (call.kind !== "produce") return;
    for (const { value } of decodeRecords(call.ask.batch)) {
      const name = nameOf(value);
      if (!this.#sentMs.has(name)) this.#sentMs.set(name, this.#machine.trueMs);
    }
  }
}

/** What a record is told apart by: the beginning of its value. */
export function nameOf(value: Uint8Array | null): string {
  return new TextDecoder().decode(value ?? undefined).split(";")[0] ?? "";
}
