import { formatDurationMs } from "../config/units.ts";
import type { MirrorStatus, UplinkStatus } from "../http/status.ts";
import { type Carrier, carrierStatus } from "./carrier-status.ts";
import type { Command } from "./command.ts";
import { atDoor, HTTP_FLAGS } from "./http/flags.ts";
import { heldWords, UPLINK_CONTROLS } from "./uplink-control.ts";
import { UPLINK_POSITIONS } from "./uplink-positions.ts";

/** That a topic was made again at the centre is worth a word for a day. */
const SHOWN_MADE_AGAIN_MS = 24 * 3_600_000;
/** States in which nobody has to do anything. */
const MOVING: ReadonlySet<string> = new Set(["connecting", "resolving", "forwarding", "idle", "held"]);

const UPLINKS: Carrier<UplinkStatus> = {
  kind: "uplink",
  of: ({ uplinks }) => uplinks,
  head: [
    "UPLINK",
    "STATE",
    "LAG",
    "BEHIND",
    "ETA",
    "FORWARDED",
    "GAPS",
    "FLOW",
    "CENTRE",
    "LINK",
    "LAST ERROR",
  ],
  row: (uplink) => [
    uplink.name,
    stateText(uplink),
    lagText(uplink),
    durationText(uplink.lagMs),
    durationText(uplink.link.etaMs),
    String(uplink.forwardedRecords),
    String(uplink.gaps),
    flowText(uplink),
    uplink.bootstrap.join(","),
    linkText(uplink),
    errorText(uplink),
  ],
  details: (uplinks) => {
    const rows = uplinks.flatMap(({ name, mirrors }) => mirrors.map((mirror) => mirrorRow(name, mirror)));
    return rows.length === 0 ? [] : [MIRROR_HEAD, ...rows];
  },
  isWell: ({ state, flow, mirrors }) =>
    MOVING.has(state) && flow.alarms.length === 0 && mirrors.every((mirror) => MIRRORING.has(mirror.state)),
};

/** States of mirrors in which nobody has to do anything. */
const MIRRORING: ReadonlySet<string> = new Set(["connecting", "snapshot", "mirroring", "held"]);
const MIRROR_HEAD = [
  "UPLINK",
  "MIRROR OF",
  "HERE",
  "STATE",
  "LAG",
  "COMPLETE AGO",
  "COPIED",
  "LEFT OUT",
  "LOST",
  "REASON",
];

function mirrorRow(uplink: string, mirror: MirrorStatus): readonly string[] {
  const { centralTopic, topic, state, lagRecords, mirroredRecords, filteredRecords, lostRecords } = mirror;
  const lag = lagRecords === null ? "not known yet: the centre was not asked" : String(lagRecords);
  const counts = [mirroredRecords, filteredRecords, lostRecords].map(String);
  const completeAgo = durationText(mirror.flow.completeAgoMs);
  return [uplink, centralTopic, topic, state, lag, completeAgo, ...counts, mirror.reason ?? "-"];
}

/** With when it is tried again where it waits for that: no failure is for good. */
function stateText({ state, retryInMs = null }: UplinkStatus): string {
  return retryInMs === null || state === "held" ? state : `${state}, again in ${durationText(retryInMs)}`;
}

/** Records, or why nobody knows how many. */
function lagText({ lagRecords, state, lastError, lastErrorOver = false }: UplinkStatus): string {
  if (lagRecords !== null) return String(lagRecords);
  if (state === "held") return "not known yet: the centre will be asked when the uplink goes on";
  const isAway = state === "connecting" || state === "backing off" || (lastError !== null && !lastErrorOver);
  return `not known yet: ${isAway ? "the centre was not reached" : "the centre is being asked"}`;
}

/** What went wrong last, and when, until it is over: the object for programs has it after that, too. */
function errorText({ lastError, lastErrorAgoMs, lastErrorOver = false }: UplinkStatus): string {
  if (lastError === null || lastErrorOver) return "-";
  return (lastErrorAgoMs ?? null) === null ? lastError : `${lastError} (${durationText(lastErrorAgoMs)} ago)`;
}

/** In whole seconds; "-" where nobody knows. */
function durationText(durationMs: number | null): string {
  if (durationMs === null) return "-";
  return durationMs === 0 ? "0s" : formatDurationMs(Math.ceil(durationMs / 1000) * 1000);
}

/** The alarm, or why nothing has to flow, or how a canary's way was; then what the centre does with what is late. */
function flowText(uplink: UplinkStatus): string {
  const words = flowWords(uplink);
  const late = new Set(
    uplink.times.late.topics.flatMap(({ warning }) => (warning === null ? [] : [warning])),
  );
  const madeAgain = (uplink.routes ?? []).flatMap(({ topic, madeAgain: made = null }) =>
    made === null || made.agoMs > SHOWN_MADE_AGAIN_MS ? [] : [madeAgainText(topic, made)],
  );
  // A topic that is held for being late alarms with the same words.
  return [words, ...[...late].filter((warning) => !words.includes(warning)), ...madeAgain].join("; ");
}

function madeAgainText(
  topic: string,
  { decision, agoMs }: NonNullable<UplinkStatus["routes"][number]["madeAgain"]>,
): string {
  const done =
    decision === "refill" ? "what is stored goes up again" : "what had gone up does not go up again";
  return `${topic} was made again at the centre ${durationText(agoMs)} ago: ${done}`;
}

function flowWords({ flow, link }: UplinkStatus): string {
  const [alarm] = flow.alarms;
  if (alarm !== undefined) {
    const what = alarm.topic === null ? "" : `${alarm.topic}: `;
    return `ALARM for ${durationText(alarm.forMs)}: ${what}${alarm.reason}`;
  }
  if (flow.paused !== null) return flow.paused === "paused" ? "paused" : `paused: ${flow.paused}`;
  const away = flow.away ?? null;
  if (away !== null) return `not connected for ${durationText(away.forMs)}`;
  const others = link.othersHeldBecause ?? null;
  if (others !== null) return `held: ${others}`;
  const { roundTripMs, fault } = flow.canary;
  return roundTripMs === null ? (fault ?? "-") : `ok, ${Math.round(roundTripMs)} ms there and back`;
}

/** What holds an uplink, or else what it has used of its budgets. */
function linkText({ link, budget }: UplinkStatus): string {
  const used = [budget?.day, budget?.month].flatMap((period, index) =>
    period === null || period === undefined
      ? []
      : [
          `${Math.round((100 * period.usedBytes) / period.limitBytes)}% of the ${index === 0 ? "day" : "month"}`,
        ],
  );
  const over = budget?.oversizedBytes ?? null;
  const exceeded = over === null ? [] : [`exceeded by a record of ${over} bytes`];
  const words = [...heldWords(link), ...used, ...exceeded];
  return words.length === 0 ? "-" : words.join(", ");
}

export const uplinkCommand: Command = {
  name: "uplink",
  summary: "See and say how records are carried to the centre",
  commands: [
    {
      name: "status",
      summary: "Show state and lag of every uplink of a running gateway",
      positionals: "[NAME]",
      maxPositionals: 1,
      flags: HTTP_FLAGS,
      notes: [
        "The exit code is 1 where an uplink is not forwarding: backing off from its centre, fenced, failed or stopped; where a topic is not mirrored; or where it says that it is, and nothing flows (flow.alarm.ms).",
      ],
      examples: [["headwater uplink status -o json", "for scripts"]],
      run: atDoor((input, world, door) => carrierStatus(UPLINKS, input, world, door)),
    },
    ...UPLINK_CONTROLS,
    ...UPLINK_POSITIONS,
  ],
};
