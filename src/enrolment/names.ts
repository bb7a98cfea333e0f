/** What a certificate is for: names of hosts, and addresses as they are written. */
export interface HostNames {
  readonly dns: readonly string[];
  readonly addresses: readonly string[];
}

export const MAX_HOST_NAMES = 100;
const MAX_HOST_NAME_LENGTH = 253;
const HOST_NAME =
  /^(?:\*\.)?[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*$/;

/** Names and addresses apart, each once, in their order; or a sentence that says which is neither. */
export function hostNames(texts: readonly string[]): HostNames | string {
  const dns = new Set<string>();
  const addresses = new Set<string>();
  if (texts.length > MAX_HOST_NAMES) return `there are more than ${MAX_HOST_NAMES} names`;
  for (const text of texts) {
    const name = text.trim().toLowerCase();
    if (isAddress(name)) addresses.add(name);
    else if (isHostName(name)) dns.add(name);
    else return `${JSON.stringify(text)} is neither the name of a host nor an address`;
  }
  return { dns: [...dns], addresses: [...addresses] };
}

/** Whether it is a name that hosts have, in lower case; one for all below another may begin with `*.`. */
export function isHostName(text: string): boolean {
  // What ends in digits alone would be taken for an address.
  return text.length <= MAX_HOST_NAME_LENGTH && HOST_NAME.test(text) && !/(?:^|\.)\d+$/.test(text);
}

/** Whether it is an address, of version 4 or 6, without a zone. */
export function isAddress(text: string): boolean {
  const parts = text.split(".");
  if (parts.length === 4 && parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256)) {
    return true;
  }
  return /^[0-9a-f:]{2,39}$/.test(text) && URL.canParse(`http://[${text}]/`);
}

/** Whether an address is of a network that does not lead to the world (RFC 1918, 4193, 3927, 4291), or this machine. */
export function isPrivateAddress(text: string): boolean {
  if (/^(?:10|127)\.|^192\.168\.|^169\.254\.|^172\.(?:1[6-9]|2\d|3[01])\./.test(text)) return true;
  return text === "::1" || /^f[cd][0-9a-f]{2}:|^fe[89ab][0-9a-f]:/.test(text);
}
