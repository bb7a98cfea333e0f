import type { Int64, Uuid } from "../../base/ids.ts";
import { ERROR } from "../../kafka/wire/generated/errors.ts";
import type { Group } from "../groups/group.ts";
import type { Assignment } from "../groups/modern/assignment.ts";
import type { CoordinatorRecord } from "../runtime/coordinator-log.ts";
import { groupTombstones, type InitializedTopic, type ShareMember } from "./share-records.ts";

/** One share group: its members, what each is to have, and the partitions that it keeps state of. */
export class ShareGroup implements Group {
  readonly id: string;
  readonly kind = "share";
  readonly protocolType = "share";
  /** It goes only when it is deleted: its offsets don't expire. */
  readonly expires = false;
  readonly members = new Map<string, ShareMember>();
  readonly targets = new Map<string, Assignment>();
  initialized: ReadonlyMap<Uuid, InitializedTopic> = new Map();
  epoch = 0;
  metadataHash: Int64 = 0;
  assignmentEpoch = 0;
  assignmentTimestampMs = 0;
  /** A topic that it subscribes to may have come, gone or grown. */
  topicsMayHaveChanged = true;
  readonly beforeDelete: (done: (error: number) => void) => void;

  constructor(id: string, removeState: (groupId: string, done: (error: number) => void) => void) {
    this.id = id;
    this.beforeDelete = (done) => removeState(id, done);
  }

  get stateName(): string {
    return this.isEmpty ? "Empty" : "Stable";
  }

  get memberCount(): number {
    return this.members.size;
  }

  get isEmpty(): boolean {
    return this.members.size === 0;
  }

  /** Names that any member subscribes to. */
  topicNames(): ReadonlySet<string> {
    const names = new Set<string>();
    for (const member of this.members.values()) for (const name of member.topicNames) names.add(name);
    return names;
  }

  subscribedTo(topic: string): boolean {
    for (const member of this.members.values()) if (member.topicNames.has(topic)) return true;
    return false;
  }

  commitError(): number {
    return ERROR.GROUP_ID_NOT_FOUND;
  }

  fetchError(): number {
    return ERROR.GROUP_ID_NOT_FOUND;
  }

  offsetDeleteError(): number {
    return ERROR.GROUP_ID_NOT_FOUND;
  }

  deleteError(): number {
    return this.isEmpty ? ERROR.NONE : ERROR.NON_EMPTY_GROUP;
  }

  tombstones(records: CoordinatorRecord[]): void {
    records.push(...groupTombstones(this.id));
  }

  unusedSinceMs(): number | null {
    return null;
  }

  committed(): void {}
}
