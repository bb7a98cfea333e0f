import type { Registry } from "./registry.ts";

/** Classes of answers, by the first digit of their status. */
export const HTTP_CODES = ["1xx", "2xx", "3xx", "4xx", "5xx"] as const;

/** Which listeners are open, by the names of their settings without `.listen`. */
export interface ListenerNames {
  /** Of Kafka and MQTT: whose connections are seen. */
  readonly counted: readonly string[];
  /** Those of them that have TLS. */
  readonly secure: readonly string[];
  /** Of HTTP, whose connections Bun keeps to itself. */
  readonly http: readonly string[];
}

export const NO_LISTENERS: ListenerNames = { counted: [], secure: [], http: [] };

/** What comes to each listener, whoever it is. */
export function listenerMetrics(registry: Registry, { counted, secure, http }: ListenerNames) {
  const counters = (name: string, help: string, values = counted) =>
    registry.counters(`headwater_listener_${name}`, help, "listener", values);
  return {
    listenerConnections: registry.gauges(
      "headwater_listener_connections",
      "Connections that are open, those in a TLS handshake included. Of HTTP: requests and live streams that are being answered.",
      "listener",
      [...counted, ...http],
    ),
    listenerAccepted: counters("connections_accepted_total", "Connections that were accepted."),
    listenerRefused: counters(
      "connections_refused_total",
      "Those of them that were closed at once: too many connections, or too many in a short time.",
    ),
    listenerReceived: counters(
      "received_bytes_total",
      "Bytes that came in, of all that is spoken there; what TLS adds is not counted.",
    ),
    listenerSent: counters(
      "sent_bytes_total",
      "Bytes that went out, of all that is spoken there; what TLS adds is not counted.",
    ),
    listenerHandshakes: counters("tls_handshakes_total", "TLS handshakes that were good.", secure),
    listenerHandshakeFailures: counters(
      "tls_handshake_failures_total",
      "Connections that ended before a TLS handshake that was good: certificates that do not hold, other protocols, scanners.",
      secure,
    ),
    httpRequests: registry.counters(
      "headwater_http_requests_total",
      "Requests that were answered over HTTP and HTTPS, by the class of the answer's status; a request that became a WebSocket is 1xx.",
      "code",
      HTTP_CODES,
    ),
  };
}
