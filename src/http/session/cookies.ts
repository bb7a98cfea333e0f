/** Over TLS the name says that the cookie is of this host alone, and never goes out in the clear (RFC 6265bis, 4.1.3.2). */
const PLAIN_NAME = "headwater_session";
const SECURE_NAME = "__Host-headwater_session";
const TOKEN = /^[\w-]{43}$/;
/** A name, a password and what stands between; base64 makes four of three. */
const MAX_BASIC_LENGTH = 4 * 1024;

/** The session's token of a request, or null. */
export function cookieOf(request: Request, isTls: boolean): string | null {
  const wanted = isTls ? SECURE_NAME : PLAIN_NAME;
  for (const pair of (request.headers.get("cookie") ?? "").split(";")) {
    const [name, value = ""] = pair.trim().split("=");
    if (name === wanted && TOKEN.test(value)) return value;
  }
  return null;
}

export function sessionCookie(token: string, maxAgeSec: number, isTls: boolean): string {
  return `${isTls ? SECURE_NAME : PLAIN_NAME}=${token}; Path=/; Max-Age=${maxAgeSec}; HttpOnly; SameSite=Strict${isTls ? "; Secure" : ""}`;
}

/** Has the browser forget it. */
export function endedCookie(isTls: boolean): string {
  return sessionCookie("", 0, isTls);
}

/** Name and password of an Authorization header (RFC 7617), or null where it has none. */
export function basicCredentials(
  authorization: string,
): { readonly user: string; readonly password: Uint8Array } | null {
  const match = /^basic +([A-Za-z0-9+/]+={0,2}) *$/i.exec(authorization);
  if (match === null || authorization.length > MAX_BASIC_LENGTH) return null;
  try {
    const bytes = Uint8Array.fromBase64(match[1] ?? "");
    const colon = bytes.indexOf(0x3a);
    if (colon < 1) return null;
    const user = new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(0, colon));
    return { user, password: bytes.slice(colon + 1) };
  } catch {
    return null;
  }
}
