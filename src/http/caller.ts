/** Headers by which a proxy says for whom it asks. Whoever is asked through one is anybody, though the proxy stands here. */
const HANDED_ON = ["x-forwarded-for", "x-forwarded-host", "forwarded", "x-real-ip", "via"];

/** Whether a request comes from this machine, to it by an address of its own, and nobody has handed it on. */
export function isFromHere(request: Request, remoteAddress: string): boolean {
  if (HANDED_ON.some((name) => request.headers.has(name))) return false;
  return isLoopback(remoteAddress) && isAddress(request.headers.get("host") ?? "");
}

/**
 * Whether a request was meant for this gateway. A web page anywhere can have its own name resolve to our address, and
 * then reads answers as its own; but its browser says that name as the host. An address is nobody's to give away.
 * `names` are what else we are called by; letters of either case, a port is not looked at.
 */
export function isForUs(request: Request, names: readonly string[]): boolean {
  const host = request.headers.get("host") ?? "";
  if (isAddress(host)) return true;
  const name = host.replace(/:\d*$/, "").toLowerCase();
  return name !== "" && names.some((one) => one.toLowerCase() === name);
}

/** Whether a request was sent by no web page, or by one that we served. Call it for those whose host is ours. */
export function isOfOurPages(request: Request): boolean {
  const origin = request.headers.get("origin");
  if (origin === null) return true;
  return URL.parse(origin)?.host === URL.parse(`http://${request.headers.get("host")}`)?.host;
}

/** Whether an address is of this machine alone. */
function isLoopback(address: string): boolean {
  return /^(?:::ffff:)?127\./.test(address) || address === "::1";
}

/** A name could be anybody's, and lead here by the answer of a name server. */
function isAddress(host: string): boolean {
  return /^(?:\d+\.\d+\.\d+\.\d+|\[[\da-f:.]+\]|localhost)(?::\d+)?$/i.test(host);
}
