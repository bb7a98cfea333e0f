import { whole } from "./schema.ts";

/** One part of a list, and how to get the next. */
export interface Part<Item> {
  readonly items: readonly Item[];
  /** Path of the next part; null where there is none. */
  readonly next: string | null;
}

/** `limit` and `after` of lists that come in parts. */
export function partParameters(byDefault: number, max: number) {
  return {
    limit: whole({ minimum: 1, maximum: max, description: `How many at most; ${byDefault} where left out.` }),
    after: { type: "string", maxLength: 512, description: "The name behind which to go on." } as const,
  };
}

/** The items of one part; `all` are sorted by name. */
export function partOf<Item>(
  url: URL,
  all: readonly Item[],
  nameOf: (item: Item) => string,
  limit: number,
  after: string | null,
): Part<Item> {
  const rest = after === null ? all : all.filter((item) => nameOf(item) > after);
  const items = rest.slice(0, limit);
  const last = items.at(-1);
  if (rest.length <= limit || last === undefined) return { items, next: null };
  const next = new URL(url);
  next.searchParams.set("after", nameOf(last));
  return { items, next: `${next.pathname}${next.search}` };
}
