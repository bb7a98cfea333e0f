import type { UplinkStatus } from "../status.ts";
import { CANARY_TOPIC } from "./canary-topic.ts";
import type { Away, CanaryStatus, FlowAlarm } from "./status.ts";

/** What an uplink says of itself, as far as it is about flow. */
export type FlowFacts = Pick<
  UplinkStatus,
  "state" | "topics" | "lastError" | "lastErrorOver" | "link" | "times"
> & {
  readonly canary: CanaryStatus;
};

interface Progress {
  /** Of all its partitions together. */
  position: number;
  /** Since when it has stood there with something to send; the time of an outage is added. */
  sinceMs: number;
  /** Has stood there through an outage: a second one counts, or a link that flaps would never alarm for its topics. */
  hadOutage: boolean;
}

/**
 * Tells an uplink that is connected, or says so, from one that carries. Pure: it is shown the uplink's status now and
 * then. Something has to get on within `alarmMs`: the connection, each topic that has something to send, the canary.
 * Time in which nothing is meant to flow does not count; an outage that has alarmed by itself does not count for topics and canary.
 */
export class FlowWatch {
  readonly #alarmMs: number;
  readonly #topics = new Map<string, Progress>();
  #connectedMs: number;
  #lookedMs: number;
  /** Of the outage that goes on; null while connected. */
  #outageMs: number | null = null;
  /** Time in which the canary was not meant to get on. */
  #pausedUntilMs = Number.NEGATIVE_INFINITY;
  #alarms: readonly FlowAlarm[] = [];
  #paused: string | null = null;

  /** `alarmMs` 0: no alarms. */
  constructor(alarmMs: number, nowMs: number) {
    this.#alarmMs = alarmMs;
    this.#connectedMs = nowMs;
    this.#lookedMs = nowMs;
  }

  get alarms(): readonly FlowAlarm[] {
    return this.#alarms;
  }

  look(facts: FlowFacts, nowMs: number): void {
    this.#paused = pauseOf(facts);
    const { kind } = facts.state;
    if (kind === "forwarding" || this.#paused !== null) this.#connectedMs = nowMs;
    const isCanaryHeld = facts.topics.some(
      (each) => each.topic === CANARY_TOPIC && each.heldBecause !== null,
    );
    const isLongOutage = nowMs - this.#connectedMs >= this.#alarmMs;
    if (this.#paused !== null || isCanaryHeld || isLongOutage) this.#pausedUntilMs = nowMs;
    this.#follow(facts, nowMs);
    this.#alarms = this.#alarmMs === 0 ? [] : this.#judge(facts, nowMs);
    this.#lookedMs = nowMs;
  }

  /** Whether the centre is not reached, by what the uplink says now. */
  away(facts: FlowFacts, nowMs: number): Away | null {
    if (facts.state.kind === "forwarding" || pauseOf(facts) !== null) return null;
    const forMs = nowMs - this.#connectedMs;
    const alarmInMs = this.#alarmMs === 0 ? null : Math.max(0, this.#alarmMs - forMs);
    return { forMs, alarmInMs, reason: stateReason(facts) };
  }

  #follow({ state, topics }: FlowFacts, nowMs: number): void {
    const passedMs = state.kind === "forwarding" ? 0 : nowMs - this.#lookedMs;
    const endedMs = state.kind === "forwarding" ? this.#outageMs : null;
    this.#outageMs = state.kind === "forwarding" ? null : (this.#outageMs ?? 0) + passedMs;
    const known = new Set(topics.map(({ topic }) => topic));
    for (const topic of [...this.#topics.keys()]) if (!known.has(topic)) this.#topics.delete(topic);
    for (const { topic, heldBecause, partitions } of topics) {
      const position = partitions.reduce((sum, partition) => sum + partition.position, 0);
      const waits = partitions.some(({ lagRecords }) => lagRecords !== 0);
      const progress = this.#topics.get(topic);
      if (progress === undefined) this.#topics.set(topic, { position, sinceMs: nowMs, hadOutage: false });
      else if (!waits || position !== progress.position || this.#paused !== null || heldBecause !== null) {
        progress.position = position;
        progress.sinceMs = nowMs;
        progress.hadOutage = false;
      } else {
        // One as long as that has alarmed for the connection.
        const isExcused = endedMs !== null && progress.hadOutage && endedMs >= this.#alarmMs;
        const addedMs = isExcused ? endedMs : progress.hadOutage ? 0 : passedMs;
        progress.sinceMs = Math.min(nowMs, progress.sinceMs + addedMs);
        progress.hadOutage ||= endedMs !== null;
      }
    }
  }

  #judge(facts: FlowFacts, nowMs: number): readonly FlowAlarm[] {
    const awayMs = nowMs - this.#connectedMs;
    if (awayMs >= this.#alarmMs) return [{ topic: null, forMs: awayMs, reason: stateReason(facts) }];
    const alarms: FlowAlarm[] = [];
    const noCanary = canaryFault(facts.topics) !== null;
    for (const { topic, state, reason, partitions } of facts.topics) {
      if (topic === CANARY_TOPIC && noCanary) continue;
      const forMs = nowMs - (this.#topics.get(topic)?.sinceMs ?? nowMs);
      if (forMs < this.#alarmMs) continue;
      const hold = partitions.find((partition) => partition.hold !== null)?.hold ?? null;
      const why = reason ?? hold ?? quietReason(facts);
      alarms.push({
        topic,
        forMs,
        reason: state === "missing" || state === "blocked" ? `${state}: ${why}` : why,
      });
    }
    const outForMs = Math.min(facts.canary.outForMs ?? 0, nowMs - this.#pausedUntilMs);
    if (outForMs >= this.#alarmMs && !noCanary) {
      const why = facts.canary.fault ?? "it is not at the centre where it should be";
      alarms.push({ topic: null, forMs: outForMs, reason: `the canary has not come back: ${why}` });
    }
    return alarms;
  }
}

/**
 * Why the centre takes no canaries, or null: it has no such topic, or denies it. That proves nothing about the others,
 * and is no alarm.
 */
export function canaryFault(topics: UplinkStatus["topics"]): string | null {
  const canary = topics.find(({ topic }) => topic === CANARY_TOPIC);
  if (canary?.state !== "missing" && canary?.state !== "blocked") return null;
  return `${CANARY_TOPIC} is ${canary.state} at the centre: ${canary.reason ?? ""}`;
}

/** Why nothing is meant to flow now, or null. */
export function pauseOf({ state, link, times }: FlowFacts): string | null {
  if (link.heldBecause !== null) return link.heldBecause;
  if (state.kind === "stopped") return "stopped";
  return times.clock.waiting ? "records wait for the clock to be set" : null;
}

function stateReason({ state, lastError }: FlowFacts): string {
  if ("reason" in state) return `${state.kind}: ${state.reason}`;
  return lastError === null ? `${state.kind}: no answer` : `${state.kind}: ${lastError}`;
}

function quietReason({ lastError, lastErrorOver }: FlowFacts): string {
  const words = "connected, but nothing goes up";
  return lastError === null || lastErrorOver ? words : `${words}: ${lastError}`;
}
