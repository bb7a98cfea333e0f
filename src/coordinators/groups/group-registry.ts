import type { Group, GroupKind } from "./group.ts";

/** Characters of all group ids together. */
const MAX_ID_CHARACTERS = 16 * 1024 * 1024;

/** All groups there are, of every kind, by id. */
export class GroupRegistry {
  readonly #byId = new Map<string, Group>();
  readonly #maxGroups: number;
  #idCharacters = 0;

  constructor(maxGroups: number) {
    this.#maxGroups = maxGroups;
  }

  get size(): number {
    return this.#byId.size;
  }

  /** Whether a client may begin another group. What the log tells of is taken beyond the bound. */
  get full(): boolean {
    return this.#byId.size >= this.#maxGroups || this.#idCharacters >= MAX_ID_CHARACTERS;
  }

  get(id: string): Group | null {
    return this.#byId.get(id) ?? null;
  }

  /** The group, where it is of this kind. `Kind` is what the caller's own kind is built as. */
  ofKind<Found extends Group>(id: string, kind: GroupKind): Found | null {
    const group = this.#byId.get(id);
    return group?.kind === kind ? (group as Found) : null;
  }

  /** Takes the place of a group of this id, of whatever kind. */
  set(group: Group): void {
    if (!this.#byId.has(group.id)) this.#idCharacters += group.id.length;
    this.#byId.set(group.id, group);
  }

  /** Removes this very group; another that has taken its id stays. */
  remove(group: Group): void {
    if (this.#byId.get(group.id) !== group) return;
    this.#byId.delete(group.id);
    this.#idCharacters -= group.id.length;
  }

  all(): Iterable<Group> {
    return this.#byId.values();
  }
}
