import { json } from "../problem.ts";
import type { Gateway } from "./gateway.ts";
import type { Route } from "./route.ts";
import { flag, list, number, object, orNull, text, whole } from "./schema.ts";

const RATES = {
  recordsInPerSecond: number(),
  bytesInPerSecond: number(),
  bytesOutPerSecond: number(),
};

/** What the first page shows. */
export const OVERVIEW_ROUTES: readonly Route<Gateway>[] = [
  {
    method: "GET",
    path: "/api/overview",
    id: "getOverview",
    summary: "Health with reasons, rates, uplinks and devices, and the rates of the last hour",
    needs: "viewer",
    answer: {
      status: 200,
      type: "application/json",
      schema: object({
        version: text(),
        gatewayId: text(),
        startedAtMs: whole(),
        uptimeMs: whole(),
        nowMs: whole(),
        health: object({ ready: flag(), reasons: list(text()) }),
        rates: orNull(object(RATES)),
        topics: whole({ description: "Topics that are not the gateway's own." }),
        connections: object({ mqtt: whole(), kafka: whole() }),
        uplinks: list(
          object({
            name: text(),
            state: text(),
            lagRecords: orNull(whole()),
            lagMs: orNull(number()),
            freshnessMs: orNull(number()),
            alarms: list(text()),
          }),
        ),
        devices: orNull(object({ known: whole(), silent: whole() })),
        history: list(object({ atMs: whole(), ...RATES }), { maxItems: 360 }),
      }),
    },
    handle: ({ parts }) => json(200, overview(parts)),
  },
  {
    method: "GET",
    path: "/api/clock",
    id: "getClock",
    summary: "What is known of the machine's clock",
    needs: "viewer",
    answer: {
      status: 200,
      type: "application/json",
      schema: object({
        nowMs: whole({ description: "What the wall clock shows." }),
        clock: orNull(
          object({
            known: flag(),
            quality: text(),
            boot: text(),
            steps: whole(),
            lastStepMs: orNull(number()),
            sinceMs: orNull(number()),
          }),
        ),
      }),
    },
    handle: ({ parts }) => {
      const { clock } = parts.status.status();
      return json(200, { nowMs: parts.broker.clock.nowMs(), clock });
    },
  },
];

function overview({ status, rates, devices, broker }: Gateway): object {
  const reasons = [...status.faults(), ...status.hindrances()];
  const { version, gatewayId, startedAtMs, uptimeMs, topics, uplinks, mqtt, kafka } = status.status();
  const last = rates.samples.at(-1);
  const { recordsInPerSecond = 0, bytesInPerSecond = 0, bytesOutPerSecond = 0 } = last ?? {};
  return {
    ...{ version, gatewayId, startedAtMs, uptimeMs, nowMs: broker.clock.nowMs() },
    health: { ready: reasons.length === 0, reasons },
    rates: last === undefined ? null : { recordsInPerSecond, bytesInPerSecond, bytesOutPerSecond },
    topics: topics.filter(({ internal }) => !internal).length,
    connections: { mqtt: mqtt?.connections ?? 0, kafka: kafka?.connections ?? 0 },
    uplinks: uplinks.map(({ name, state, lagRecords, lagMs, flow }) => ({
      ...{ name, state, lagRecords, lagMs, freshnessMs: flow.freshnessMs },
      alarms: flow.alarms.map(({ topic, reason }) => (topic === null ? reason : `${topic}: ${reason}`)),
    })),
    devices: devices === null ? null : { known: devices.count, silent: devices.silentCount },
    history: rates.samples,
  };
}
