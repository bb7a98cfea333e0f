/** What is wrong, for people and for programs. */
export interface Problem {
  readonly message: string;
  readonly thing: string;
  readonly value: string | null;
  readonly remedy: string;
}

/** An answer that says so, in JSON as all of `/api` is. */
export function problem(
  status: number,
  error: Problem,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return json(status, { error }, headers);
}

/** Every answer is of now and nobody's script. */
export function json(status: number, body: object, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(`${JSON.stringify(body)}\n`, {
    status,
    headers: { ...COMMON_HEADERS, "content-type": "application/json", ...headers },
  });
}

export const COMMON_HEADERS = {
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
  "content-security-policy": "default-src 'none'",
} as const;
