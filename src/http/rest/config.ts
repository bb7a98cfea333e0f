import { json } from "../problem.ts";
import type { Gateway } from "./gateway.ts";
import type { Route } from "./route.ts";
import { flag, list, object, orNull, text } from "./schema.ts";

/** The settings in force. */
export const CONFIG_ROUTES: readonly Route<Gateway>[] = [
  {
    method: "GET",
    path: "/api/config",
    id: "listConfig",
    summary: "The settings in force, and where each is from; secrets are hidden",
    needs: "operator",
    answer: {
      status: 200,
      type: "application/json",
      schema: object({
        settings: list(
          object({
            key: text(),
            value: text(),
            default: orNull(text()),
            source: text(),
            doc: text(),
            restart: flag({ description: "Whether a change is taken over at the next start only." }),
          }),
        ),
      }),
    },
    handle: ({ parts }) => json(200, { settings: parts.config.list() }),
  },
];
