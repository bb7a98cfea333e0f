import { ipBytes } from "../base/ip-address.ts";
import type { Link } from "../io/multicast.ts";
import { keyOf, labelOf, type Name, nameBytes, type Rr, srvData, TYPE, txtData } from "./packet.ts";

/** As RFC 6762, section 10, has them: of what names a host, and of all else. */
const HOST_TTL_SEC = 120;
const OTHER_TTL_SEC = 4_500;
const LOCAL = "local";
const SERVICE_TYPES: Name = ["_services", "_dns-sd", "_udp", LOCAL];

/** A door that is announced. */
export interface Service {
  /** As DNS-SD has it: _mqtt._tcp. */
  readonly type: string;
  /** The address that is listened on; 0.0.0.0 and :: are all of the machine. */
  readonly host: string;
  readonly port: number;
  /** Stands behind the gateway's name, where two doors speak the same protocol. */
  readonly suffix: string;
  /** `key=value`. */
  readonly texts: readonly string[];
}

export interface Announced {
  readonly gatewayId: string;
  readonly services: readonly Service[];
}

/** What a gateway has on one link. */
export interface RecordSet {
  readonly records: readonly Rr[];
  /** Names that nobody else may have, by their keys. */
  readonly unique: ReadonlyMap<string, Name>;
}

/** Names with a number behind them where others have had the ones before. */
export function namesOf(
  gatewayId: string,
  attempt: number,
): { readonly host: Name; readonly instance: string } {
  const number = attempt === 1 ? "" : `-${attempt}`;
  const plain = `headwater-${gatewayId.replaceAll(/[^A-Za-z0-9-]/g, "-")}`;
  return {
    host: [`${plain.slice(0, 63 - number.length)}${number}`, LOCAL],
    instance: attempt === 1 ? gatewayId : `${gatewayId} (${attempt})`,
  };
}

/** Those of the services that are reached on a link. */
export function servicesOn(services: readonly Service[], { addresses }: Link): readonly Service[] {
  return services.filter(
    ({ host }) =>
      addressesFor(
        host,
        addresses.map(({ address }) => address),
      ).length > 0,
  );
}

/** Those of the addresses that somebody reaches a listener by. */
function addressesFor(host: string, addresses: readonly string[]): readonly string[] {
  const bare = host.replace(/^\[(.*)\]$/, "$1");
  if (bare === "::") return addresses;
  if (bare === "0.0.0.0") return addresses.filter((address) => !address.includes(":"));
  return addresses.filter((address) => address === bare);
}

/** All records of a gateway on a link; empty where nothing is reached there. */
export function recordsOn({ gatewayId, services }: Announced, link: Link, attempt: number): RecordSet {
  const reached = servicesOn(services, link);
  if (reached.length === 0) return { records: [], unique: new Map() };
  const { host, instance } = namesOf(gatewayId, attempt);
  const all = link.addresses.map(({ address }) => address);
  const addresses = all.filter((address) =>
    reached.some((service) => addressesFor(service.host, [address]).length > 0),
  );
  const records = addresses.flatMap((address) => {
    const data = ipBytes(address);
    const type = address.includes(":") ? TYPE.aaaa : TYPE.a;
    return data === null ? [] : [unique(host, type, HOST_TTL_SEC, data)];
  });
  const types = new Set<string>();
  for (const { type, port, suffix, texts } of reached) {
    const service = [...type.split("."), LOCAL];
    const name = [labelOf(`${instance}${suffix}`), ...service];
    records.push(
      unique(name, TYPE.srv, HOST_TTL_SEC, srvData(port, host)),
      unique(name, TYPE.txt, OTHER_TTL_SEC, txtData(texts)),
      shared(service, nameBytes(name)),
    );
    if (!types.has(type)) records.push(shared(SERVICE_TYPES, nameBytes(service)));
    types.add(type);
  }
  const names = new Map(records.filter((record) => record.unique).map(({ name }) => [keyOf(name), name]));
  const denials = Array.from(names.values(), (name) => nothingElse(name, records));
  return { records: [...records, ...denials], unique: names };
}

/** A record's own key: two with the same one are the same. */
export function identityOf({ name, type, data }: Rr): string {
  return `${keyOf(name)}\0${type}\0${Buffer.from(data).toString("latin1")}`;
}

/** An NSEC record: of this name there are these types and no others (RFC 6762, section 6.1). */
function nothingElse(name: Name, records: readonly Rr[]): Rr {
  const types = records.filter((record) => keyOf(record.name) === keyOf(name)).map(({ type }) => type);
  const bits = new Uint8Array(Math.floor(Math.max(...types) / 8) + 1);
  for (const type of types) bits[type >> 3] = (bits[type >> 3] ?? 0) | (0x80 >> (type & 7));
  return unique(
    name,
    TYPE.nsec,
    HOST_TTL_SEC,
    Buffer.concat([nameBytes(name), Buffer.of(0, bits.length), bits]),
  );
}

function unique(name: Name, type: number, ttlSec: number, data: Uint8Array): Rr {
  return { name, type, unique: true, ttlSec, data };
}

function shared(name: Name, data: Uint8Array): Rr {
  return { name, type: TYPE.ptr, unique: false, ttlSec: OTHER_TTL_SEC, data };
}
