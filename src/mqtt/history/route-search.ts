import { meetFilters } from "../../config/filter-overlap.ts";
import type { RouteConfig } from "../routes.ts";

/** A Kafka topic that messages of a filter may lie in. */
export interface HistoryPlace {
  /** Whether a topic of this name is meant. */
  readonly isTopic: (name: string) => boolean;
  /** The key of all messages there that the filter takes, where it follows from the filter; else null. */
  readonly key: string | null;
}

/** What the routes say of a filter. */
export interface HistoryPlaces {
  readonly places: readonly HistoryPlace[];
  /** Whether a route that leaves the MQTT topic out of its records may have taken messages of the filter. */
  readonly nameless: boolean;
}

const PLACEHOLDER = /\{([^{}]*)\}/g;
const WHOLE_TOPIC = "topic";
const TOPIC_CHARACTERS = "[A-Za-z0-9._-]+";

/**
 * Where the routes, as they are now, put the messages that a filter takes: down to the first route that takes all
 * that is left. Messages that came by routes of an earlier configuration are found where that had the same topics.
 */
export function placesOf(filter: string, routes: readonly RouteConfig[]): HistoryPlaces {
  const levels = filter.split("/");
  const wholeTopic = levels.includes("+") || levels.at(-1) === "#" ? null : filter;
  const places: HistoryPlace[] = [];
  let nameless = false;
  for (const route of routes) {
    const meeting = meetFilters(route.filter, filter);
    if (meeting === null) continue;
    if (route.topicHeader === false) nameless = true;
    else places.push(placeOf(route, meeting.names, wholeTopic));
    if (meeting.coversAll) break;
  }
  return { places, nameless };
}

function placeOf(
  route: RouteConfig,
  names: ReadonlyMap<string, string>,
  wholeTopic: string | null,
): HistoryPlace {
  const key = keyTemplate(route);
  return {
    isTopic: topicTest(route.topic, names),
    key: key === null ? null : fill(key, names, wholeTopic),
  };
}

/** The template of the key, null where records have none, or one that only the payload tells. */
function keyTemplate(route: RouteConfig): string | null {
  const { key, payload = "pass" } = route;
  if (payload !== "pass" || key === null || typeof key === "object") return null;
  return key ?? (route.filter.split("/").includes("{key}") ? "{key}" : "{topic}");
}

/** The template with its names in, or null where one is not known. */
function fill(
  template: string,
  names: ReadonlyMap<string, string>,
  wholeTopic: string | null,
): string | null {
  let known = true;
  const filled = template.replace(PLACEHOLDER, (_, name: string) => {
    const value = names.get(name) ?? (name === WHOLE_TOPIC ? wholeTopic : null);
    if (value === null) known = false;
    return value ?? "";
  });
  return known ? filled : null;
}

function topicTest(template: string, names: ReadonlyMap<string, string>): (name: string) => boolean {
  const exact = fill(template, names, null);
  if (exact !== null) return (name) => name === exact;
  const literals = template.split(PLACEHOLDER);
  // Split by a pattern with a group: every second part is a placeholder's name.
  const source = literals
    .map((part, index) =>
      index % 2 === 0 ? RegExp.escape(part) : (escaped(names.get(part)) ?? TOPIC_CHARACTERS),
    )
    .join("");
  const pattern = new RegExp(`^${source}$`);
  return (name) => pattern.test(name);
}

function escaped(text: string | undefined): string | null {
  return text === undefined ? null : RegExp.escape(text);
}
