import type { Logger } from "../base/logger.ts";
import { parseAddress } from "../config/address.ts";
import type { Settings } from "../config/options.ts";
import type { Addresses } from "../http/status.ts";
import { SystemMulticast } from "../io/bun/multicast.ts";
import type { Clock } from "../io/clock.ts";
import type { Multicast } from "../io/multicast.ts";
import type { Random } from "../io/random.ts";
import { Announcer } from "../mdns/announcer.ts";
import type { Announced, Service } from "../mdns/records.ts";

export interface AnnouncementParts {
  readonly settings: Settings;
  readonly version: string;
  readonly addresses: () => Addresses;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** In place of the machine's, for tests. */
  readonly multicast?: Multicast;
}

/** A door's protocol as DNS-SD calls it; what has no name of its own with TLS says so in its own name. */
const SERVICES: readonly (readonly [keyof Addresses, string, suffix: string, texts: readonly string[]])[] = [
  ["mqtt", "_mqtt._tcp", "", []],
  ["mqttTls", "_secure-mqtt._tcp", "", ["tls=1"]],
  ["kafka", "_kafka._tcp", "", []],
  ["kafkaTls", "_kafka._tcp", " TLS", ["tls=1"]],
  ["http", "_http._tcp", "", ["path=/"]],
  ["httpTls", "_https._tcp", "", ["path=/", "tls=1"]],
];

/** Announces what is open, from now on until `stop`. */
export function announce(parts: AnnouncementParts): Announcer {
  const { settings, clock, random, logger, multicast } = parts;
  const announcer = new Announcer({
    ...{ clock, random, logger, interfaces: settings["mdns.interfaces"] },
    multicast: multicast ?? new SystemMulticast(),
    announced: () => announcedBy(parts),
  });
  announcer.start();
  return announcer;
}

function announcedBy({ settings, version, addresses }: AnnouncementParts): Announced {
  const open = addresses();
  const gatewayId = settings["gateway.id"];
  const site = settings["gateway.site"];
  const common = [
    "txtvers=1",
    `version=${version}`,
    `id=${gatewayId}`,
    ...(site === "" ? [] : [`site=${site}`]),
  ];
  const services = SERVICES.flatMap(([door, type, suffix, texts]): readonly Service[] => {
    const address = parseAddress(open[door] ?? "", "");
    return typeof address === "string" ? [] : [{ ...address, type, suffix, texts: [...common, ...texts] }];
  });
  return { gatewayId, services };
}
