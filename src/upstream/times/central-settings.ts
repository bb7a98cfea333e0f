import { errorName } from "../../kafka/wire/generated/errors.ts";
import type { Calls } from "../calls.ts";
import type { CentralTopicSettings } from "../centre.ts";

/** The settings of central topics are read again this often: somebody may change them. */
const REFRESH_MS = 10 * 60_000;
/** And what could not be read; or everything, where records wait for somebody to change them. */
const RETRY_MS = 60_000;
/** And where the answer was lost with the connection, which says nothing of what the centre lets us read. */
const LOST_RETRY_MS = 1_000;

/** What a central topic does with times; bounds are Infinity where there is none. */
export interface TopicLimits {
  readonly retentionMs: number;
  readonly retentionBytes: number;
  /** Whether the centre stamps records itself. */
  readonly stampsItself: boolean;
  /** So much older, or newer, than the centre's clock a record may be. */
  readonly maxBeforeMs: number;
  readonly maxAfterMs: number;
  /** Why they could not be read; null where they are the centre's. */
  readonly unreadable: string | null;
}

/** Settings of central topics, as far as times go, by topic. Asked for beside the forwarding. */
export class CentralSettings {
  readonly #calls: Calls;
  readonly #refreshMs: number;
  readonly #byTopic = new Map<string, { readonly limits: TopicLimits | null; readonly againAtMs: number }>();
  #busy = false;

  /** `isAwaited`: whether records wait for settings to change. */
  constructor(calls: Calls, isAwaited: boolean) {
    this.#calls = calls;
    this.#refreshMs = isAwaited ? RETRY_MS : REFRESH_MS;
  }

  /** Null while they were not asked for. */
  of(topic: string): TopicLimits | null {
    return this.#byTopic.get(topic)?.limits ?? null;
  }

  /** A new attempt: what was on its way is nobody's, what is known stays. */
  restart(): void {
    this.#busy = false;
  }

  /** Asks for what is not known of these topics, or old. `then` is told of each that has changed. */
  advance(
    topics: readonly string[],
    nowMs: number,
    then: (topic: string, limits: TopicLimits) => void,
  ): void {
    if (this.#busy) return;
    const due = topics.filter((topic) => nowMs >= (this.#byTopic.get(topic)?.againAtMs ?? 0));
    if (due.length === 0) return;
    this.#busy = true;
    this.#calls.ask("topic-settings", due, (outcome) => {
      this.#busy = false;
      for (const topic of due) {
        const before = this.#byTopic.get(topic)?.limits ?? null;
        if (outcome.kind === "lost") {
          this.#byTopic.set(topic, { limits: before, againAtMs: nowMs + LOST_RETRY_MS });
          continue;
        }
        const settings = outcome.answer.find(({ name }) => name === topic);
        const limits = limitsOf(settings);
        const againAtMs = nowMs + (limits.unreadable === null ? this.#refreshMs : RETRY_MS);
        this.#byTopic.set(topic, { limits, againAtMs });
        if (JSON.stringify(before) !== JSON.stringify(limits)) then(topic, limits);
      }
    });
  }
}

function limitsOf(settings: CentralTopicSettings | undefined): TopicLimits {
  if (settings === undefined || settings.error !== 0) {
    const unreadable = settings === undefined ? "no answer" : errorName(settings.error);
    return { ...NO_LIMITS, unreadable };
  }
  const { values } = settings;
  // A compacted topic that deletes nothing by age keeps what is old.
  const deletes = (values.get("cleanup.policy") ?? "delete").includes("delete");
  return {
    retentionMs: deletes ? bound(values.get("retention.ms")) : Number.POSITIVE_INFINITY,
    retentionBytes: deletes ? bound(values.get("retention.bytes")) : Number.POSITIVE_INFINITY,
    stampsItself: values.get("message.timestamp.type") === "LogAppendTime",
    maxBeforeMs: bound(values.get("message.timestamp.before.max.ms")),
    maxAfterMs: bound(values.get("message.timestamp.after.max.ms")),
    unreadable: null,
  };
}

const NO_LIMITS = {
  retentionMs: Number.POSITIVE_INFINITY,
  retentionBytes: Number.POSITIVE_INFINITY,
  stampsItself: false,
  maxBeforeMs: Number.POSITIVE_INFINITY,
  maxAfterMs: Number.POSITIVE_INFINITY,
};

/** Settings of these names say something about times. */
export const TIME_SETTINGS = [
  "cleanup.policy",
  "retention.ms",
  "retention.bytes",
  "message.timestamp.type",
  "message.timestamp.before.max.ms",
  "message.timestamp.after.max.ms",
] as const;

function bound(text: string | null | undefined): number {
  const value = Number(text ?? "-1");
  return Number.isFinite(value) && value >= 0 ? value : Number.POSITIVE_INFINITY;
}
