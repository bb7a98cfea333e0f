import { describe, expect, test } from "bun:test";
import { hasCode } from "../../src/base/errors.ts";
import { DEFAULT_ROUTES, type Destination, type RouteConfig, RouteTable } from "../../src/mqtt/routes.ts";
import { decodeHeaders } from "./support/fake-ingest.ts";

function resolve(routes: readonly RouteConfig[], topic: string): Destination {
  const found = new RouteTable(routes).resolve(topic);
  if (found === null || typeof found === "string") throw new Error(`${topic} goes nowhere: ${found}`);
  return found;
}

function keyOf(destination: Destination): string | null {
  return destination.key === null ? null : Buffer.from(destination.key).toString();
}

describe("routes", () => {
  test.each([
    ["devices/d1", "telemetry", "d1"],
    ["devices/d1/a/b/c", "telemetry", "d1"],
    ["devices/ü 1/a", "telemetry", "ü 1"],
    ["devices//a", "mqtt", "devices//a"],
    ["devices", "mqtt", "devices"],
    ["device/d1", "mqtt", "device/d1"],
    ["/devices/d1", "mqtt", "/devices/d1"],
    ["/", "mqtt", "/"],
  ])("by default %s goes to %s under key %s", (topic, kafkaTopic, key) => {
    const destination = resolve(DEFAULT_ROUTES, topic);
    expect([destination.topic, keyOf(destination)]).toEqual([kafkaTopic, key]);
    expect(decodeHeaders(destination.encodedHeaders)).toEqual([["mqtt.topic", topic]]);
  });

  test("the first route that matches takes it", () => {
    const routes = [
      { filter: "a/{key}", topic: "first" },
      { filter: "a/#", topic: "second" },
    ];
    expect(resolve(routes, "a/b").topic).toBe("first");
    expect(resolve(routes, "a/b/c").topic).toBe("second");
    expect(new RouteTable(routes).resolve("b")).toBeNull();
  });

  test("names fill topic, key and headers", () => {
    const route = {
      filter: "{site}/+/{line}/#",
      topic: "{site}.{line}",
      key: "{line}@{site}",
      headers: { site: "{site}", from: "<{topic}>", fixed: "yes" },
    };
    const destination = resolve([route], "hamburg/x/7/temp");
    expect([destination.topic, keyOf(destination)]).toEqual(["hamburg.7", "7@hamburg"]);
    expect(decodeHeaders(destination.encodedHeaders)).toEqual([
      ["mqtt.topic", "hamburg/x/7/temp"],
      ["site", "hamburg"],
      ["from", "<hamburg/x/7/temp>"],
      ["fixed", "yes"],
    ]);
  });

  test("key null means no key; the topic header can be left out", () => {
    const destination = resolve([{ filter: "#", topic: "t", key: null, topicHeader: false }], "a");
    expect([destination.key, destination.encodedHeaders]).toEqual([null, null]);
  });

  test("a template that makes no legal Kafka topic says so", () => {
    const found = new RouteTable([{ filter: "{a}/#", topic: "{a}" }]).resolve("ü/x");
    expect(found).toContain("characters other than");
    expect(new RouteTable([{ filter: "{a}/#", topic: "{a}" }]).resolve("../x")).toBe(
      "'..' is not a topic name",
    );
  });

  test("no device can name a topic of the gateway's own", () => {
    const routes = new RouteTable([{ filter: "{a}/#", topic: "{a}" }]);
    for (const name of ["__mqtt_sessions", "__any", "headwater.gaps"]) {
      expect(routes.resolve(`${name}/x`)).toContain("the gateway's own");
    }
    expect(routes.resolve("headwater/x")).toMatchObject({ topic: "headwater" });
  });

  test("[MQTT-4.7.2-1] $-topics go only where a filter names their first level", () => {
    const routes = [
      { filter: "{a}/x", topic: "named" },
      { filter: "+/x", topic: "plus" },
      { filter: "$app/{key}", topic: "app" },
      { filter: "#", topic: "rest" },
    ];
    expect(new RouteTable(routes).resolve("$other/x")).toBeNull();
    expect(resolve(routes, "$app/x").topic).toBe("app");
  });

  test.each<[RouteConfig, string]>([
    [{ filter: "a/#/b", topic: "t" }, "not the last level"],
    [{ filter: "", topic: "t" }, "empty topic filter"],
    [{ filter: "a/x{key}", topic: "t" }, "whole level"],
    [{ filter: "a/{key}/{key}", topic: "t" }, "same name"],
    [{ filter: "a/{topic}", topic: "t" }, "{topic}"],
    [{ filter: "$share/g/a", topic: "t" }, "shared"],
    [{ filter: "a/{key}", topic: "{other}" }, "uses {other}; there is {key}"],
    [{ filter: "a/{key}", topic: "t", key: "{k}" }, "uses {k}"],
    [{ filter: "a", topic: "t", headers: { h: "{x}" } }, "uses {x}"],
    [{ filter: "a", topic: "no spaces" }, "characters other than"],
    [{ filter: "a", topic: "__mqtt_sessions" }, "the gateway's own"],
    [{ filter: "a", topic: "t", deadLetterTopic: "headwater.gaps" }, "the gateway's own"],
    [{ filter: "a", topic: "t", timestamp: { payload: "a..b" } }, "empty name"],
  ])("%o is refused at start", (config, words) => {
    try {
      new RouteTable([config]);
    } catch (error) {
      if (!hasCode(error, "CONFIG_INVALID")) throw error;
      expect(error.message).toContain(words);
      return;
    }
    throw new Error("it was taken");
  });
});
