/** Where a door listens or a peer is reached. `host` has no brackets, IPv6 included. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/**
 * An address from "host:port", "[v6]:port" or ":port" (then `defaultHost`, which may be empty for none), or a sentence that says what is
 * wrong with it.
 */
export function parseAddress(text: string, defaultHost: string): Address | string {
  const match = /^(?:\[([^\]]*)\]|([^:[\]]*)):(\d{1,6})$/.exec(text.trim());
  if (match === null) return addressFault(text.trim());
  const host = (match[1] ?? match[2] ?? "") || defaultHost;
  const port = Number(match[3]);
  if (host === "") return "no host in it";
  if (port > 65_535) return `port ${match[3]} is above 65535`;
  if (match[1] !== undefined && !/^[0-9a-f:.]+(%[\w.-]+)?$/i.test(match[1])) {
    return `[${match[1]}] is not an IPv6 address`;
  }
  if (match[1] === undefined && !/^[\w.-]+$/.test(host)) return `${JSON.stringify(host)} is not a host name`;
  return { host, port };
}

/** "127.0.0.1:9092", "[::1]:9092". */
export function formatAddress(address: Address): string {
  return address.host.includes(":") ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}

/** Whether only programs on this machine can connect. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127\./.test(host);
}

function addressFault(text: string): string {
  if (text.includes("://")) return "a URL is not an address";
  if (text.includes(",")) return "more than one address";
  if (/^\d+$/.test(text)) return "no host before the port";
  if ((text.match(/:/g)?.length ?? 0) > 1) return "an IPv6 address has to stand in brackets";
  return "no port in it";
}
