import { HeadwaterError } from "../../base/errors.ts";
import { json, problem } from "../problem.ts";
import type { Gateway } from "./gateway.ts";
import type { Route } from "./route.ts";
import { flag, list, object, orNull, text, whole } from "./schema.ts";

const MAX_TOML = 256 * 1024;
/** Escaped, a text is longer. */
const MAX_BODY_BYTES = 1024 * 1024;
const MAX_MESSAGE = 2_000;
const TOML = { maxBytes: MAX_BODY_BYTES, schema: object({ toml: text({ maxLength: MAX_TOML }) }) };
const OUTCOME = object({
  live: list(text(), { description: "Settings that changed, and are in force." }),
  restart: list(text(), { description: "Settings that changed, and take effect at the next start." }),
  unused: list(text(), {
    description:
      "Why files of users, rules or certificates are not used as they are; what they were before stands.",
  }),
});

/** The settings in force, and how they change. */
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
    path: "/api/config/validate",
    id: "validateConfig",
    summary: "Say what another text of the configuration file would change, and what is wrong with it",
    needs: "admin",
    audit: null,
    body: TOML,
    answer: {
      status: 200,
      type: "application/json",
      schema: object({
        changes: list(object({ key: text(), from: orNull(text()), to: orNull(text()), restart: flag() })),
        problems: list(
          object({
            key: text(),
            value: orNull(text()),
            line: orNull(whole()),
            fault: text(),
            remedy: text(),
          }),
        ),
      }),
    },
    handle: ({ body, parts }) => json(200, parts.config.check((body as { readonly toml: string }).toml)),
  },
  {
    method: "POST",
    path: "/api/config/apply",
    id: "applyConfig",
    summary: "Replace the configuration file, and take over what a running gateway can",
    needs: "admin",
    audit: { action: "config.apply" },
    body: TOML,
    answer: { status: 200, type: "application/json", schema: OUTCOME },
    handle: ({ body, parts }) =>
      taken(() => {
        parts.config.write((body as { readonly toml: string }).toml);
        return parts.config.reload();
      }),
  },
  {
    method: "POST",
    path: "/api/config/reload",
    id: "reloadConfig",
    summary: "Read the configuration again, and take over what a running gateway can",
    needs: "admin",
    audit: { action: "config.reload" },
    answer: {
      status: 200,
      type: "application/json",
      schema: OUTCOME,
    },
    handle: ({ parts }) => taken(() => parts.config.reload()),
  },
];

function taken(work: () => object): Response {
  try {
    return json(200, work());
  } catch (error) {
    if (!(error instanceof HeadwaterError)) throw error;
    const remedy = "correct it (headwater config check FILE), and send it again; nothing was changed";
    const message = error.message.slice(0, MAX_MESSAGE);
    return problem(409, { message, thing: "configuration", value: null, remedy });
  }
}
