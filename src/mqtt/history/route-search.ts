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

const NAMED_LEVEL = /^\{([A-Za-z][A-Za-z0-9_]*)\}$/;
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
    const meeting = meet(route.filter.split("/"), levels);
    if (meeting === null) continue;
    if (route.topicHeader === false) nameless = true;
    else places.push(placeOf(route, meeting.names, wholeTopic));
    if (meeting.coversAll) break;
  }
  return { places, nameless };
}

interface Meeting {
  /** What the filter says of the route's named levels. */
  readonly names: ReadonlyMap<string, string>;
  /** Whether the route takes every topic that the filter takes. */
  readonly coversAll: boolean;
}

/** Whether some topic is taken by both: level by level, null where none is. */
function meet(route: readonly string[], filter: readonly string[]): Meeting | null {
  const names = new Map<string, string>();
  let coversAll = true;
  for (let index = 0; ; index++) {
    const ours = route[index];
    const asked = filter[index];
    if (index === 0 && onlyOneTakesDollar(ours, asked)) return null;
    if (ours === "#") return { names, coversAll };
    if (asked === "#") return { names, coversAll: false };
    if (ours === undefined || asked === undefined) {
      return ours === asked ? { names, coversAll } : null;
    }
    const name = NAMED_LEVEL.exec(ours)?.[1];
    if (name !== undefined) {
      // A named level takes no empty one, which `+` does.
      if (asked === "") return null;
      if (asked === "+") coversAll = false;
      else names.set(name, asked);
    } else if (ours !== "+") {
      if (asked === "+") coversAll = false;
      else if (asked !== ours) return null;
    }
  }
}

/** MQTT-4.7.2-1: no wildcard takes a first level that begins with `$`. */
function onlyOneTakesDollar(ours: string | undefined, asked: string | undefined): boolean {
  return isWild(ours) ? asked?.startsWith("$") === true : isWild(asked) && ours?.startsWith("$") === true;
}

function isWild(level: string | undefined): boolean {
  return level === "#" || level === "+" || (level !== undefined && NAMED_LEVEL.test(level));
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
