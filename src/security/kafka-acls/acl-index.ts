import { ACL_PATTERN, ACL_WILDCARD, type AclEntry } from "../../broker/acl-entry.ts";
import { hostName } from "./hosts.ts";

const NO_ENTRIES: readonly AclEntry[] = [];

/** Rules by what they are about, so that the few that concern one resource are found among thousands. */
export class AclIndex {
  readonly #types = new Map<number, TypeIndex>();

  constructor(entries: Iterable<AclEntry>) {
    for (const entry of entries) {
      let type = this.#types.get(entry.resourceType);
      if (type === undefined) {
        type = new TypeIndex();
        this.#types.set(entry.resourceType, type);
      }
      type.add({ ...entry, host: hostName(entry.host) });
    }
  }

  /** All rules about resources of a type. */
  ofType(resourceType: number): readonly AclEntry[] {
    return this.#types.get(resourceType)?.entries ?? NO_ENTRIES;
  }

  /** Those that concern the resource of this name: by it, by how it begins, or by being about all. */
  *concerning(resourceType: number, name: string): Iterable<AclEntry> {
    const type = this.#types.get(resourceType);
    if (type === undefined) return;
    yield* type.literal.get(name) ?? NO_ENTRIES;
    if (name !== ACL_WILDCARD) yield* type.literal.get(ACL_WILDCARD) ?? NO_ENTRIES;
    for (const length of type.prefixLengths) {
      if (length <= name.length) yield* type.prefixed.get(name.slice(0, length)) ?? NO_ENTRIES;
    }
  }
}

class TypeIndex {
  readonly entries: AclEntry[] = [];
  readonly literal = new Map<string, AclEntry[]>();
  readonly prefixed = new Map<string, AclEntry[]>();
  /** How long prefixes are: a name is looked up once for each. */
  readonly prefixLengths = new Set<number>();

  add(entry: AclEntry): void {
    const { resourceName, patternType } = entry;
    this.entries.push(entry);
    const isPrefixed = patternType === ACL_PATTERN.prefixed;
    if (isPrefixed) this.prefixLengths.add(resourceName.length);
    const names = isPrefixed ? this.prefixed : this.literal;
    const found = names.get(resourceName);
    if (found === undefined) names.set(resourceName, [entry]);
    else found.push(entry);
  }
}
