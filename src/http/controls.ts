import { HeadwaterError } from "../base/errors.ts";
import { json, problem } from "./problem.ts";

/** What a request that changes something may be about, and what does it. Whoever wires the gateway implements it. */
export interface ControlSource {
  uplinkNames(): readonly string[];
  /** By the last part of `/api/uplinks/NAME/ACTION`. */
  readonly uplinkActions: ReadonlyMap<string, UplinkAction>;
  /** Ends the session of an MQTT client and puts it out: `/api/sessions/CLIENT-ID/end`. False where there is none. */
  endSession(clientId: string): Promise<boolean>;
}

/** Does it to the uplink of that name, resolves when a power cut would not undo it, with the answer as JSON. */
export type UplinkAction = (name: string, body: Readonly<Record<string, unknown>>) => Promise<object>;

/** A field of a request is not as it must be: nothing was done. */
export class InvalidField extends HeadwaterError {
  readonly thing: string;
  readonly value: string;
  readonly remedy: string;

  constructor(thing: string, value: unknown, remedy: string) {
    const shown = JSON.stringify(value) ?? "nothing";
    super("CONFIG_INVALID", `${thing} ${shown}: ${remedy}`);
    this.thing = thing;
    this.value = shown;
    this.remedy = remedy;
  }
}

/**
 * Does `ACTION` to the uplink or the session of an MQTT client of that name. Who may was seen to.
 */
export function act(
  kind: "uplinks" | "sessions",
  name: string,
  action: string,
  body: Readonly<Record<string, unknown>>,
  source: ControlSource | null,
): Promise<Response> {
  if (kind === "sessions") return endSession(name, action, source);
  const names = source?.uplinkNames() ?? [];
  if (!names.includes(name)) {
    const remedy = names.length === 0 ? "configure one" : `there are ${names.join(", ")}`;
    const error = { message: "there is no such uplink", thing: "uplink", value: name, remedy };
    return Promise.resolve(problem(404, error));
  }
  const run = source?.uplinkActions.get(action);
  if (run === undefined) {
    const remedy = `there are ${[...(source?.uplinkActions.keys() ?? [])].join(", ")}`;
    const error = { message: "there is no such action", thing: "action", value: action, remedy };
    return Promise.resolve(problem(404, error));
  }
  return answered(action, name, async () => json(200, await run(name, body)));
}

function endSession(clientId: string, action: string, source: ControlSource | null): Promise<Response> {
  if (action !== "end") {
    const message = "there is no such action";
    return Promise.resolve(problem(404, { message, thing: "action", value: action, remedy: "there is end" }));
  }
  return answered(action, clientId, async () => {
    if ((await source?.endSession(clientId)) === true) return json(200, { clientId, ended: true });
    const message = "no MQTT client of this id is connected, and no session of it is kept";
    return problem(404, {
      message,
      thing: "session",
      value: clientId,
      remedy: "GET /api/sessions lists them",
    });
  });
}

/** What the work answers, or why it could not be done. */
async function answered(action: string, value: string, work: () => Promise<Response>): Promise<Response> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof InvalidField) {
      const { thing, remedy } = error;
      return problem(400, { message: `${thing} is not as it must be`, thing, value: error.value, remedy });
    }
    if (!(error instanceof HeadwaterError)) throw error;
    const remedy = "see what it did at /api/status, and send it again";
    return problem(409, { message: error.message, thing: action, value, remedy });
  }
}
