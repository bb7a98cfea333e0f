import type { MirrorStatus } from "../mirror/settings.ts";
import type { FlowAlarm } from "./status.ts";

/**
 * Which mirrors should get on and do not: one that has not come to the end of its central topic, nor any further, for `alarmMs`,
 * whatever it says of its state, and one that can't read a partition for as long. Time in which the link may not be used does not
 * count. `alarmMs` 0: none.
 */
export function mirrorAlarms(mirrors: readonly MirrorStatus[], alarmMs: number): readonly FlowAlarm[] {
  if (alarmMs === 0) return [];
  return mirrors.flatMap(({ topic, centralTopic, state, reason, flow }): readonly FlowAlarm[] => {
    if (state === "held" || state === "stopped") return [];
    const words = `mirror of ${centralTopic}, ${state}`;
    if (flow.quietForMs >= alarmMs) {
      const why = reason ?? "connected, but nothing comes";
      return [{ topic, forMs: flow.quietForMs, reason: `${words}: ${why}` }];
    }
    const troubled = flow.troubles.filter(({ forMs }) => forMs >= alarmMs);
    const [first] = troubled;
    if (first === undefined) return [];
    const partitions = troubled.map(({ partition }) => partition).join(", ");
    return [
      { topic, forMs: first.forMs, reason: `${words}, but for partition ${partitions}: ${first.reason}` },
    ];
  });
}
