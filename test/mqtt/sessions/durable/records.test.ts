import { describe, expect, test } from "bun:test";
import { FieldReader, FieldWriter } from "../../../../src/mqtt/sessions/durable/bytes.ts";
import { putTime, readTime } from "../../../../src/mqtt/sessions/durable/kept-time.ts";
import { putReceived, type Received, readReceived } from "../../../../src/mqtt/sessions/durable/received.ts";
import {
  type Progress,
  putMessage,
  putProgress,
  putSession,
  putSubscription,
  putWill,
  readMessage,
  readMessageHead,
  readProgress,
  readSession,
  readSubscription,
  readWill,
} from "../../../../src/mqtt/sessions/durable/records.ts";

const bytes = (text: string) => new Uint8Array(Buffer.from(text));

const WILL = {
  topic: bytes("t/ö"),
  payload: bytes("gone"),
  properties: bytes("\u0001\u0001"),
  qos: 2,
  retain: true,
  delaySec: 4_294_967_295,
  expirySec: -1,
} as const;

const SESSION = {
  number: 7,
  protocol: 5,
  expirySec: 0xffff_ffff,
  connected: false,
  disconnectedAtMs: 1_767_225_600_000,
  userName: "ann",
  certificate: "30/01",
  will: WILL,
} as const;

const TARGETS = [
  { session: 1, sequence: 0, qos: 1, retain: false, identifiers: [] },
  { session: 4_000_000_000, sequence: 2 ** 45, qos: 2, retain: true, identifiers: [1, 268_435_455] },
] as const;

const MESSAGE = {
  topic: bytes("devices/a/t"),
  payload: bytes("payload"),
  properties: bytes("pp"),
  qos: 2,
  retain: true,
  expiresAtMs: 5,
  sizeBytes: 99,
  origin: { bytes: bytes("origin"), ended() {} },
} as const;

const PROGRESS: Progress = {
  boundary: 2 ** 41,
  maybeSentBelow: 12,
  runs: [
    { first: 3, count: 1, released: true },
    { first: 4, count: 65_000, released: false },
    { first: 2 ** 40, count: 2, released: true },
  ],
};

const UNDER_WAY: Received = {
  state: "under-way",
  arrivedMs: 1_767_225_600_000,
  topic: bytes("devices/a/t"),
  payload: bytes("p"),
  properties: null,
  retain: false,
  expirySec: 60,
  places: [{ topic: "telemetry", partition: 3, fromOffset: 2 ** 40 }],
};

const TIME = { keptMs: 1_767_225_600_000, wallMs: 1_000 };

/** Every record: how it is written, and how it is read. */
const CASES: readonly (readonly [
  name: string,
  put: (writer: FieldWriter) => void,
  read: (reader: FieldReader) => unknown,
  value: unknown,
])[] = [
  ["a session", (writer) => putSession(writer, SESSION), readSession, SESSION],
  [
    "a session without user and will",
    (writer) =>
      putSession(writer, { ...SESSION, connected: true, userName: null, certificate: null, will: null }),
    readSession,
    { ...SESSION, connected: true, userName: null, certificate: null, will: null },
  ],
  [
    "a subscription",
    (writer) =>
      putSubscription(writer, {
        filter: "a/#",
        qos: 2,
        noLocal: true,
        retainAsPublished: true,
        identifier: 300,
      }),
    (reader) => readSubscription(reader, "a/#"),
    { filter: "a/#", qos: 2, noLocal: true, retainAsPublished: true, identifier: 300 },
  ],
  ["progress", (writer) => putProgress(writer, PROGRESS), readProgress, PROGRESS],
  [
    "a will",
    (writer) => putWill(writer, { will: WILL, userName: "ann", certificate: "30/01" }),
    readWill,
    { will: WILL, userName: "ann", certificate: "30/01" },
  ],
  [
    "a will of nobody in particular",
    (writer) => putWill(writer, { will: WILL, userName: null, certificate: null }),
    readWill,
    { will: WILL, userName: null, certificate: null },
  ],
  ["a QoS 2 message under way", (writer) => putReceived(writer, UNDER_WAY), readReceived, UNDER_WAY],
  [
    "one that is applied",
    (writer) => putReceived(writer, { state: "applied" }),
    readReceived,
    { state: "applied" },
  ],
  ["a time", (writer) => putTime(writer, TIME), readTime, TIME],
];

function encoded(put: (writer: FieldWriter) => void): Uint8Array {
  const writer = new FieldWriter();
  put(writer.start());
  return writer.take().slice();
}

function open(value: Uint8Array): FieldReader {
  return new FieldReader().open(value, 0, value.length);
}

describe("records of sessions", () => {
  for (const [name, put, read, value] of CASES) {
    test(`${name} is read as it was written`, () => {
      const written = encoded(put);
      expect(read(open(written))).toEqual(value);
      // Another version is not understood.
      written[0] = 9;
      expect(read(open(written))).toBeNull();
    });
  }

  test("cut off anywhere is not understood, unless the last field has no length", () => {
    for (const [name, put, read] of CASES) {
      const written = encoded(put);
      for (let length = 0; length < written.length; length++) {
        // The payload of a message under way is all that is left.
        const isCutPayload = name.includes("under way") && length === written.length - 1;
        if (!isCutPayload) expect(read(open(written.subarray(0, length)))).toBeNull();
      }
    }
  });

  test("a message is read as it was written, and its head alone gives the targets", () => {
    const written = encoded((writer) => putMessage(writer, MESSAGE, 1_767_225_600_000, TARGETS));
    const { sizeBytes: _size, origin, ...plain } = MESSAGE;
    expect(readMessage(open(written)) as unknown).toEqual({
      ...plain,
      expiresAtMs: 1_767_225_600_000,
      origin: origin.bytes,
      targets: TARGETS,
    });
    const seen: number[][] = [];
    const sizes: number[] = [];
    const heads = {
      message: (size: number) => void sizes.push(size),
      target: (...target: number[]) => void seen.push(target),
    };
    expect(readMessageHead(open(written), heads)).toBe(true);
    expect(seen).toEqual([
      [1, 0, 1 | 16],
      [4_000_000_000, 2 ** 45, 2 | 4 | 8 | 16],
    ]);
    expect(sizes).toEqual([written.length - 1]);
    for (let length = 0; length < written.length - MESSAGE.payload.length; length++) {
      expect(readMessage(open(written.subarray(0, length)))).toBeNull();
      expect(readMessageHead(open(written.subarray(0, length)), heads)).toBe(false);
    }
  });

  test("one without properties, expiry and origin", () => {
    const { origin: _origin, ...message } = { ...MESSAGE, properties: null, retain: false, qos: 1 as const };
    const written = encoded((writer) => putMessage(writer, message, Number.POSITIVE_INFINITY, []));
    expect(readMessage(open(written))).toMatchObject({
      properties: null,
      retain: false,
      qos: 1,
      origin: null,
      expiresAtMs: Number.POSITIVE_INFINITY,
      targets: [],
    });
  });
});

test("numbers of every size are read as they were written", () => {
  const numbers = [0, 1, 127, 128, 16_383, 16_384, 2 ** 31, 2 ** 32, 2 ** 45 + 1, Number.MAX_SAFE_INTEGER];
  for (const number of numbers) {
    expect(open(encoded((writer) => writer.number(number))).number()).toBe(number);
  }
  const tooLarge = open(new Uint8Array(9).fill(0xff));
  tooLarge.number();
  expect(tooLarge.ok).toBe(false);
});
