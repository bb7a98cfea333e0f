import { ERROR } from "../wire/generated/errors.ts";
import type { CoordinatorKind, KafkaCluster } from "./cluster.ts";
import type { ClientApi, KafkaConnection, Reply } from "./connection.ts";

/**
 * Done; or refused with Kafka's error code, NETWORK_EXCEPTION where the request was never sent, so that nothing
 * happened; or lost: it was sent, and nobody knows.
 */
export type CallOutcome<Value> =
  | { readonly kind: "done"; readonly value: Value }
  | { readonly kind: "refused"; readonly error: number; readonly message: string | null }
  | { readonly kind: "lost"; readonly reason: string };

/** What a call to a coordinator needs beside its body. */
export interface CoordinatorCall<Request, Response> {
  readonly kind: CoordinatorKind;
  readonly key: string;
  readonly api: ClientApi<Request, Response>;
  readonly body: (version: number) => Request;
  readonly errorOf: (response: Response) => number;
  readonly versionOf?: (connection: KafkaConnection) => number;
}

/** Asks the coordinator of `key`, and forgets it where it moved or does not answer. */
export async function askCoordinator<Request, Response, Value>(
  cluster: KafkaCluster,
  call: CoordinatorCall<Request, Response>,
  read: (response: Response) => Value,
): Promise<CallOutcome<Value>> {
  const { kind, key, api, body, errorOf, versionOf } = call;
  const found = await cluster.coordinator(kind, key).catch((error: unknown) => String(error));
  if (typeof found === "string") return { kind: "refused", error: ERROR.NETWORK_EXCEPTION, message: found };
  if (found.value === null) return { kind: "refused", error: found.error, message: null };
  const reply = await cluster.request(found.value, api, body, versionOf);
  if (reply.kind !== "answered" || MOVED.has(errorOf(reply.response))) cluster.forgetCoordinator(kind, key);
  return outcomeOf(reply, errorOf, read);
}

/** The coordinator is another broker now. */
const MOVED: ReadonlySet<number> = new Set([ERROR.NOT_COORDINATOR, ERROR.COORDINATOR_NOT_AVAILABLE]);

export function outcomeOf<Response, Value>(
  reply: Reply<Response>,
  errorOf: (response: Response) => number,
  read: (response: Response) => Value,
): CallOutcome<Value> {
  if (reply.kind === "lost") return { kind: "lost", reason: reply.error.message };
  if (reply.kind === "unsent") {
    const error = reply.error.code === "UNSUPPORTED" ? ERROR.UNSUPPORTED_VERSION : ERROR.NETWORK_EXCEPTION;
    return { kind: "refused", error, message: reply.error.message };
  }
  const error = errorOf(reply.response);
  if (error !== 0) return { kind: "refused", error, message: null };
  return { kind: "done", value: read(reply.response) };
}

export function nothing(): null {
  return null;
}

export function errorCodeOf(response: { readonly errorCode: number }): number {
  return response.errorCode;
}

export function firstError(errors: readonly number[]): number {
  return errors.find((error) => error !== 0) ?? 0;
}
