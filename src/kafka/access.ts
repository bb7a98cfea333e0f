import { ACL_OPERATION, ACL_RESOURCE, CLUSTER_NAME } from "../broker/acl-entry.ts";
import type { DeviceView, ReadableTopics } from "../broker/views/device-views.ts";
import type { Rights } from "../security/kafka-acls/authorizer.ts";
import type { Call } from "./call.ts";
import type { KafkaServices } from "./services.ts";

/** Operations as handlers name them. */
export const CAN = ACL_OPERATION;

/**
 * What the sender of a request may do. Handlers ask before they look anything up, so that nobody learns from an answer
 * whether what they may not see is there. Where no authorizer is set, everything is allowed.
 */
export interface Access {
  /** Whether nobody has to be asked. */
  readonly isOpen: boolean;
  cluster(operation: number): boolean;
  group(operation: number, groupId: string): boolean;
  transactionalId(operation: number, id: string): boolean;
  /** By the name that the client gave, of a topic or of a device's view. */
  topic(operation: number, name: string): boolean;
  /** Those of a request's topics with which this is not allowed. */
  deniedTopics(operation: number, names: Iterable<string>): ReadonlySet<string>;
  /** As `topic`, for lists that only tell what may be seen: nothing was refused. */
  seesTopic(operation: number, name: string): boolean;
  seesGroup(operation: number, groupId: string): boolean;
  seesCluster(operation: number): boolean;
  /** Whether this is allowed with some topic, whatever its name. */
  someTopic(operation: number): boolean;
  /** Those of these operations that are allowed, as a bit field of their codes (KIP-430). */
  operations(resourceType: number, name: string, all: number): number;
}

const NONE: ReadonlySet<string> = new Set();

/** Everybody may do everything. */
export const OPEN_ACCESS: Access = {
  isOpen: true,
  cluster: () => true,
  group: () => true,
  transactionalId: () => true,
  topic: () => true,
  deniedTopics: () => NONE,
  seesTopic: () => true,
  seesGroup: () => true,
  seesCluster: () => true,
  someTopic: () => true,
  operations: (_type, _name, all) => all,
};

/** What the sender of this request may do. */
export function accessOf(
  call: Pick<Call, "apiKey" | "session" | "clientHost" | "localPort">,
  { authorizer, broker }: Pick<KafkaServices, "authorizer" | "broker">,
): Access {
  if (authorizer === null || authorizer.bugs.forgottenApi === call.apiKey) return OPEN_ACCESS;
  const rights = authorizer.rightsOf(call.session.user, call.clientHost.slice(1));
  return new RuledAccess(rights, call, broker.topics.readable);
}

class RuledAccess implements Access {
  readonly isOpen = false;
  readonly #rights: Rights;
  readonly #call: Pick<Call, "apiKey" | "localPort">;
  readonly #topics: ReadableTopics;

  constructor(rights: Rights, call: Pick<Call, "apiKey" | "localPort">, topics: ReadableTopics) {
    this.#rights = rights;
    this.#call = call;
    this.#topics = topics;
  }

  cluster(operation: number): boolean {
    return this.#ask(operation, ACL_RESOURCE.cluster, CLUSTER_NAME);
  }

  seesCluster(operation: number): boolean {
    return this.#rights.allows(operation, ACL_RESOURCE.cluster, CLUSTER_NAME);
  }

  group(operation: number, groupId: string): boolean {
    return this.#ask(operation, ACL_RESOURCE.group, groupId);
  }

  seesGroup(operation: number, groupId: string): boolean {
    return this.#rights.allows(operation, ACL_RESOURCE.group, groupId);
  }

  transactionalId(operation: number, id: string): boolean {
    return this.#ask(operation, ACL_RESOURCE.transactionalId, id);
  }

  topic(operation: number, name: string): boolean {
    const isAllowed = this.seesTopic(operation, name);
    if (!isAllowed) this.#refused(operation, ACL_RESOURCE.topic, name);
    return isAllowed;
  }

  deniedTopics(operation: number, names: Iterable<string>): ReadonlySet<string> {
    let denied: Set<string> | null = null;
    for (const name of new Set(names)) {
      if (this.topic(operation, name)) continue;
      denied ??= new Set();
      denied.add(name);
    }
    return denied ?? NONE;
  }

  seesTopic(operation: number, name: string): boolean {
    // `topic--key` is a view only while there is no topic of that name. Rules are about the view's first name, so
    // that one made for topics `plant-...` does not open what is behind a topic `plant`; those that deny count too.
    if (name.includes("--")) {
      const view = this.#topics.view(name);
      if (view !== null && !name.includes("/")) return this.#allowsAlias(operation, view);
    }
    return this.#rights.allows(operation, ACL_RESOURCE.topic, name);
  }

  someTopic(operation: number): boolean {
    return this.#rights.allowsSome(operation, ACL_RESOURCE.topic);
  }

  operations(resourceType: number, name: string, all: number): number {
    let allowed = 0;
    for (let operation = 0; operation < 32; operation += 1) {
      const bit = 1 << operation;
      if ((all & bit) === 0) continue;
      const isAllowed =
        resourceType === ACL_RESOURCE.topic
          ? this.seesTopic(operation, name)
          : this.#rights.allows(operation, resourceType, name);
      if (isAllowed) allowed |= bit;
    }
    return allowed;
  }

  #allowsAlias(operation: number, { name, topic }: DeviceView): boolean {
    const firstName = `${topic.name}/${name.slice(topic.name.length + 2)}`;
    return (
      this.#rights.allows(operation, ACL_RESOURCE.topic, firstName) &&
      !this.#rights.denies(operation, ACL_RESOURCE.topic, name)
    );
  }

  #ask(operation: number, resourceType: number, name: string): boolean {
    const isAllowed = this.#rights.allows(operation, resourceType, name);
    if (!isAllowed) this.#refused(operation, resourceType, name);
    return isAllowed;
  }

  #refused(operation: number, resourceType: number, name: string): void {
    const { apiKey, localPort } = this.#call;
    this.#rights.refused(apiKey, operation, resourceType, name, localPort);
  }
}
