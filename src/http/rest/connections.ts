import { json } from "../problem.ts";
import type { Gateway } from "./gateway.ts";
import type { Route } from "./route.ts";
import { object, whole } from "./schema.ts";

/** Who is connected, beside the MQTT clients of /api/sessions. */
export const CONNECTION_ROUTES: readonly Route<Gateway>[] = [
  {
    method: "GET",
    path: "/api/connections",
    id: "getConnections",
    summary: "How many are connected by which protocol; /api/sessions has the MQTT clients",
    needs: "viewer",
    answer: {
      status: 200,
      type: "application/json",
      schema: object({
        kafka: object({ count: whole() }),
        mqtt: object({ count: whole() }),
        http: object({ requests: whole({ description: "Being answered, streams included." }) }),
      }),
    },
    handle: ({ parts }) => {
      const { kafka, mqtt } = parts.status.status();
      return json(200, {
        kafka: { count: kafka?.connections ?? 0 },
        mqtt: { count: mqtt?.connections ?? 0 },
        http: { requests: parts.connections.httpRequests() },
      });
    },
  },
];
