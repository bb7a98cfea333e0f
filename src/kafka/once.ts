/**
 * The items, each key once: what is asked for a thousand times in a request is told once, since a few bytes of
 * request must not become gigabytes of answer. Clients of Kafka ask for nothing twice.
 */
export function once<Item>(items: readonly Item[], keyOf: (item: Item) => string): readonly Item[] {
  const seen = new Set<string>();
  return items.filter((item) => {
    const key = keyOf(item);
    return seen.has(key) ? false : seen.add(key);
  });
}

/** The same for names and numbers. */
export function unique<Value extends string | number>(values: readonly Value[]): readonly Value[] {
  return [...new Set(values)];
}
