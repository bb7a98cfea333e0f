import { describe, expect, test } from "bun:test";
import { SeededRandom } from "../../../src/io/simulated/random.ts";
import { placesOf } from "../../../src/mqtt/history/route-search.ts";
import { TopicFilter } from "../../../src/mqtt/history/topic-filter.ts";
import { DEFAULT_ROUTES, type RouteConfig, RouteTable } from "../../../src/mqtt/routes.ts";
import { filterFault } from "../../../src/mqtt/topics.ts";

function places(filter: string, routes: readonly RouteConfig[], topics: readonly string[]) {
  return placesOf(filter, routes).places.map(({ isTopic, key }) => [topics.filter(isTopic), key]);
}

describe("where messages of a filter lie", () => {
  const TOPICS = ["telemetry", "mqtt", "plant-a", "plant-b", "plant-", "other"];

  test("by the default routes", () => {
    expect(places("devices/pump-1/#", DEFAULT_ROUTES, TOPICS)).toEqual([[["telemetry"], "pump-1"]]);
    expect(places("devices/pump-1/level", DEFAULT_ROUTES, TOPICS)).toEqual([[["telemetry"], "pump-1"]]);
    // Of a device without a name the other route takes the messages.
    expect(places("devices/+/level", DEFAULT_ROUTES, TOPICS)).toEqual([
      [["telemetry"], null],
      [["mqtt"], null],
    ]);
    expect(places("building/7", DEFAULT_ROUTES, TOPICS)).toEqual([[["mqtt"], "building/7"]]);
    expect(places("$internal/x", DEFAULT_ROUTES, TOPICS)).toEqual([]);
  });

  test("by templates, as far as the filter fills them", () => {
    const routes: RouteConfig[] = [
      { filter: "{area}/{key}/#", topic: "plant-{area}", key: "{area}.{key}" },
      { filter: "#", topic: "other", key: null },
    ];
    expect(places("a/x/level", routes, TOPICS)).toEqual([[["plant-a"], "a.x"]]);
    expect(places("+/x/level", routes, TOPICS)).toEqual([
      [["plant-a", "plant-b"], null],
      [["other"], null],
    ]);
    expect(places("a/+/level", routes, TOPICS).at(0)).toEqual([["plant-a"], null]);
    expect(places("a", routes, TOPICS)).toEqual([[["other"], null]]);
  });

  test("no key where the payload has it, and none named where records don't carry their topic", () => {
    const routes: RouteConfig[] = [
      { filter: "json/{key}", topic: "telemetry", payload: "json" },
      { filter: "quiet/{key}", topic: "telemetry", topicHeader: false },
    ];
    expect(places("json/x", routes, TOPICS)).toEqual([[["telemetry"], null]]);
    expect(placesOf("quiet/x", routes)).toEqual({ places: [], nameless: true });
    expect(placesOf("other/x", routes)).toEqual({ places: [], nameless: false });
  });
});

test("whatever a route takes of a filter is found in one of its places, under its key", () => {
  const random = new SeededRandom(11);
  const pick = <T>(items: readonly T[]): T => items[(random.bytes(1)[0] ?? 0) % items.length] as T;
  const words = (levels: readonly string[], most: number): string =>
    Array.from({ length: 1 + ((random.bytes(1)[0] ?? 0) % most) }, () => pick(levels)).join("/");
  const routeOf = (): RouteConfig | null => {
    const filter = words(["a", "b", "", "$x", "+", "#", "{key}", "{area}"], 4);
    const topic = pick(["fixed", "plant-{area}", "by-{key}"]);
    const route = {
      filter,
      topic,
      ...pick([{}, { key: "{topic}" }, { key: "{area}-{key}" }, { key: null }]),
    };
    try {
      new RouteTable([route]);
      return route;
    } catch {
      return null;
    }
  };
  let found = 0;
  let keyed = 0;
  for (let round = 0; round < 30_000; round++) {
    const routes = [routeOf(), routeOf(), routeOf()].filter((route) => route !== null);
    const filter = words(["a", "b", "", "$x", "+", "#"], 4);
    if (filterFault(filter) !== null) continue;
    // Most topics are made from the filter, so that it takes them.
    const filled = filter
      .split("/")
      .map((level) =>
        level === "+" ? pick(["a", "b", ""]) : level === "#" ? words(["a", "b", ""], 2) : level,
      );
    const topic = filled.join("/");
    if (topic === "" || !new TopicFilter(filter).matches(topic)) continue;
    const destination = new RouteTable(routes).resolve(topic);
    if (destination === null || typeof destination === "string") continue;
    const key = destination.key === null ? null : Buffer.from(destination.key).toString();
    const where = placesOf(filter, routes).places.filter(({ isTopic }) => isTopic(destination.topic));
    expect({ routes, filter, topic, found: where.length > 0 }).toEqual({
      routes,
      filter,
      topic,
      found: true,
    });
    const right = where.some((place) => place.key === null || place.key === key);
    expect({ routes, filter, topic, right }).toEqual({ routes, filter, topic, right: true });
    found++;
    if (where.some((place) => place.key !== null)) keyed++;
  }
  expect(Math.min(found, keyed)).toBeGreaterThan(200);
});
