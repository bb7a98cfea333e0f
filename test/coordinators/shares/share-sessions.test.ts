import { expect, test } from "bun:test";
import { ShareSessions } from "../../../src/coordinators/shares/share-sessions.ts";
import { ERROR } from "../../../src/kafka/wire/generated/errors.ts";

test("a session's epochs begin anew at 1 after the last that the wire can hold", () => {
  const sessions = new ShareSessions(() => 1);
  const session = sessions.begin("g", "m", []);
  expect(sessions.continue("g", "m", 1)).toBe(0);
  expect(sessions.continue("g", "m", 1)).toBe(ERROR.INVALID_SHARE_SESSION_EPOCH);
  const last = 2 ** 31 - 1;
  if (session !== null) session.epoch = last - 1;
  for (const epoch of [last - 1, last, 1, 2]) expect(sessions.continue("g", "m", epoch)).toBe(0);
});
