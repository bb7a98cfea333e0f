import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { appendFileSync } from "node:fs";
import { type Broker, startAedesBroker, startHeadwaterBroker, startMosquittoBroker } from "./brokers.ts";
import { type Difference, differences, loadDeviations, type Reference, written } from "./compare.ts";
import { converse } from "./conversation.ts";
import { normalForm, PacketIds } from "./normal-form.ts";
import { Names } from "./packets.ts";
import { loadScripts, parseScripts, type Script, type Version } from "./script.ts";

/** The same scripts to mosquitto (3.1.1 and 5), to aedes (3.1.1) and to Headwater: devices have to hear the same. */
const START_MS = 60_000;
const AREA_MS = 120_000;
/** Scripts that run at the same time: some of them wait for seconds. */
const SIDE_BY_SIDE = 6;
/** Where differences that are not listed are written, as they would be listed. */
const REPORT = process.env.DIFFERENTIAL_REPORT;

const SCRIPTS = loadScripts();
const AREAS = [...Map.groupBy(SCRIPTS, ({ name }) => name.slice(0, name.indexOf(":")))];
const DEVIATIONS = loadDeviations();
const VERSIONS: Readonly<Record<Reference, readonly Version[]>> = { mosquitto: [4, 5], aedes: [4] };

const missing = Bun.which("mosquitto") === null ? "mosquitto is not installed" : null;
if (missing !== null && process.env.CI) throw new Error(`CI needs mosquitto: ${missing}`);

let headwater: Broker;
beforeAll(async () => {
  headwater = await startHeadwaterBroker();
}, START_MS);
afterAll(() => headwater?.stop(), START_MS);

for (const reference of ["mosquitto", "aedes"] as const) {
  const why = reference === "mosquitto" ? missing : null;
  describe.skipIf(why !== null)(`the same scripts to ${reference} and to Headwater`, () => {
    const listed = new Map(
      DEVIATIONS.filter(({ against }) => against === reference).map((known) => [written(known), false]),
    );
    let other: Broker;
    beforeAll(async () => {
      other = await (reference === "mosquitto" ? startMosquittoBroker() : startAedesBroker());
    }, START_MS);
    afterAll(() => other?.stop(), START_MS);

    for (const [area, scripts] of AREAS) {
      test(
        area,
        async () => {
          const found = await compared(scripts, VERSIONS[reference], headwater, other);
          const unexpected = found.map(written).filter((text) => !listed.has(text));
          for (const difference of found) listed.set(written(difference), true);
          if (REPORT !== undefined) {
            appendFileSync(REPORT, unexpected.map((text) => `${reference}\n${text}\n`).join(""));
          }
          expect(unexpected).toEqual([]);
        },
        AREA_MS,
      );
    }

    test("every difference that is listed is there", () => {
      expect([...listed].filter(([, seen]) => !seen).map(([text]) => text)).toEqual([]);
    });
  });
}

async function compared(
  scripts: readonly Script[],
  versions: readonly Version[],
  ours: Broker,
  theirs: Broker,
): Promise<readonly Difference[]> {
  const runs = scripts.flatMap((script) =>
    script.versions.filter((version) => versions.includes(version)).map((version) => ({ script, version })),
  );
  const found: (readonly Difference[])[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < runs.length) {
      const index = next++;
      const run = runs[index];
      if (run === undefined) return;
      const { script, version } = run;
      const prefix = `d${(prefixes++).toString(36).padStart(3, "0")}`;
      const talks = [theirs, ours].map(({ port, barrier }) =>
        converse(port, barrier, script, version, prefix),
      );
      const [other = [], own = []] = await Promise.all(talks);
      found[index] = differences(`${script.name} [${version}]`, other, own);
    }
  };
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, worker));
  return found.flat();
}
let prefixes = 0;

describe("the comparison itself", () => {
  const heard = (...lines: readonly string[]) => [{ step: "a ping", lines }];

  test("there are enough scripts, each under one name", () => {
    expect(SCRIPTS.length).toBeGreaterThan(250);
    expect(new Set(SCRIPTS.map(({ name, versions }) => `${name} ${versions}`)).size).toBe(SCRIPTS.length);
    expect(DEVIATIONS.filter(({ reason }) => reason.length < 20)).toEqual([]);
  });

  test("a difference is seen: another packet, one too many, one too few, another order", () => {
    const said = ["a: puback 1", 's: publish t "x" q0', 's: publish t "y" q0'];
    expect(differences("x", heard(...said), heard(...said))).toEqual([]);
    const others = [
      ["a: puback 1 0x97", ...said.slice(1)],
      [...said, "s: closed"],
      said.slice(1),
      [said[0] ?? "", said[2] ?? "", said[1] ?? ""],
    ];
    for (const other of others) expect(differences("x", heard(...said), heard(...other))).toHaveLength(1);
  });

  test("a goodbye with a reason is one without, but not another reason", () => {
    const told = heard("a: disconnect 0x82 | a: closed");
    expect(differences("x", heard("a: closed"), told)).toEqual([]);
    expect(differences("x", told, heard("a: closed"))).toHaveLength(1);
    expect(differences("x", heard("a: disconnect 0x81 | a: closed"), told)).toHaveLength(1);
    expect(differences("x", heard("a: puback 1 0x10"), heard("a: puback 1"))).toEqual([]);
  });

  test("what brokers choose is no difference: identifiers, limits, the order between topics", () => {
    const publish = (topic: string, messageId: number) =>
      ({
        cmd: "publish",
        topic: `p/${topic}`,
        payload: "x",
        qos: 1,
        dup: false,
        retain: false,
        messageId,
      }) as const;
    const form = (...packets: Parameters<typeof normalForm>[0]) =>
      normalForm(packets, new Names("p"), new PacketIds());
    expect(form(publish("a", 7), publish("b", 9))).toEqual(form(publish("b", 1), publish("a", 4)));
    expect(form(publish("a", 7), publish("a", 7))).not.toEqual(form(publish("a", 7), publish("a", 8)));
    const connack = { cmd: "connack", reasonCode: 0, sessionPresent: false } as const;
    expect(form({ ...connack, properties: { receiveMaximum: 9 } })).toEqual(form(connack));
    expect(form({ ...connack, properties: { retainAvailable: false } })).not.toEqual(form(connack));
  });

  test("a script says what it says", () => {
    const [script] = parseScripts("area", "== a name [5]\n# a comment\na pub t x q=1 up=a:1 up=a:2\n");
    expect(script?.versions).toEqual([5]);
    expect(script?.steps[0]).toMatchObject({ device: "a", verb: "pub", words: ["t", "x"] });
    expect(script?.steps[0]?.all).toHaveLength(3);
  });
});
