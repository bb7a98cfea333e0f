import type { Uuid } from "../../../base/ids.ts";
import type { Assignment } from "./assignment.ts";

/** A member as assignors see it. */
export interface AssignmentMember {
  readonly memberId: string;
  readonly instanceId: string | null;
  /** Topics that it subscribes to and that exist. */
  readonly topicIds: ReadonlySet<Uuid>;
  /** What it was meant to have so far; may name topics that are gone. */
  readonly assignment: Assignment;
}

export interface AssignmentSpec {
  readonly members: readonly AssignmentMember[];
  /** Of every topic that a member subscribes to. */
  readonly partitionCounts: ReadonlyMap<Uuid, number>;
}

/** Shares partitions out among members, each to those alone that subscribe to its topic. A pure function. */
export interface Assignor {
  readonly name: string;
  /** What each member is to have; every member of the specification is in it. */
  assign(spec: AssignmentSpec): Map<string, Assignment>;
}
