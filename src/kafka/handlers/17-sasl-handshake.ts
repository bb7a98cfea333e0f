import type { ApiHandler } from "../call.ts";
import type { KafkaServices } from "../services.ts";
import { readSaslHandshakeRequest } from "../wire/generated/sasl-handshake-request.ts";
import { writeSaslHandshakeResponse } from "../wire/generated/sasl-handshake-response.ts";

/**
 * SaslHandshake, 0 and 1 (KIP-43, KIP-152): begins a login. Behind version 0 the messages of a login are frames of their
 * own. Where nobody logs in, or somebody has within the last second, it is answered ILLEGAL_SASL_STATE, as in Kafka.
 */
export const saslHandshake: ApiHandler<KafkaServices> = {
  apiKey: 17,
  minVersion: 0,
  maxVersion: 1,
  pipelined: false,
  handle(call) {
    const { mechanism } = readSaslHandshakeRequest(call.reader, call.version);
    call.login.handshake(mechanism, call.version, ({ errorCode, mechanisms, ends }) => {
      call.reply((writer) => writeSaslHandshakeResponse(writer, { errorCode, mechanisms }, call.version));
      if (ends !== null) call.leave(ends);
    });
  },
};
