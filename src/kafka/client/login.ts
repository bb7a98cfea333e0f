import { HeadwaterError } from "../../base/errors.ts";
import type { Random } from "../../io/random.ts";
import { ERROR, errorName } from "../wire/generated/errors.ts";
import type { SaslAuthenticateResponse } from "../wire/generated/sasl-authenticate-response.ts";
import type { SaslHandshakeResponse } from "../wire/generated/sasl-handshake-response.ts";
import { ScramExchange } from "./scram.ts";
import type { SaslCredentials } from "./security.ts";

/** One connection's requests for a login, which nothing else may come between. They reject where no answer comes. */
export interface LoginChannel {
  /** `host:port`, for messages. */
  readonly name: string;
  handshake(mechanism: string): Promise<SaslHandshakeResponse>;
  authenticate(bytes: Uint8Array): Promise<SaslAuthenticateResponse>;
}

const NONCE_BYTES = 24;

/**
 * Logs in by SaslHandshake and SaslAuthenticate (KIP-43, KIP-152). Resolves with how long that holds, in milliseconds
 * (KIP-368), 0 for as long as the connection. Rejects with AUTHENTICATION where the broker refuses, or does not
 * prove that it knows the password.
 */
export async function logIn(
  channel: LoginChannel,
  credentials: SaslCredentials,
  random: Random,
): Promise<number> {
  const { mechanism, username } = credentials;
  const who = `${username === "" ? "nobody" : JSON.stringify(username)} by ${mechanism}`;
  const refusal = (reason: string) =>
    new HeadwaterError("AUTHENTICATION", `${channel.name} does not log ${who} in: ${reason}`);
  const { errorCode, mechanisms } = await channel.handshake(mechanism);
  if (errorCode === ERROR.UNSUPPORTED_SASL_MECHANISM) {
    throw refusal(
      `it has ${mechanisms.length === 0 ? "no mechanism" : mechanisms.join(", ")} (sasl.mechanism)`,
    );
  }
  if (errorCode === ERROR.ILLEGAL_SASL_STATE) {
    throw refusal("its listener at this port has no logins (security.protocol)");
  }
  if (errorCode !== 0) throw refusal(errorName(errorCode));
  const say = async (bytes: Uint8Array): Promise<SaslAuthenticateResponse> => {
    const answer = await channel.authenticate(bytes);
    if (answer.errorCode !== 0) throw refusal(answer.errorMessage ?? errorName(answer.errorCode));
    return answer;
  };
  if (mechanism === "PLAIN") {
    const answer = await say(new TextEncoder().encode(`\0${username}\0${credentials.password}`));
    return lifetimeMs(answer);
  }
  const hash = mechanism === "SCRAM-SHA-256" ? "SHA-256" : "SHA-512";
  const nonce = random.bytes(NONCE_BYTES).toBase64();
  const exchange = new ScramExchange(hash, username, credentials.password, nonce);
  const challenge = await say(exchange.first());
  const verdict = await say(await exchange.final(challenge.authBytes));
  exchange.check(verdict.authBytes);
  return lifetimeMs(verdict);
}

function lifetimeMs({ sessionLifetimeMs }: SaslAuthenticateResponse): number {
  return Math.max(0, Number(sessionLifetimeMs));
}
