/** How the filter of a route and another topic filter meet. */
export interface FilterMeeting {
  /** What the other filter says of the route's named levels. */
  readonly names: ReadonlyMap<string, string>;
  /** Whether the route takes every topic that the other filter takes. */
  readonly coversAll: boolean;
}

const NAMED_LEVEL = /^\{([A-Za-z][A-Za-z0-9_]*)\}$/;

/**
 * Whether some topic is taken by both the filter of a route, whose levels may have names, and a plain topic filter:
 * level by level, null where none is.
 */
export function meetFilters(routeFilter: string, filter: string): FilterMeeting | null {
  const route = routeFilter.split("/");
  const levels = filter.split("/");
  const names = new Map<string, string>();
  let coversAll = true;
  for (let index = 0; ; index++) {
    const ours = route[index];
    const asked = levels[index];
    if (index === 0 && onlyOneTakesDollar(ours, asked)) return null;
    if (ours === "#") return { names, coversAll };
    if (asked === "#") return { names, coversAll: false };
    if (ours === undefined || asked === undefined) return ours === asked ? { names, coversAll } : null;
    const name = NAMED_LEVEL.exec(ours)?.[1];
    if (name !== undefined) {
      // A named level takes no empty one, which `+` does.
      if (asked === "") return null;
      if (asked === "+") coversAll = false;
      else names.set(name, asked);
    } else if (ours !== "+") {
      if (asked === "+") coversAll = false;
      else if (asked !== ours) return null;
    }
  }
}

/** MQTT-4.7.2-1: no wildcard takes a first level that begins with `$`. */
function onlyOneTakesDollar(ours: string | undefined, asked: string | undefined): boolean {
  return isWild(ours) ? asked?.startsWith("$") === true : isWild(asked) && ours?.startsWith("$") === true;
}

function isWild(level: string | undefined): boolean {
  return level === "#" || level === "+" || (level !== undefined && NAMED_LEVEL.test(level));
}
