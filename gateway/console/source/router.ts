import { useEffect, useState } from "preact/hooks";

/** Where in the console somebody is: `#/topics/telemetry?tab=records`. */
export interface Route {
  /** Decoded: ["topics", "telemetry"]. */
  readonly parts: readonly string[];
  readonly query: URLSearchParams;
}

/** The place that the address bar names. */
export function currentRoute(): Route {
  const [path = "", query = ""] = location.hash.replace(/^#\/?/, "").split("?", 2);
  const parts = path.split("/").filter((part) => part !== "");
  return { parts: parts.map(decoded), query: new URLSearchParams(query) };
}

/** The same, followed. */
export function useRoute(): Route {
  const [route, setRoute] = useState(currentRoute);
  useEffect(() => {
    const follow = () => setRoute(currentRoute());
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);
  return route;
}

/** An address for a link. */
export function placeOf(
  parts: readonly string[],
  query: Readonly<Record<string, string | null | undefined>> = {},
): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value) search.set(name, value);
  const path = `#/${parts.map(encodeURIComponent).join("/")}`;
  return search.size === 0 ? path : `${path}?${search}`;
}

/** Goes there; `replace` leaves no step to go back to. */
export function go(place: string, replace = false): void {
  if (!replace) location.hash = place;
  else {
    history.replaceState(null, "", place);
    dispatchEvent(new HashChangeEvent("hashchange"));
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
