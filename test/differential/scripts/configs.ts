import type { Fields, Script, Session } from "../session.ts";

const TOPIC = 2;
const BROKER = 4;
const GROUP = 32;
const SET = 0;
const DELETE = 1;
const APPEND = 2;
const SUBTRACT = 3;
/** Settings whose defaults are the same in both. */
const KEYS = [
  "cleanup.policy",
  "retention.ms",
  "compression.type",
  "max.message.bytes",
  "min.insync.replicas",
];

/** Configuration of topics: described and altered in the ways there are, well and badly. */
export const configs: Script = async (session) => {
  const name = "configured";
  const wanted = { name, numPartitions: 1, replicationFactor: 1 };
  await session.ask(null, "CreateTopics", 7, { topics: [wanted], timeoutMs: 10_000 });
  await session.until(
    "Metadata",
    12,
    { topics: [{ name }] },
    (answer) => answer.entry("topics").number("errorCode") === 0,
  );
  for (const version of [1, 2, 3, 4]) await descriptions(session, version);
  for (const version of [0, 1]) await increments(session, version);
  for (const version of [0, 1, 2]) await replacements(session, version);
  await groupsAndLists(session);
};

function resource(configurationKeys: readonly string[] | null, more: Fields = {}): Fields {
  return { resourceType: TOPIC, resourceName: "configured", configurationKeys, ...more };
}

async function descriptions(session: Session, version: number): Promise<void> {
  const describe = (label: string, resources: readonly Fields[], more: Fields = {}) =>
    session.ask(label, "DescribeConfigs", version, { resources, ...more });
  await describe("some", [resource(KEYS)]);
  await describe("with synonyms", [resource(["retention.ms", "cleanup.policy"])], { includeSynonyms: true });
  await describe("one that is none", [resource(["no.such"])]);
  await describe("none", [resource([])]);
  await describe("of nothing", [resource(KEYS, { resourceName: "nowhere" })]);
  await describe("of a bad name", [resource(KEYS, { resourceName: "a:b" })]);
  await describe("of no name", [resource(KEYS, { resourceName: "" })]);
  await describe("of another kind", [resource(null, { resourceType: 99 })]);
  await describe("of a broker that is none", [resource(null, { resourceType: BROKER, resourceName: "77" })]);
  await describe("of a broker without number", [resource(null, { resourceType: BROKER, resourceName: "x" })]);
}

async function increments(session: Session, version: number): Promise<void> {
  const alter = async (label: string, entries: readonly Fields[], more: Fields = {}, on: Fields = {}) => {
    const resources = [{ resourceType: TOPIC, resourceName: "configured", configs: entries, ...on }];
    await session.ask(label, "IncrementalAlterConfigs", version, { resources, validateOnly: false, ...more });
  };
  const change = (configOperation: number, name: string, value: string | null) => ({
    name,
    configOperation,
    value,
  });
  const shown = () => asItIs(session);
  await alter("set", [change(SET, "retention.ms", "1000")]);
  await shown();
  await alter("only looked at", [change(SET, "retention.ms", "2000")], { validateOnly: true });
  await alter("append", [change(APPEND, "cleanup.policy", "compact")]);
  await alter("append again", [change(APPEND, "cleanup.policy", "compact")]);
  await shown();
  await alter("subtract", [change(SUBTRACT, "cleanup.policy", "delete")]);
  await shown();
  await alter("append to what is no list", [change(APPEND, "retention.ms", "1")]);
  await alter("one that is none", [change(SET, "no.such", "1")]);
  await alter("a bad value", [change(SET, "retention.ms", "x")]);
  await alter("a null value", [change(SET, "retention.ms", null)]);
  await alter("twice", [change(SET, "retention.ms", "1"), change(SET, "retention.ms", "2")]);
  await alter("an operation that is none", [change(9, "retention.ms", "1")]);
  await alter("of nothing", [change(SET, "retention.ms", "1")], {}, { resourceName: "nowhere" });
  await alter("of another kind", [change(SET, "retention.ms", "1")], {}, { resourceType: 99 });
  await alter("nothing", []);
  await alter("delete", [change(DELETE, "retention.ms", null), change(DELETE, "cleanup.policy", null)]);
  await alter("delete what is not set", [change(DELETE, "retention.ms", null)]);
  await alter("delete what is none", [change(DELETE, "no.such", null)]);
  await shown();
}

async function replacements(session: Session, version: number): Promise<void> {
  const alter = (label: string, entries: readonly Fields[], on: Fields = {}) => {
    const resources = [{ resourceType: TOPIC, resourceName: "configured", configs: entries, ...on }];
    return session.ask(label, "AlterConfigs", version, { resources });
  };
  const shown = () => asItIs(session);
  await alter("set", [{ name: "retention.ms", value: "5000" }]);
  await shown();
  await alter("set another, and lose the one before", [{ name: "max.message.bytes", value: "5000" }]);
  await shown();
  await alter("one that is none", [{ name: "no.such", value: "1" }]);
  await alter("a bad value", [{ name: "retention.ms", value: "x" }]);
  await alter("a null value", [{ name: "retention.ms", value: null }]);
  await alter("of nothing", [{ name: "retention.ms", value: "1" }], { resourceName: "nowhere" });
  await alter("nothing", []);
  await shown();
}

/** Kafka's broker hears of a change some time after the controller has answered. */
async function asItIs(session: Session): Promise<void> {
  await Bun.sleep(200);
  await session.ask("as it is now", "DescribeConfigs", 4, { resources: [resource(KEYS)] });
}

async function groupsAndLists(session: Session): Promise<void> {
  const change = (name: string, value: string) => ({ name, configOperation: SET, value });
  const alter = (label: string, entries: readonly Fields[], resourceName = "some-group") =>
    session.ask(label, "IncrementalAlterConfigs", 1, {
      resources: [{ resourceType: GROUP, resourceName, configs: entries }],
      validateOnly: false,
    });
  await alter("of a group", [change("consumer.session.timeout.ms", "50000")]);
  await alter("of a group, out of range", [change("consumer.session.timeout.ms", "1")]);
  await alter("of a group, one that is none", [change("no.such", "1")]);
  await alter("of a group without name", [change("consumer.session.timeout.ms", "50000")], "");
  const keys = ["consumer.session.timeout.ms", "consumer.heartbeat.interval.ms"];
  const described = { resourceType: GROUP, resourceName: "some-group", configurationKeys: keys };
  await session.ask("of a group", "DescribeConfigs", 4, { resources: [described] });
  for (const resourceTypes of [[GROUP], [TOPIC], [BROKER], [99]]) {
    await session.ask(`of ${resourceTypes}`, "ListConfigResources", 1, { resourceTypes });
  }
  await session.ask("old", "ListConfigResources", 0);
}
