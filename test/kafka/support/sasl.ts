import { ScramExchange } from "../../../src/kafka/client/scram.ts";
import type { ScramHash } from "../../../src/kafka/client/scram-keys.ts";
import { SASL_AUTHENTICATE_REQUEST } from "../../../src/kafka/wire/generated/sasl-authenticate-request.ts";
import {
  SASL_AUTHENTICATE_RESPONSE,
  type SaslAuthenticateResponse,
} from "../../../src/kafka/wire/generated/sasl-authenticate-response.ts";
import { SASL_HANDSHAKE_REQUEST } from "../../../src/kafka/wire/generated/sasl-handshake-request.ts";
import {
  SASL_HANDSHAKE_RESPONSE,
  type SaslHandshakeResponse,
} from "../../../src/kafka/wire/generated/sasl-handshake-response.ts";
import type { Gateway, TestClient } from "./door.ts";

/** Turns in which what needs no time is answered. */
const QUICK_TURNS = 5;

/** Logins of a client in memory. */
export class Speaker {
  readonly client: TestClient;
  readonly #gateway: Gateway;
  /** Lets checks of passwords end. */
  readonly #finish: () => Promise<void>;

  constructor(gateway: Gateway, client: TestClient, finish: () => Promise<void>) {
    this.#gateway = gateway;
    this.client = client;
    this.#finish = finish;
  }

  handshake(mechanism: string, version = 1): Promise<SaslHandshakeResponse> {
    return this.#asked(
      () => this.client.send(SASL_HANDSHAKE_REQUEST, { mechanism }, version),
      (id) => this.client.take(SASL_HANDSHAKE_RESPONSE, version, id),
    );
  }

  say(message: Uint8Array | string, version = 2): Promise<SaslAuthenticateResponse> {
    const authBytes = typeof message === "string" ? new TextEncoder().encode(message) : message;
    return this.#asked(
      () => this.client.send(SASL_AUTHENTICATE_REQUEST, { authBytes }, version),
      (id) => this.client.take(SASL_AUTHENTICATE_RESPONSE, version, id),
    );
  }

  async plain(userName: string, password: string, version = 2): Promise<SaslAuthenticateResponse> {
    await this.handshake("PLAIN");
    return this.say(`\0${userName}\0${password}`, version);
  }

  async scram(hash: ScramHash, userName: string, password: string): Promise<SaslAuthenticateResponse> {
    const handshake = await this.handshake(`SCRAM-${hash}`);
    if (handshake.errorCode !== 0) throw new Error(`the handshake has error ${handshake.errorCode}`);
    const exchange = new ScramExchange(hash, userName, password, "abc");
    const first = await this.say(exchange.first());
    if (first.errorCode !== 0) return first;
    const last = await this.say(await exchange.final(first.authBytes));
    if (last.errorCode === 0) exchange.check(last.authBytes);
    return last;
  }

  async #asked<Answer>(send: () => number, take: (id: number) => Answer): Promise<Answer> {
    const id = send();
    // Real time too, since PBKDF2 runs on another thread; the door's goes on so slowly that no login is out of time.
    for (let turn = 0; this.client.frames.length === 0 && !this.client.closedByPeer && turn < 5_000; turn++) {
      await this.#gateway.clock.settleAll();
      await this.#finish();
      if (this.client.frames.length > 0) break;
      if (turn >= QUICK_TURNS) {
        this.#gateway.clock.advance(10);
        await Bun.sleep(1);
      }
    }
    return take(id);
  }
}
