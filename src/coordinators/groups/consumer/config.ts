import type { Settings } from "../../../config/options.ts";

/** Times that each group may have of its own. */
export interface ConsumerGroupTimes {
  readonly sessionTimeoutMs: number;
  readonly heartbeatIntervalMs: number;
  readonly assignmentIntervalMs: number;
}

type Timed = "session.timeout" | "heartbeat.interval" | "assignment.interval";

/** A group's times: its own where it has any (as strings, by Kafka's names), kept within the broker's bounds. */
export function consumerGroupTimes(settings: Settings, own: ReadonlyMap<string, string>): ConsumerGroupTimes {
  const of = (name: Timed): number => {
    const text = own.get(`consumer.${name}.ms`);
    const valueMs = text === undefined ? Number.NaN : Number(text);
    if (!Number.isFinite(valueMs)) return settings[`group.consumer.${name}.ms`];
    const minMs = settings[`group.consumer.min.${name}.ms`];
    return Math.max(minMs, Math.min(valueMs, settings[`group.consumer.max.${name}.ms`]));
  };
  return {
    sessionTimeoutMs: of("session.timeout"),
    heartbeatIntervalMs: of("heartbeat.interval"),
    assignmentIntervalMs: of("assignment.interval"),
  };
}
