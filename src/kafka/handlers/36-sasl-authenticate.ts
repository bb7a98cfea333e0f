import type { ApiHandler } from "../call.ts";
import type { KafkaServices } from "../services.ts";
import { readSaslAuthenticateRequest } from "../wire/generated/sasl-authenticate-request.ts";
import { writeSaslAuthenticateResponse } from "../wire/generated/sasl-authenticate-response.ts";

/**
 * SaslAuthenticate, 0 to 2 (KIP-152, KIP-368): a message of a login. One that fails is answered late, and its
 * connection closed.
 *
 * Deviations: another mechanism for a login again is answered SASL_AUTHENTICATION_FAILED, where Kafka closes the
 * connection without a word; another request in the middle of a login closes it, where Kafka answers that one first.
 */
export const saslAuthenticate: ApiHandler<KafkaServices> = {
  apiKey: 36,
  minVersion: 0,
  maxVersion: 2,
  pipelined: false,
  handle(call) {
    const { authBytes } = readSaslAuthenticateRequest(call.reader, call.version);
    call.login.authenticate(authBytes, ({ bytes, ends, ...rest }) => {
      const response = { ...rest, authBytes: bytes };
      call.reply((writer) => writeSaslAuthenticateResponse(writer, response, call.version));
      if (ends !== null) call.leave(ends);
    });
  },
};
