/** Why the gateway did not do what it was asked for, in its own words. */
export class ApiError extends Error {
  /** 0 where it was not reached. */
  readonly status: number;
  readonly thing: string;
  readonly value: string | null;
  readonly remedy: string;

  constructor(status: number, message: string, thing = "", value: string | null = null, remedy = "") {
    super(message);
    this.status = status;
    this.thing = thing;
    this.value = value;
    this.remedy = remedy;
  }

  /** Whether this gateway has no such page at all, as opposed to no such thing on it. */
  get isMissingPage(): boolean {
    return (this.status === 404 && this.thing === "path") || this.status === 501;
  }
}

export interface Call {
  readonly method?: "GET" | "POST" | "PUT" | "DELETE";
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

let csrf: string | null = null;
let signedOut: () => void = () => {};

/** What every change is sent with from now on, and whom to tell when the session is over. */
export function rememberSession(token: string | null, whenSignedOut: () => void): void {
  csrf = token;
  signedOut = whenSignedOut;
}

/** Asks the gateway and returns its JSON; null where it answers with nothing. Throws an ApiError, or as `signal` says. */
export async function ask<T>(path: string, call: Call = {}): Promise<T> {
  const response = await send(path, call);
  const text = await response.text();
  return (text === "" ? null : JSON.parse(text)) as T;
}

/** A page of JSON lines. */
export interface Lines<T> {
  readonly lines: readonly T[];
  /** The path of what follows; null at the end. */
  readonly next: string | null;
}

/** Asks for JSON lines. */
export async function askLines<T>(path: string, call: Call = {}): Promise<Lines<T>> {
  const response = await send(path, call);
  const text = await response.text();
  const lines = text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as T);
  return { lines, next: nextOf(response.headers.get("link")) };
}

/** The address in `<...>; rel="next"`. */
export function nextOf(link: string | null): string | null {
  return /<([^>]*)>\s*;\s*rel="?next"?/.exec(link ?? "")?.[1] ?? null;
}

async function send(path: string, { method = "GET", body, headers = {}, signal }: Call): Promise<Response> {
  const sent = new Headers(headers);
  if (method !== "GET") {
    sent.set("content-type", "application/json");
    if (csrf !== null) sent.set("x-csrf-token", csrf);
  }
  const response = await reach(path, {
    method,
    headers: sent,
    credentials: "same-origin",
    ...(method === "GET" ? {} : { body: JSON.stringify(body ?? {}) }),
    ...(signal === undefined ? {} : { signal }),
  });
  if (response.ok) return response;
  if (response.status === 401 && path !== "/api/login") signedOut();
  throw await errorOf(response);
}

async function reach(path: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(path, init);
  } catch (cause) {
    if (init.signal?.aborted) throw cause;
    const remedy = "see whether it runs and this machine reaches it; this page tries again by itself";
    throw new ApiError(0, "the gateway does not answer", "", null, remedy);
  }
}

async function errorOf(response: Response): Promise<ApiError> {
  const text = await response.text();
  try {
    const { error } = JSON.parse(text) as { readonly error: ApiError };
    return new ApiError(response.status, error.message, error.thing, error.value, error.remedy);
  } catch {
    return new ApiError(response.status, text.trim().slice(0, 300) || `status ${response.status}`);
  }
}

/** What stands in an error that was caught, whatever it is. */
export function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  return new ApiError(0, error instanceof Error ? error.message : String(error));
}

/** A part of a path or of a query. */
export function encoded(text: string): string {
  return encodeURIComponent(text);
}

/** `path?name=value...` of those that are there. */
export function withQuery(
  path: string,
  query: Readonly<Record<string, string | number | null | undefined>>,
): string {
  const found = Object.entries(query).filter(
    ([, value]) => value !== null && value !== undefined && value !== "",
  );
  if (found.length === 0) return path;
  return `${path}?${found.map(([name, value]) => `${name}=${encoded(String(value))}`).join("&")}`;
}
