import { describe, expect, test } from "bun:test";
import { generate } from "mqtt-packet";
import { hasLooped, hopOf, MAX_HOPS, pathOf, stepsOfHeader, withHop } from "../../../src/mqtt/bridge/path.ts";

/** Property bytes as another implementation writes them. */
function propertiesOf(properties: object): Uint8Array {
  const packet = generate(
    { cmd: "publish", topic: "t", payload: "", qos: 0, retain: false, dup: false, properties },
    { protocolVersion: 5 },
  );
  // Type, length, topic of one byte, length of the properties.
  return new Uint8Array(packet.subarray(6));
}

describe("the way of a message", () => {
  test("begins with the first bridge and grows with each", () => {
    const once = withHop(null, hopOf("a", "up"));
    expect(pathOf(once)).toEqual(["a/up"]);
    const twice = withHop(once, hopOf("b", "x", "token"));
    expect(pathOf(twice)).toEqual(["a/up", "b/x"]);
    expect(pathOf(withHop(twice, hopOf("c", "y")))).toEqual(["a/up", "b/x", "c/y"]);
  });

  test("leaves all other properties as they are, in their order", () => {
    const before = propertiesOf({
      payloadFormatIndicator: true,
      contentType: "text/plain",
      responseTopic: "r/é",
      correlationData: Buffer.from([0, 1, 2]),
      userProperties: { b: "1", a: ["2", "3"], "headwater-path": "x/y:t" },
    });
    const after = withHop(before, "z/w");
    expect(pathOf(before)).toEqual(["x/y"]);
    expect(pathOf(after)).toEqual(["x/y", "z/w"]);
    const own = propertiesOf({ userProperties: { "headwater-path": "x/y:t" } });
    const text = Buffer.from(before).toString("hex").replace(Buffer.from(own).toString("hex"), "");
    expect(Buffer.from(after).toString("hex")).toStartWith(text);
    const grown = propertiesOf({ userProperties: { "headwater-path": "x/y:t,z/w" } });
    expect(Buffer.from(after).toString("hex").slice(text.length)).toBe(Buffer.from(grown).toString("hex"));
  });

  test("is a loop where it has been here, whatever the bridge, or too long", () => {
    expect(hasLooped([], "a")).toBe(false);
    expect(hasLooped(["b/a", "ab/x"], "a")).toBe(false);
    expect(hasLooped(["b/x", "a/other"], "a")).toBe(true);
    const long = Array.from({ length: MAX_HOPS }, (_, index) => `g${index}/x`);
    expect(hasLooped(long.slice(1), "a")).toBe(false);
    expect(hasLooped(long, "a")).toBe(true);
  });

  test("stands in a record's header with its tokens", () => {
    expect(stepsOfHeader(Buffer.from("a/up:7,b/x"))).toEqual(["a/up:7", "b/x"]);
  });
});
