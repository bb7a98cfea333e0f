import { HeadwaterError } from "../../base/errors.ts";
import { json, problem } from "../problem.ts";
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
  {
    method: "POST",
    path: "/api/config/reload",
    id: "reloadConfig",
    summary: "Read the configuration again, and take over what a running gateway can",
    needs: "admin",
    answer: {
      status: 200,
      type: "application/json",
      schema: object({
        live: list(text(), { description: "Settings that changed, and are in force." }),
        restart: list(text(), { description: "Settings that changed, and take effect at the next start." }),
      }),
    },
    handle: ({ parts }) => {
      try {
        return json(200, parts.config.reload());
      } catch (error) {
        if (!(error instanceof HeadwaterError)) throw error;
        const remedy =
          "correct the file (headwater config check FILE), and send it again; nothing was changed";
        return problem(409, { message: error.message, thing: "configuration", value: null, remedy });
      }
    },
  },
];
