import { expect, test } from "bun:test";
import { type BridgeState, decodeState, encodeState } from "../../../src/mqtt/bridge/state.ts";

const STATE: BridgeState = {
  session: "host:1883 id",
  subscribed: [
    ["a/#", 1],
    ["b", 2],
  ],
  received: [
    { packetId: 1, token: null, places: [] },
    { packetId: 65_535, token: "x-1", places: [{ topic: "t", partition: -1, offset: 7 }] },
  ],
  followed: ["devices/#"],
  positions: [
    {
      topic: "telemetry",
      topicId: "id",
      partition: 3,
      position: 2 ** 40,
      done: [2 ** 40 + 2],
      sent: [{ offset: 2 ** 40, packetId: 9, received: true }],
    },
  ],
  orphans: [4],
};

test("a state is read as it was written", () => {
  expect(decodeState(encodeState(STATE))).toEqual(STATE);
});

test("bytes that are no state are none", () => {
  const bytes = encodeState(STATE);
  for (let length = 0; length < bytes.length; length++)
    expect(decodeState(bytes.subarray(0, length))).toBeNull();
  const json = JSON.parse(Buffer.from(bytes).toString()) as Record<string, unknown>;
  const broken: readonly [string, unknown][] = [
    ["version", 2],
    ["session", 1],
    ["subscribed", [["a", 3]]],
    ["received", [[0, null, []]]],
    ["received", [[1, null, [["t", -2, 0]]]]],
    ["followed", "a"],
    ["positions", [["t", "id", 0, -1, [], []]]],
    ["positions", [["t", "id", 0, 1.5, [], []]]],
    ["positions", [["t", "id", 0, 1, [], [[1, 70_000, false]]]]],
    ["orphans", [null]],
  ];
  for (const [key, value] of broken) {
    expect(decodeState(Buffer.from(JSON.stringify({ ...json, [key]: value })))).toBeNull();
  }
  expect(decodeState(Uint8Array.of(0xff, 0xfe))).toBeNull();
  expect(decodeState(Buffer.from("[]"))).toBeNull();
});
