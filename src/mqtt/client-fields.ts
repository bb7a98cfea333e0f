import type { Client } from "./client.ts";

const MAX_LOGGED_ID = 64;

/** What a line of the log says of a client. */
export function clientFields({ connection, session }: Client) {
  const { remoteAddress, remotePort } = connection;
  return { remoteAddress, remotePort, clientId: session.clientId.slice(0, MAX_LOGGED_ID) };
}
