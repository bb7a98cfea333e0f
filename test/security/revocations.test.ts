import { describe, expect, test } from "bun:test";
import { readCertificate, timeOf } from "../../src/security/certificate.ts";
import { derInside, derValues, Tag } from "../../src/security/der.ts";
import { RevocationWatch } from "../../src/security/revocation-watch.ts";
import { endingLists, readRevocations } from "../../src/security/revocations.ts";
import { derOf, issue, newAuthority, revocationList } from "../support/certificates.ts";
import { SecurityRig } from "./support.ts";

const DAY_MS = 86_400_000;
const MADE_MS = Date.UTC(2026, 0, 1);
const END_MS = Date.UTC(2026, 6, 1, 12, 30, 15);
const authority = newAuthority("plant");
const other = newAuthority("another authority");
const list = (untilMs: number | null, of = authority) => revocationList(of, [5], untilMs, MADE_MS);

function pemOf(der: Uint8Array): string {
  return `-----BEGIN X509 CRL-----\n${Buffer.from(der).toString("base64")}\n-----END X509 CRL-----\n`;
}

test("lists of revoked certificates name issuer and serial number", () => {
  const idOf = (of: typeof authority, serial: number) =>
    readCertificate(derOf(issue(of, { serial }).certificate))?.id ?? "";
  const text = revocationList(authority, [5, 200, 70_000]) + revocationList(other, [200]);
  const [mine, theirs] = readRevocations(text) ?? [];
  expect(mine?.ids).toEqual([5, 200, 70_000].map((serial) => idOf(authority, serial)));
  expect(theirs?.ids).toEqual([idOf(other, 200)]);
  expect([mine?.issuer, mine?.number, theirs?.issuer, theirs?.number]).toEqual([
    "CN=plant",
    1,
    "CN=another authority",
    2,
  ]);
  expect(readRevocations("nonsense")).toBeNull();
});

test.each([
  ["UTCTime", END_MS],
  ["GeneralizedTime", Date.UTC(2051, 1, 3, 4, 5, 6)],
  ["none", null],
])("when there is to be another list: %s", (_what, untilMs) => {
  expect(readRevocations(list(untilMs))).toMatchObject([{ madeAtMs: MADE_MS, nextUpdateMs: untilMs }]);
  const empty = readRevocations(revocationList(authority, [], untilMs, MADE_MS));
  expect(empty).toMatchObject([{ ids: [], nextUpdateMs: untilMs }]);
});

test.each([END_MS, Date.UTC(2051, 1, 3), null])(
  "what is cut off is refused, at every length: until %p",
  (untilMs) => {
    const text = list(untilMs);
    for (let length = 0; length < text.length - 1; length++) {
      expect(readRevocations(text.slice(0, length))).toBeNull();
      if (length > 30) expect(readRevocations(text + text.slice(0, length))).toBeNull();
    }
    const der = derOf(text);
    for (let length = 0; length < der.length; length++)
      expect(readRevocations(pemOf(der.subarray(0, length)))).toBeNull();
    for (let index = 0; index < der.length; index++) {
      for (const value of [0, 0x80, 0xff]) readRevocations(pemOf(der.with(index, value)));
    }
  },
);

test("a time that is none makes a list none", () => {
  const der = derOf(list(END_MS));
  const body = derValues(derInside(der, Tag.SEQUENCE)?.[0]?.content ?? new Uint8Array(0)) ?? [];
  const [made, next] = body.filter(({ tag }) => tag === Tag.UTC_TIME);
  expect([timeOf(made), timeOf(next), timeOf(undefined)]).toEqual([MADE_MS, END_MS, null]);
  // These are views of the list.
  for (const time of [made, next]) {
    time?.content.set([0x58], 3);
    expect(readRevocations(pemOf(der))).toBeNull();
    time?.content.set([0x31], 3);
  }
});

test("of several lists of one authority the last counts, and one for ever never ends", () => {
  const ends = (...texts: string[]) =>
    endingLists(readRevocations(texts.join("")) ?? []).map((of) => [of.list.number, of.endsAtMs]);
  expect(ends(list(END_MS), list(END_MS + DAY_MS))).toEqual([[2, END_MS + DAY_MS]]);
  expect(ends(list(END_MS + DAY_MS), list(END_MS))).toEqual([[1, END_MS + DAY_MS]]);
  expect(ends(list(END_MS), list(null))).toEqual([]);
  expect(ends(list(null), list(END_MS))).toEqual([]);
  expect(ends(list(END_MS), list(END_MS + 1_000, other))).toEqual([
    [1, END_MS],
    [2, END_MS + 1_000],
  ]);
});

describe("lists that go out of date", () => {
  const said = (text: string, times: readonly number[]) => {
    const rig = new SecurityRig();
    const watch = new RevocationWatch("/etc/lists.pem", rig.logger);
    const lists = readRevocations(text) ?? [];
    for (const atMs of times) watch.look(lists, atMs);
    return rig.lines.map(({ level, message }) => `${level}: ${message}`);
  };
  const SOON = expect.stringMatching(/^warn: .* is out of date from 2026-07-01T12:30:15\.000Z on/);
  const OVER = expect.stringMatching(
    /^error: tls\.crl\.file: \/etc\/lists\.pem: .* of CN=plant \(number 1 in the file\) is out of date since 2026-07-01T12:30:15\.000Z: .* put a newer list/,
  );

  test("are told of a week before, and when they are, once each", () => {
    const week = END_MS - 7 * DAY_MS;
    expect(said(list(END_MS), [week - 1])).toEqual([]);
    expect(said(list(END_MS), [week, week + 1, END_MS - 1, END_MS, END_MS + DAY_MS])).toEqual([SOON, OVER]);
  });

  test("are told of in their last quarter, where they are for a short time", () => {
    const short = revocationList(authority, [], END_MS, END_MS - DAY_MS);
    expect(said(short, [END_MS - DAY_MS / 4 - 1])).toEqual([]);
    expect(said(short, [END_MS - DAY_MS / 4])).toEqual([SOON]);
  });

  test("are reasons not to be ready from then on", () => {
    const watch = new RevocationWatch("/etc/lists.pem", new SecurityRig().logger);
    const lists = readRevocations(list(END_MS) + list(END_MS + DAY_MS, other)) ?? [];
    expect(watch.reasons(lists, END_MS - 1)).toEqual([]);
    expect(watch.reasons(lists, END_MS)).toHaveLength(1);
    expect(watch.reasons(lists, END_MS + DAY_MS)).toHaveLength(2);
  });
});
