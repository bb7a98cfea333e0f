import { EXPOSITION_TYPE, expose } from "../metrics/exposition.ts";
import type { Registry } from "../metrics/registry.ts";
import { COMMON_HEADERS, problem } from "./problem.ts";
import type { StatusSource } from "./status.ts";

const TEXT = "text/plain; charset=utf-8";
const METHODS = "GET, HEAD";

type Page = (source: StatusSource, metrics: Registry) => Response;

const PAGES: ReadonlyMap<string, Page> = new Map<string, Page>([
  ["/healthz", (source) => health(source.faults(), "alive")],
  ["/readyz", (source) => health([...source.faults(), ...source.hindrances()], "ready", source.notes())],
  ["/metrics", (_, metrics) => page(200, expose(metrics), EXPOSITION_TYPE)],
]);

/** Answers one request for a page from memory. `others` are paths that are answered elsewhere. */
export function answer(
  request: Request,
  source: StatusSource,
  metrics: Registry,
  others: readonly string[],
): Response {
  const path = pathOf(request.url);
  const make = PAGES.get(path);
  if (make === undefined) {
    const remedy = `there are ${[...PAGES.keys(), ...others].join(", ")}`;
    return problem(404, { message: "there is no such page", thing: "path", value: path, remedy });
  }
  if (request.method !== "GET" && request.method !== "HEAD") {
    return page(405, `${path} takes ${METHODS}\n`, TEXT, { allow: METHODS });
  }
  return make(source, metrics);
}

/** 200 with a word, and what is no reason against it below; or 503 with a reason a line. */
function health(reasons: readonly string[], word: string, notes: readonly string[] = []): Response {
  const isGood = reasons.length === 0;
  const lines = [...(isGood ? [word] : reasons), ...notes];
  return page(isGood ? 200 : 503, lines.map((line) => `${line}\n`).join(""));
}

function page(
  code: number,
  body: string,
  type: string = TEXT,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return new Response(body, {
    status: code,
    headers: { ...COMMON_HEADERS, "content-type": type, ...headers },
  });
}

/** The path of a request's URL; empty, and so unknown, where it cannot be read. */
function pathOf(url: string): string {
  return URL.parse(url)?.pathname ?? "";
}
