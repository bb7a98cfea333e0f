import { SeededRandom } from "../../src/io/simulated/random.ts";
import type { CentreCall, CentreOutcome } from "../../src/upstream/centre.ts";
import { Forwarder } from "../../src/upstream/forwarder.ts";
import { LinkGovernor } from "../../src/upstream/link/governor.ts";
import { type LinkSettings, UNKNOWN_TIME, type WallClock } from "../../src/upstream/link/settings.ts";
import type { RefusedRecord, UplinkReports } from "../../src/upstream/reports.ts";

import {
  type LinkCompression,
  type RecreatedTopics,
  type UplinkLimits,
  type UplinkRoute,
  uplinkSettings,
} from "../../src/upstream/settings.ts";

import type { LocalSource } from "../../src/upstream/source.ts";
import type { LocalTimes } from "../../src/upstream/times/local-times.ts";
import type { TimesSettings } from "../../src/upstream/times/settings.ts";
import { MemorySource } from "./memory-source.ts";
import { ModelCentre } from "./model-centre.ts";

export interface ModelRunOptions {
  readonly protocol?: 0 | 1 | 2;
  readonly source?: LocalSource;
  readonly centre?: ModelCentre;
  /** What the local store holds. */
  readonly stored?: Uint8Array | null;
  readonly limits?: Partial<UplinkLimits>;
  readonly times?: Partial<TimesSettings>;
  readonly localTimes?: LocalTimes;
  readonly link?: Partial<LinkSettings>;
  readonly recreatedTopics?: RecreatedTopics;
  readonly wall?: WallClock;
  /** Instead of one that carries every topic as it is. */
  readonly routes?: readonly UplinkRoute[];
  /** Default "none". */
  readonly compression?: LinkCompression;
  readonly compressionLevel?: number;
  /** The test answers the calls "compress". */
  readonly hasCompressor?: boolean;
}

const STEP_MS = 10;

/**
 * A forwarder and a model of its centre, call by call: each is answered at once, unless the test answers it in the
 * model's place. Time moves by steps.
 */
export class ModelRun {
  readonly memory = new MemorySource();
  readonly centre: ModelCentre;
  readonly forwarder: Forwarder;
  readonly governor: LinkGovernor;
  readonly reports: string[] = [];
  readonly refused: RefusedRecord[] = [];
  readonly calls: CentreCall[] = [];
  stored: Uint8Array | null;
  linkStored: Uint8Array | null = null;
  nowMs = 0;
  /** Whether the ledger has all gaps where no power cut takes them. */
  gapsWritten = true;
  /** Topics whose gaps are written down whatever `gapsWritten` says. */
  readonly writtenTopics = new Set<string>();
  deletionsWritten = true;
  /** Answers in place of the model and of the store; null leaves it to them, "never" to nobody. */
  instead: (call: CentreCall) => CentreOutcome | "never" | null = () => null;

  constructor(options: ModelRunOptions = {}) {
    const protocol = options.protocol ?? 2;
    this.stored = options.stored ?? null;
    this.centre = options.centre ?? new ModelCentre(protocol, 1);
    const settings = uplinkSettings({
      name: "u",
      gatewayId: "g",
      ...(options.routes === undefined ? { topics: ["*"] } : { routes: options.routes }),
      delivery: protocol === 0 ? "idempotent" : "transactional",
      recreatedTopics: options.recreatedTopics ?? "refill",
      compression: options.compression ?? "none",
      compressionLevel: options.compressionLevel ?? 1,
      limits: options.limits ?? {},
      link: options.link ?? {},
      times: options.times ?? {},
    });
    const source = options.source ?? this.memory;
    const random = new SeededRandom(1);
    this.governor = new LinkGovernor(settings.link, settings.limits, options.wall ?? UNKNOWN_TIME, random);
    const reports: UplinkReports = {
      onGap: (topic, partition, from, to, reason, cause, record) => {
        this.reports.push(`gap ${topic}-${partition} ${from}..${to} ${cause}: ${reason}`);
        if (record !== undefined) this.refused.push(record);
      },
      areGapsWritten: (topic) => this.gapsWritten || this.writtenTopics.has(topic),
      areDeletionsWritten: () => this.deletionsWritten,
      onRecreated: (topic) => this.reports.push(`recreated ${topic}`),
      onCentreRecreated: (topic, central, decision, records) =>
        this.reports.push(`made again ${topic} ${central} ${decision} ${records}`),
      onDiverged: (topic, partition, from, to, epoch) =>
        this.reports.push(`diverged ${topic}-${partition} ${from}..${to} epoch ${epoch}`),
      onState: (level, message) => this.reports.push(`${level} ${message}`),
      onRecovered: (troubleMs) => this.reports.push(`recovered ${troubleMs}`),
      onTrouble: (message) => this.reports.push(`trouble ${message}`),
    };
    this.forwarder = new Forwarder(
      settings,
      source,
      random,
      "i1",
      reports,
      this.governor,
      options.localTimes,
      options.hasCompressor,
    );
  }

  /** Lets this much time pass. */
  run(forMs: number): void {
    for (const untilMs = this.nowMs + forMs; this.nowMs < untilMs; this.nowMs += STEP_MS) this.step();
  }

  /** Runs the forwarder until it has nothing to do at this time. */
  step(): void {
    for (let turns = 0; turns < 100; turns += 1) {
      const { calls, nextMs } = this.forwarder.turn(this.nowMs);
      for (const call of calls) this.#answer(call);
      if (calls.length === 0 && (nextMs === null || nextMs > this.nowMs)) return;
    }
    throw new Error("the forwarder does not come to rest");
  }

  status() {
    return this.forwarder.status(this.nowMs);
  }

  gaps(): readonly string[] {
    return this.reports.filter((line) => line.startsWith("gap "));
  }

  /** The values that a careful reader of the centre sees in the first partition. */
  values(topic: string): readonly string[] {
    const [records] = this.centre.visible(topic);
    return (records ?? []).map(({ value }) => new TextDecoder().decode(value ?? undefined));
  }

  #answer(call: CentreCall): void {
    this.calls.push(call);
    const outcome = this.instead(call) ?? this.perform(call);
    if (outcome !== "never") this.forwarder.answered(call.id, outcome, this.nowMs);
  }

  /** As the model and the store would. */
  perform(call: CentreCall): CentreOutcome {
    if (call.kind === "load-position") return { kind: "answered", answer: this.stored };
    if (call.kind === "load-link") return { kind: "answered", answer: this.linkStored };
    if (call.kind === "save-link") {
      this.linkStored = call.ask;
      return { kind: "answered", answer: null };
    }
    if (call.kind !== "save-position") return this.centre.perform(call, this.nowMs);
    this.stored = call.ask;
    return { kind: "answered", answer: null };
  }
}
