import { ACL_OPERATION, ACL_RESOURCE, wordOf } from "../broker/acl-entry.ts";
import { ANONYMOUS } from "../broker/quotas.ts";
import type { AuditActor, AuditNotes } from "../security/audit/audit-event.ts";
import type { KafkaAuthorizer } from "../security/kafka-acls/authorizer.ts";
import type { Call } from "./call.ts";
import { findApi } from "./wire/api.ts";
import { ERROR, errorName } from "./wire/generated/errors.ts";

/** What a request has done to one thing. */
export interface NotedChange {
  /** A type and a name, such as `topic orders`. */
  readonly resource: string;
  /** Kafka's error, 0 for none. */
  readonly error: number;
  readonly detail?: string;
}

type Caller = Pick<Call, "session" | "clientHost" | "localPort">;

/** Refusals of rights are told of where rights are asked for. */
const TOLD: ReadonlySet<number> = new Set([
  ERROR.TOPIC_AUTHORIZATION_FAILED,
  ERROR.GROUP_AUTHORIZATION_FAILED,
  ERROR.CLUSTER_AUTHORIZATION_FAILED,
]);

export function actorOf({ session: { user }, clientHost, localPort }: Caller): AuditActor {
  return {
    user: user === ANONYMOUS ? null : user,
    door: "kafka",
    address: clientHost.slice(1),
    port: localPort,
  };
}

/** Notes what clients ask for that they may not. */
export function noteRefusals(authorizer: KafkaAuthorizer, audit: AuditNotes): void {
  authorizer.onRefused(({ user, address, port, apiKey, operation, resourceType, resourceName }) => {
    const from = { user: user === ANONYMOUS ? null : user, door: "kafka", address, port } as const;
    const detail = `${wordOf(ACL_OPERATION, operation)} by ${findApi(apiKey)?.name ?? apiKey}`;
    const resource = `${wordOf(ACL_RESOURCE, resourceType)} ${resourceName}`;
    audit.note({ kind: "access", ...from, action: "denied", result: "refused", resource, detail });
  });
}

/** Notes changes by what they are answered, before the answer leaves. `isRoutine`: programs make them all the time. */
export function noteChanges(
  call: Caller,
  audit: AuditNotes,
  action: string,
  changes: Iterable<NotedChange>,
  isRoutine = false,
): void {
  const from = { kind: "change", ...actorOf(call), action } as const;
  for (const { resource, error, detail } of changes) {
    if (TOLD.has(error)) continue;
    if (error === ERROR.NONE) {
      const more = detail === undefined ? {} : { detail };
      audit.note({ ...from, result: "success", resource, ...more, isRoutine });
    } else {
      // Programs try what does not go again and again.
      audit.note({ ...from, result: "failure", resource, detail: errorName(error), isRoutine: true });
    }
  }
}
