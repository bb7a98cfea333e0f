import { HeadwaterError } from "../../base/errors.ts";
import type { HttpDoor } from "../http/door.ts";
import { fetchDevices, fetchDocument, fetchStatus, type StatusAnswer } from "../http/requests.ts";

/** Silent devices that are named. */
const MAX_SILENT = 10;
const MAX_TOPICS = 1_000;

/** Answer of `GET /api/overview`, as far as it is shown. */
export interface Overview {
  readonly rates: {
    readonly recordsInPerSecond: number;
    readonly bytesInPerSecond: number;
    readonly bytesOutPerSecond: number;
  } | null;
  readonly uplinks: readonly {
    readonly name: string;
    readonly state: string;
    readonly lagRecords: number | null;
    readonly lagMs: number | null;
    readonly freshnessMs: number | null;
    readonly alarms: readonly string[];
  }[];
  readonly devices: { readonly known: number; readonly silent: number } | null;
  readonly history: readonly { readonly recordsInPerSecond: number }[];
}

export interface TopicRow {
  readonly name: string;
  readonly partitions: number;
  readonly records: number;
  readonly bytes: number;
  readonly recordsPerSecond: number | null;
}

/** What a gateway says at one time. What it refuses is null, and `refusals` says why. */
export interface Reading {
  readonly status: StatusAnswer;
  readonly overview: Overview | null;
  /** Those that are not the gateway's own, the busiest first. */
  readonly topics: readonly TopicRow[] | null;
  /** Keys of devices that should have sent something, percent-encoded. */
  readonly silent: readonly string[] | null;
  readonly refusals: readonly string[];
}

/** Asks a gateway. Throws as `fetchStatus` does. */
export async function readGateway(door: HttpDoor): Promise<Reading> {
  const status = await fetchStatus(door);
  const refusals: string[] = [];
  const attempt = async <Answer>(work: Promise<Answer>): Promise<Answer | null> => {
    try {
      return await work;
    } catch (error) {
      if (!(error instanceof HeadwaterError)) throw error;
      refusals.push(error.message);
      return null;
    }
  };
  const overview = (await attempt(fetchDocument(door, "/api/overview"))) as Overview | null;
  // Who may not see that may see none of the others, and a gateway that starts has none yet.
  if (overview === null) return { status, overview, topics: null, silent: null, refusals };
  const listed = (await attempt(fetchDocument(door, `/api/topics?internal=false&limit=${MAX_TOPICS}`))) as {
    readonly topics: readonly TopicRow[];
  } | null;
  const someAreSilent = (overview.devices?.silent ?? 0) > 0;
  const devices = someAreSilent
    ? await attempt(fetchDevices(door, `/api/devices?silent=true&limit=${MAX_SILENT}`))
    : null;
  const silent = devices?.devices.map(({ key }) => key) ?? null;
  return { status, overview, topics: listed === null ? null : busiest(listed.topics), silent, refusals };
}

function busiest(topics: readonly TopicRow[]): readonly TopicRow[] {
  return topics.toSorted(
    (a, b) => (b.recordsPerSecond ?? 0) - (a.recordsPerSecond ?? 0) || b.bytes - a.bytes,
  );
}
