/** ConfigResource.Type, as far as configuration of it is kept here. */
export const RESOURCE = { topic: 2, broker: 4, brokerLogger: 8, clientMetrics: 16, group: 32 } as const;

/** What settings are of: a topic, this broker, all brokers (name ""), a group, a subscription to metrics. */
export interface ConfigResource {
  readonly type: number;
  readonly name: string;
}

const NONE: ReadonlyMap<string, string> = new Map();

/** Settings of everything but topics, as the metadata log tells them. Pure. */
export class DynamicConfigs {
  readonly #byType = new Map<number, Map<string, Map<string, string>>>();

  of({ type, name }: ConfigResource): ReadonlyMap<string, string> {
    return this.#byType.get(type)?.get(name) ?? NONE;
  }

  /** Names of the resources of a type that have settings of their own. */
  names(type: number): readonly string[] {
    return [...(this.#byType.get(type)?.keys() ?? [])];
  }

  /** How many resources of a type have settings of their own. */
  count(type: number): number {
    return this.#byType.get(type)?.size ?? 0;
  }

  all(): ConfigResource[] {
    return [...this.#byType].flatMap(([type, byName]) => [...byName.keys()].map((name) => ({ type, name })));
  }

  /** Null takes the setting back. */
  set({ type, name }: ConfigResource, key: string, value: string | null): void {
    let byName = this.#byType.get(type);
    if (byName === undefined) {
      byName = new Map();
      this.#byType.set(type, byName);
    }
    let values = byName.get(name);
    if (values === undefined) {
      values = new Map();
      byName.set(name, values);
    }
    if (value === null) values.delete(key);
    else values.set(key, value);
    if (values.size === 0) byName.delete(name);
  }
}
