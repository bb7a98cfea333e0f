import { formatDurationMs } from "../../config/units.ts";
import type { ClockStatus, UplinkStatus } from "../../http/status.ts";
import type { Finding, Verdict } from "./finding.ts";

/** Partitions that one line names. */
const MAX_SHOWN = 5;

/** What a gateway that runs says of itself; nothing of it can be measured from outside. */
export interface RunningGateway {
  readonly clock?: ClockStatus | null;
  /** Why it is not ready; left out where nobody has asked. */
  readonly reasons?: readonly string[];
  /** What serves on as it was, and would not after a start. */
  readonly notes?: readonly string[];
  readonly uplinks: readonly UplinkStatus[];
}

/** Whether its clock is believed, and whether what its uplinks should carry does flow. */
export function judgeGateway({
  clock,
  uplinks,
  reasons = [],
  notes = [],
}: RunningGateway): readonly Finding[] {
  return [
    ...reasons.map(judgeReason),
    ...notes.map(judgeNote),
    ...(clock === null || clock === undefined ? [] : [judgeGatewayClock(clock)]),
    ...uplinks.flatMap(judgeUplink),
    ...uplinks.flatMap(judgeMirrors),
  ];
}

/** It serves all the same, as far as it can. */
function judgeReason(reason: string): Finding {
  const meaning = "the gateway runs, and is not ready (/readyz)";
  const remedy = "see to the reason; what it closes opens by itself";
  return { check: "readiness", verdict: "problem", value: reason, meaning, remedy, data: { reason } };
}

/** Nothing is amiss until the next start. */
function judgeNote(note: string): Finding {
  const meaning = "a file is wrong by now, and the gateway goes on with what it was before";
  const remedy = "mend it before the gateway is started again; it is taken over by itself";
  return { check: "readiness", verdict: "warning", value: note, meaning, remedy, data: { note } };
}

/** How a gateway's answer to `inspect` says which of a log's histories is in force. */
export interface Histories {
  readonly uplink: string;
  readonly positions: readonly {
    readonly topic: string;
    readonly partition: number;
    readonly epoch: number;
  }[];
}

/** Whether logs go on in another history than their first: an older copy of the data folder was put in place. */
export function judgeHistories({ uplink, positions }: Histories): readonly Finding[] {
  const later = positions.filter(({ epoch }) => epoch > 0);
  if (later.length === 0) return [];
  const shown = later
    .slice(0, MAX_SHOWN)
    .map(({ topic, partition, epoch }) => `${topic}-${partition} ${epoch}`);
  const more = later.length > shown.length ? ` and ${later.length - shown.length} more` : "";
  return [
    {
      check: `histories of uplink ${uplink}`,
      verdict: "note",
      value: `above epoch 0: ${shown.join(", ")}${more}`,
      meaning:
        "an older copy of the data was restored once, which the centre was ahead of: it has records of these logs that are not here, and what came since has the same offsets in another history",
      remedy: `headwater uplink inspect ${uplink} shows where histories part; nothing has to be done where that was meant`,
      data: { uplink, partitions: later.map(({ topic, partition, epoch }) => ({ topic, partition, epoch })) },
    },
  ];
}

function judgeMirrors({ name, mirrors = [] }: UplinkStatus): readonly Finding[] {
  return mirrors.flatMap(({ topic, centralTopic, mirroredRecords, warning = null }): readonly Finding[] => {
    if (warning === null) return [];
    const check = `mirror of ${centralTopic} from ${name}`;
    const value = `${mirroredRecords} records copied to ${topic}`;
    const remedy = `raise retention.ms and retention.bytes of ${topic} here, or lower them there`;
    return [{ check, verdict: "warning", value, meaning: warning, remedy, data: { topic, centralTopic } }];
  });
}

function judgeGatewayClock(clock: ClockStatus): Finding {
  const { known, quality, steps, lastStepMs } = clock;
  const check = "clock of the gateway";
  const step = lastStepMs === null ? "" : `, set ${steps} times, last by ${span(lastStepMs)}`;
  const value = `${quality}${step}`;
  const data = { ...clock };
  if (known) return { check, verdict: "ok", value, meaning: "times can be trusted", remedy: null, data };
  const meaning = "times of arrival are put right once it is set; until then nothing is deleted for its age";
  const remedy = 'let NTP set it, or write clock.trust = "always" where nothing does';
  return { check, verdict: "warning", value, meaning, remedy, data };
}

function judgeUplink({ name, flow, times, link }: UplinkStatus): readonly Finding[] {
  const check = `flow of uplink ${name}`;
  const { roundTripMs, seenAgoMs } = flow.canary;
  const canary =
    roundTripMs === null || seenAgoMs === null
      ? "no canary yet"
      : `a canary took ${Math.round(roundTripMs)} ms there and back, ${span(seenAgoMs)} ago`;
  const tell = (verdict: Verdict, meaning: string, remedy: string | null): Finding => ({
    ...{ check, verdict, value: canary, meaning, remedy },
    data: { alarms: flow.alarms, paused: flow.paused, canary: flow.canary, late: times.late },
  });
  const alarms = flow.alarms.map(({ topic, forMs, reason }) => {
    const what = topic === null ? "nothing flows" : `${topic} does not flow`;
    return tell("problem", `${what} for ${span(forMs)}: ${reason}`, "see to the reason; the log has more");
  });
  const late = times.late.topics.flatMap(({ warning }) =>
    warning === null
      ? []
      : [
          tell(
            "warning",
            warning,
            "raise the central topic's retention.ms, or set late.records of the uplink",
          ),
        ],
  );
  if (alarms.length > 0 || late.length > 0) return [...alarms, ...late];
  if (flow.paused !== null) return [tell("note", `nothing has to flow: ${flow.paused}`, null)];
  const away = flow.away ?? null;
  if (away !== null) {
    const alarm = away.alarmInMs === null ? "" : `; alarm in ${span(away.alarmInMs)}`;
    const meaning = `not connected for ${span(away.forMs)}: ${away.reason}${alarm}`;
    return [tell("warning", meaning, "see to the reason; the log has more")];
  }
  const others = link?.othersHeldBecause ?? null;
  if (others !== null) return [tell("note", `others do not have to flow: ${others}`, null)];
  return [tell("ok", "what should flow does", null)];
}

function span(durationMs: number): string {
  const text = formatDurationMs(Math.max(1, Math.round(Math.abs(durationMs) / 1000)) * 1000);
  return durationMs < 0 ? `-${text}` : text;
}
