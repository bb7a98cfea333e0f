import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { findApi, requestHeaderVersion, responseHeaderVersion } from "../../../src/kafka/wire/api.ts";
import { API_KEY, APIS } from "../../../src/kafka/wire/generated/apis.ts";
import { ERROR, errorName, RETRIABLE_ERRORS } from "../../../src/kafka/wire/generated/errors.ts";
import { loadMessages } from "./schemas.ts";

const GENERATED = join(import.meta.dir, "../../../src/kafka/wire/generated");

function api(key: number): NonNullable<ReturnType<typeof findApi>> {
  const found = findApi(key);
  if (found === undefined) throw new Error(`no API ${key}`);
  return found;
}

test("the table of APIs agrees with the codecs of their requests and responses", async () => {
  const messages = await loadMessages();
  expect(APIS.length).toBeGreaterThan(80);
  for (const { key, name, minVersion, maxVersion, flexibleFrom } of APIS) {
    for (const suffix of ["Request", "Response"]) {
      const codec = messages.get(`${name}${suffix}`)?.codec;
      expect([codec?.apiKey, codec?.minVersion, codec?.maxVersion, codec?.flexibleFrom]).toEqual([
        key,
        minVersion,
        maxVersion,
        flexibleFrom,
      ]);
    }
    expect(findApi(key)?.name).toBe(name);
  }
});

test("the versions of headers", () => {
  expect([8, 9].map((version) => requestHeaderVersion(api(API_KEY.PRODUCE), version))).toEqual([1, 2]);
  expect([8, 9].map((version) => responseHeaderVersion(api(API_KEY.PRODUCE), version))).toEqual([0, 1]);
  expect([0, 1].map((version) => requestHeaderVersion(api(API_KEY.SASL_HANDSHAKE), version))).toEqual([1, 1]);
});

test("the answer to ApiVersions has a header without tagged fields in all versions", () => {
  expect([2, 3, 4].map((version) => requestHeaderVersion(api(API_KEY.API_VERSIONS), version))).toEqual([
    1, 2, 2,
  ]);
  expect([0, 3, 4].map((version) => responseHeaderVersion(api(API_KEY.API_VERSIONS), version))).toEqual([
    0, 0, 0,
  ]);
});

test("keys of no API, of any number, are found to be none", () => {
  for (const key of [-1, -32768, 4, 58, 32767, 0.5, Number.NaN]) {
    expect(findApi(key)?.name).toBe(key === 58 ? "Envelope" : undefined);
  }
});

test("a version that Apache Kafka may still change is not stable", () => {
  const unstable = APIS.filter(({ maxVersion, maxStableVersion }) => maxStableVersion !== maxVersion);
  expect(unstable.map(({ name }) => name)).toEqual(["InitProducerId"]);
});

test("errors have their codes, names and whether to try again", () => {
  expect([ERROR.NONE, ERROR.UNKNOWN_SERVER_ERROR, ERROR.UNSUPPORTED_VERSION]).toEqual([0, -1, 35]);
  expect([errorName(3), errorName(-1), errorName(9999)]).toEqual([
    "UNKNOWN_TOPIC_OR_PARTITION",
    "UNKNOWN_SERVER_ERROR",
    "ERROR_9999",
  ]);
  expect(RETRIABLE_ERRORS.has(ERROR.NOT_LEADER_OR_FOLLOWER)).toBe(true);
  expect(RETRIABLE_ERRORS.has(ERROR.OFFSET_OUT_OF_RANGE)).toBe(false);
});

test("the tables import no codec, so that those that nobody uses stay out of the binary", () => {
  for (const file of ["apis.ts", "errors.ts"]) {
    const imports = readFileSync(join(GENERATED, file), "utf8").match(/^import .*$/gm) ?? [];
    expect(imports.filter((line) => !line.startsWith("import type "))).toEqual([]);
  }
});
