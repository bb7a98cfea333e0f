import { expect, test } from "bun:test";
import { headerBlock, withCount } from "../../../../src/mqtt/record-headers.ts";
import { BrokerRecordSearch } from "../../../../src/mqtt/sessions/durable/record-search.ts";
import { openBroker } from "../../../broker/support.ts";

const NAME = "mqtt.qos2-id";
const MARK = Buffer.from("2/7");

test("a record is found by a header of that name and value, from where it can be, and by nothing that looks like it", async () => {
  const open = await openBroker();
  const search = new BrokerRecordSearch(open.broker);
  const append = async (...headers: readonly (readonly [string, Uint8Array])[]) => {
    open.broker.ingest.append({
      topic: "t",
      key: null,
      value: MARK,
      timestampMs: 1_000,
      headers: withCount(headerBlock(headers)),
    });
    await open.clock.settleAll();
    return search.has("t", [{ topic: "t", partition: 0, fromOffset: 0 }], NAME, MARK);
  };
  expect(search.has("t", [], NAME, MARK)).toBe(false);
  expect(await append()).toBe(false);
  expect(await append([NAME, Buffer.from("12/70")])).toBe(false);
  expect(await append(["user.mqtt.qos2-id", MARK])).toBe(false);
  // What a device puts into a property of its own: another one's header, to the byte.
  expect(await append(["note", headerBlock([[NAME, MARK]]).bytes])).toBe(false);
  expect(await append(["note", MARK], [NAME, MARK])).toBe(true);
  const [end] = search.ends("t");
  expect(end?.fromOffset).toBe(5);
  expect(search.has("t", [{ topic: "t", partition: 0, fromOffset: 4 }], NAME, MARK)).toBe(true);
  expect(search.has("t", search.ends("t"), NAME, MARK)).toBe(false);
  // Partitions that are made later can have it anywhere.
  expect(search.has("t", [{ topic: "t", partition: 1, fromOffset: 9 }], NAME, MARK)).toBe(true);
});
