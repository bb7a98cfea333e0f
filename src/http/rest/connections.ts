import { json } from "../problem.ts";
import type { Gateway } from "./gateway.ts";
import type { Route } from "./route.ts";
import { list, object, orNull, text, whole } from "./schema.ts";

/** Clients of Kafka's door that one answer tells of. */
const MAX_CLIENTS = 10_000;

/** Who is connected, beside the MQTT clients of /api/sessions. */
export const CONNECTION_ROUTES: readonly Route<Gateway>[] = [
  {
    method: "GET",
    path: "/api/connections",
    id: "getConnections",
    summary:
      "Who is connected by Kafka's protocol, and how many by MQTT, of whom /api/sessions tells, and HTTP",
    needs: "viewer",
    answer: {
      status: 200,
      type: "application/json",
      schema: object({
        kafka: object({
          count: whole(),
          clients: list(
            object({ user: text(), method: orNull(text()), remoteAddress: text(), remotePort: whole() }),
            { maxItems: MAX_CLIENTS },
          ),
        }),
        mqtt: object({ count: whole() }),
        http: object({ requests: whole({ description: "Being answered, streams included." }) }),
      }),
    },
    handle: ({ parts }) => {
      const { kafka, mqtt } = parts.status.status();
      return json(200, {
        kafka: {
          count: kafka?.connections ?? 0,
          clients: parts.connections
            .kafka(MAX_CLIENTS)
            .map(({ user, method, remoteAddress, remotePort }) => ({
              ...{ user, method, remoteAddress, remotePort },
            })),
        },
        mqtt: { count: mqtt?.connections ?? 0 },
        http: { requests: parts.connections.httpRequests() },
      });
    },
  },
];
