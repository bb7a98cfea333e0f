import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer, type Server, type TLSSocket } from "node:tls";
import { KafkaAdmin } from "../../../src/kafka/client/admin.ts";
import { clusterOptions, KafkaCluster } from "../../../src/kafka/client/cluster.ts";
import { issue, newAuthority } from "../../support/certificates.ts";
import { freePorts, type KafkaNode, type RealKafka, startRealKafka } from "../../support/kafka/real-kafka.ts";
import { TcpProxy } from "../../support/tcp-proxy.ts";
import { SEAMS } from "../../upstream/rig.ts";

/** How long the centre remembers a transactional id that nobody uses: a week in life, shorter than an outage here. */
export const ID_LIFE_MS = 4_000;

/** Whom gateways log in as. */
export const GATEWAY_USER = "gateway";
export const GATEWAY_PASSWORD = "of-the-gateway";

const PROPERTIES: Readonly<Record<string, string>> = {
  "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
  "allow.everyone.if.no.acl.found": "true",
  // The brokers among themselves, which have to agree before anybody can know the rules; gateways log in.
  "super.users": "User:ANONYMOUS",
  "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,LINK:SASL_PLAINTEXT",
  "listener.name.link.sasl.enabled.mechanisms": "PLAIN",
  "listener.name.link.plain.sasl.jaas.config": `org.apache.kafka.common.security.plain.PlainLoginModule required user_${GATEWAY_USER}="${GATEWAY_PASSWORD}";`,
  "transactional.id.expiration.ms": String(ID_LIFE_MS),
  "transaction.remove.expired.transaction.cleanup.interval.ms": "1000",
  "transaction.abort.timed.out.transaction.cleanup.interval.ms": "500",
  "producer.id.expiration.ms": String(ID_LIFE_MS),
  "producer.id.expiration.check.interval.ms": "1000",
};

/**
 * Three real brokers, each behind a link that can fail, which gateways reach over TLS: an end of TLS stands before each
 * link, so that faults hit the bytes of both.
 */
export class CentralCluster {
  readonly kafka: RealKafka;
  readonly links: readonly TcpProxy[];
  /** Past the links. */
  readonly reader: KafkaCluster;
  readonly admin: KafkaAdmin;
  /** The authorities that gateways trust. */
  readonly authorityFile: string;
  /** Where gateways find the brokers. */
  readonly bootstrap: string;
  readonly #ends: readonly Server[];
  readonly #sockets: Set<TLSSocket>;
  readonly #folder: string;
  readonly #authority: string;

  private constructor(
    kafka: RealKafka,
    links: readonly TcpProxy[],
    ports: readonly number[],
    ends: readonly Server[],
    sockets: Set<TLSSocket>,
    authority: string,
  ) {
    this.kafka = kafka;
    this.links = links;
    this.bootstrap = ports.map((port) => `127.0.0.1:${port}`).join(",");
    this.#ends = ends;
    this.#sockets = sockets;
    this.#authority = authority;
    this.#folder = mkdtempSync(join(tmpdir(), "headwater-matrix-"));
    this.authorityFile = join(this.#folder, "authorities.pem");
    this.trust("right");
    const brokers = kafka.nodes.map(({ host, port }) => ({ host, port }));
    this.reader = new KafkaCluster(SEAMS, clusterOptions(brokers));
    this.admin = new KafkaAdmin(this.reader);
  }

  static async start(): Promise<CentralCluster> {
    const ports = await freePorts(3);
    const options = { nodes: 3, heapMiB: 256, linkPorts: ports, properties: PROPERTIES } as const;
    const kafka = await startRealKafka(options);
    const links = await Promise.all(
      kafka.nodes.map(({ linkPort }) => TcpProxy.start({ targetPort: linkPort })),
    );
    const authority = newAuthority();
    const { certificate, key } = issue(authority, { ip: [127, 0, 0, 1] });
    const sockets = new Set<TLSSocket>();
    const ends: Server[] = [];
    for (const [index, link] of links.entries()) {
      const end = createServer({ cert: certificate, key }, (socket) => joinLink(socket, link.port, sockets));
      end.on("tlsClientError", () => {});
      await new Promise<void>((done) => end.listen(ports[index] ?? 0, "127.0.0.1", done));
      ends.push(end);
    }
    return new CentralCluster(kafka, links, ports, ends, sockets, authority.certificate);
  }

  /** Exchanges the authorities' file that gateways read: the right ones, or others. */
  trust(which: "right" | "wrong"): void {
    writeFileSync(
      this.authorityFile,
      which === "right" ? this.#authority : newAuthority("another").certificate,
    );
  }

  cutLinks(): void {
    for (const link of this.links) link.cut();
  }

  async leaderOf(topic: string): Promise<KafkaNode> {
    const [metadata] = await this.reader.refresh([topic]);
    const leader = metadata?.partitions[0]?.leader;
    return this.#node((node) => node.id === leader);
  }

  /** The broker that holds the state of a transactional id. */
  async coordinatorOf(transactionalId: string): Promise<KafkaNode> {
    const answer = await this.reader.coordinator("transaction", transactionalId);
    return this.#node((node) => node.port === answer.value?.port);
  }

  /** One of Kafka's own tools, with the brokers' addresses. */
  tool(mainClass: string, ...args: readonly string[]): Promise<string> {
    return this.kafka.tool(mainClass, "--bootstrap-server", this.kafka.bootstrap, ...args);
  }

  async stop(): Promise<void> {
    this.reader.close();
    for (const socket of this.#sockets) socket.destroy();
    for (const end of this.#ends) end.close();
    for (const link of this.links) await link.stop();
    await this.kafka.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #node(isIt: (node: KafkaNode) => boolean): KafkaNode {
    const found = this.kafka.nodes.find(isIt);
    if (found === undefined) throw new Error("the cluster does not know which broker it is");
    return found;
  }
}

/** Joins a connection that came over TLS with one through the link; one ends with the other. */
function joinLink(socket: TLSSocket, port: number, sockets: Set<TLSSocket>): void {
  const link = connect({ host: "127.0.0.1", port });
  sockets.add(socket);
  const end = (): void => {
    sockets.delete(socket);
    socket.destroy();
    link.destroy();
  };
  link.setNoDelay(true);
  for (const side of [socket, link]) {
    side.on("error", end);
    side.on("close", end);
  }
  socket.on("data", (chunk: Uint8Array) => link.write(chunk));
  link.on("data", (chunk: Uint8Array) => socket.write(chunk));
}
