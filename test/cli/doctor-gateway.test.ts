import { expect, test } from "bun:test";
import { judgeGateway, judgeHistories, type RunningGateway } from "../../src/cli/doctor/gateway-checks.ts";

const CLOCK = {
  known: true,
  quality: "confirmed",
  boot: "b",
  steps: 0,
  lastStepMs: null,
  sinceMs: null,
} as const;
const FLOW = { alarms: [], paused: null, canary: { roundTripMs: 40.4, seenAgoMs: 60_000 } };

function gateway(clock: object, flow: object, warning: string | null = null): RunningGateway {
  const times = { late: { policy: "send", topics: [{ topic: "t", warning }] } };
  return { clock, uplinks: [{ name: "central", flow, times }] } as unknown as RunningGateway;
}

function told(running: RunningGateway) {
  return judgeGateway(running).map(
    ({ check, verdict, value, meaning }) => `${verdict} ${check}: ${value}: ${meaning}`,
  );
}

test("a gateway that is well", () => {
  expect(told(gateway(CLOCK, FLOW))).toEqual([
    "ok clock of the gateway: confirmed: times can be trusted",
    "ok flow of uplink central: a canary took 40 ms there and back, 1m ago: what should flow does",
  ]);
});

test("a clock that is not known, alarms, late records and pauses", () => {
  const unknown = { ...CLOCK, known: false, quality: "unknown", steps: 2, lastStepMs: -120_000 };
  const alarms = [{ topic: "t", forMs: 900_000, reason: "blocked: TOPIC_AUTHORIZATION_FAILED" }];
  const found = told(gateway(unknown, { ...FLOW, alarms }, "records of t are 2h old"));
  expect(found[0]).toStartWith("warning clock of the gateway: unknown, set 2 times, last by -2m:");
  expect(found[1]).toEndWith("t does not flow for 15m: blocked: TOPIC_AUTHORIZATION_FAILED");
  expect(found[1]).toStartWith("problem ");
  expect(found[2]).toMatch(/^warning .*: records of t are 2h old$/);
  expect(told(gateway(CLOCK, { ...FLOW, paused: "paused" }))[1]).toMatch(
    /^note .*: nothing has to flow: paused$/,
  );
  const fresh = { ...FLOW, canary: { roundTripMs: null, seenAgoMs: null } };
  expect(told(gateway(CLOCK, fresh))[1]).toContain("no canary yet");
});

test("an uplink that is not connected, and one whose budget is for a few topics", () => {
  const away = { forMs: 120_000, alarmInMs: 780_000, reason: "backing off: SASL_AUTHENTICATION_FAILED" };
  expect(told(gateway(CLOCK, { ...FLOW, away }))[1]).toMatch(
    /^warning .*: not connected for 2m: backing off: SASL_AUTHENTICATION_FAILED; alarm in 13m$/,
  );
  expect(told(gateway(CLOCK, { ...FLOW, away: { ...away, alarmInMs: null } }))[1]).toEndWith("FAILED");
  const { clock, uplinks } = gateway(CLOCK, FLOW);
  const link = { othersHeldBecause: "the budget of the day is used up but for priority topics" };
  const held = { clock, uplinks: uplinks.map((uplink) => ({ ...uplink, link })) };
  expect(told(held as unknown as RunningGateway)[1]).toStartWith("note ");
  expect(told(held as unknown as RunningGateway)[1]).toEndWith(link.othersHeldBecause);
});

test("a copy that keeps less than the central topic", () => {
  const mirrors = [
    { topic: "here", centralTopic: "there", mirroredRecords: 7, warning: "the copy deletes records" },
    { topic: "well", centralTopic: "well", mirroredRecords: 7, warning: null },
  ];
  const { clock, uplinks } = gateway(CLOCK, FLOW);
  const running = { clock, uplinks: uplinks.map((uplink) => ({ ...uplink, mirrors })) };
  expect(told(running as unknown as RunningGateway).slice(2)).toEqual([
    "warning mirror of there from central: 7 records copied to here: the copy deletes records",
  ]);
});

test("one of a version before says what it can", () => {
  expect(judgeGateway({ uplinks: [] })).toEqual([]);
});

test("logs that went on from an older copy of the data", () => {
  const position = (partition: number, epoch: number) => ({ topic: "telemetry", partition, epoch });
  const judged = (...epochs: number[]) =>
    judgeHistories({ uplink: "central", positions: epochs.map((epoch, index) => position(index, epoch)) });
  expect(judged(0, 0)).toEqual([]);
  const [found, ...others] = judged(0, 1, 0);
  expect(others).toEqual([]);
  expect(found).toMatchObject({ verdict: "note", value: "above epoch 0: telemetry-1 1" });
  expect(found?.remedy).toContain("headwater uplink inspect central");
  expect(judged(1, 1, 2, 1, 1, 1, 1)[0]?.value).toEndWith(
    "telemetry-2 2, telemetry-3 1, telemetry-4 1 and 2 more",
  );
});
