import { json } from "../problem.ts";
import type { Gateway } from "./gateway.ts";
import type { Route } from "./route.ts";
import { ANYTHING, list, number, object, objectWithMore, orNull, text, whole } from "./schema.ts";

/** Uplinks with what plots need. What changes them is in `controls.ts`. */
export const UPLINK_ROUTES: readonly Route<Gateway>[] = [
  {
    method: "GET",
    path: "/api/uplinks",
    id: "listUplinks",
    summary: "Uplinks: state, lag, freshness, link and budget, and the last hour of backlog and rate",
    needs: "viewer",
    answer: {
      status: 200,
      type: "application/json",
      schema: object({
        uplinks: list(
          objectWithMore({
            name: text(),
            state: text(),
            lagRecords: orNull(whole()),
            lagBytes: orNull(number()),
            lagMs: orNull(number()),
            freshnessMs: orNull(number()),
            rateBytesPerSecond: orNull(number({ description: "What may pass a second now; null for all." })),
            budget: ANYTHING,
            link: objectWithMore({ mode: text(), heldBecause: orNull(text()) }),
            flow: objectWithMore({ alarms: list(ANYTHING), topics: list(ANYTHING) }),
            history: list(
              object({
                atMs: whole(),
                backlogRecords: orNull(whole()),
                backlogBytes: orNull(number()),
                sentBytesPerSecond: number(),
              }),
              { maxItems: 360 },
            ),
          }),
        ),
      }),
    },
    handle: ({ parts }) => {
      const uplinks = parts.status.status().uplinks.map((uplink) => ({
        ...uplink,
        lagBytes: uplink.flow.lagBytes,
        freshnessMs: uplink.flow.freshnessMs,
        rateBytesPerSecond: uplink.link.rateBytesPerSecond,
        history: parts.rates.uplink(uplink.name),
      }));
      return json(200, { uplinks });
    },
  },
];
