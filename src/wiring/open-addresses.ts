import { type Address, formatAddress } from "../config/address.ts";
import type { Addresses } from "../http/status.ts";

type Place = Address | null | undefined;

/** Doors by what they are; what there is none of is null, or left out. */
export interface OpenDoors {
  readonly kafka: readonly (Address & { readonly tls: boolean })[];
  readonly mqtt: Readonly<Record<"tcp" | "webSocket" | "tls" | "webSocketTls", Place>> | null;
  readonly http: Readonly<Record<"plain" | "tls", Place>> | null;
}

/** Where doors are reached, but for those that can't be opened yet. */
export function openAddresses(
  { kafka, mqtt, http }: OpenDoors,
  isWaiting: (host: string, port: number) => boolean,
): Addresses {
  const places: Readonly<Record<keyof Addresses, Place>> = {
    kafka: kafka.find(({ tls }) => !tls),
    mqtt: mqtt?.tcp,
    http: http?.plain,
    mqttWebSocket: mqtt?.webSocket,
    mqttTls: mqtt?.tls,
    mqttWebSocketTls: mqtt?.webSocketTls,
    kafkaTls: kafka.find(({ tls }) => tls),
    httpTls: http?.tls,
  };
  return Object.fromEntries(
    Object.entries(places).flatMap(([name, place]) =>
      place === null || place === undefined || isWaiting(place.host, place.port)
        ? []
        : [[name, formatAddress(place)]],
    ),
  );
}
