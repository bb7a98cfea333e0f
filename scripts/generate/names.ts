/** `ProduceRequest` -> `produce-request`, `KRaftVersionRecord` -> `kraft-version-record`. */
export function kebabCase(name: string): string {
  return words(name).join("-").toLowerCase();
}

/** `ProduceRequest` -> `PRODUCE_REQUEST`. */
export function constantCase(name: string): string {
  return words(name).join("_").toUpperCase();
}

function words(name: string): string[] {
  return name
    .replace("KRaft", "Kraft")
    .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
    .replace(/([A-Z])([A-Z][a-z])/g, "$1 $2")
    .split(" ");
}
