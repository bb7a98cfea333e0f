import { connect, type Socket } from "node:net";
import { FrameAssembler } from "../../src/kafka/client/frame-assembler.ts";
import { findApi, responseHeaderVersion } from "../../src/kafka/wire/api.ts";
import { Reader } from "../../src/kafka/wire/reader.ts";
import { encodeRequest } from "../kafka/support/door.ts";
import {
  defaultOf,
  fieldName,
  fieldsOfAnyVersion,
  isStruct,
  type KnownMessage,
  loadMessages,
  type Schema,
  type SchemaField,
  structFields,
} from "../kafka/wire/schemas.ts";

/** Fields of a message, by Kafka's names; what is left out has its default. */
export type Fields = { readonly [name: string]: unknown };

/** What a broker said to a request that has a label. */
export interface Heard {
  readonly label: string;
  readonly answer: unknown;
}

/** An answer, of which scripts take what they need. */
export class Answer {
  readonly fields: Fields;

  constructor(fields: Fields) {
    this.fields = fields;
  }

  text(name: string): string {
    return String(this.fields[name]);
  }

  number(name: string): number {
    return Number(this.fields[name]);
  }

  /** The entry of a list, itself with fields. */
  entry(name: string, index = 0): Answer {
    const list = this.fields[name] as readonly Fields[];
    return new Answer(list[index] ?? {});
  }
}

export type Script = (session: Session) => Promise<void>;

const ANSWER_MS = 15_000;
const MESSAGES = await loadMessages();

/** A conversation with one broker, over as many connections as the script wants. */
export class Session {
  readonly heard: Heard[] = [];
  readonly #host: string;
  readonly #port: number;
  readonly #connections = new Map<string, Connection>();

  constructor(address: string) {
    const [host = "", port = ""] = address.split(":");
    this.#host = host;
    this.#port = Number(port);
  }

  /** Asks, and notes the answer under the label; without a label only the script sees it. */
  async ask(
    label: string | null,
    api: string,
    version: number,
    said: Fields = {},
    connection = "main",
  ): Promise<Answer> {
    const link = await this.#connection(connection);
    const answer = await link.ask(
      messageNamed(`${api}Request`),
      messageNamed(`${api}Response`),
      said,
      version,
    );
    if (label !== null) this.heard.push({ label: `${api} ${version}: ${label}`, answer: answer.fields });
    return answer;
  }

  /** Asks until the answer is as it should be: brokers take their time to get ready. */
  async until(
    api: string,
    version: number,
    said: Fields,
    ready: (answer: Answer) => boolean,
  ): Promise<Answer> {
    for (let turn = 0; turn < 100; turn += 1) {
      const answer = await this.ask(null, api, version, said);
      if (ready(answer)) return answer;
      await Bun.sleep(100);
    }
    throw new Error(`${api} never answered as it should`);
  }

  close(): void {
    for (const connection of this.#connections.values()) connection.close();
  }

  async #connection(name: string): Promise<Connection> {
    const known = this.#connections.get(name);
    if (known !== undefined) return known;
    const made = await Connection.to(this.#host, this.#port);
    this.#connections.set(name, made);
    return made;
  }
}

class Connection {
  readonly #socket: Socket;
  readonly #frames = new FrameAssembler(0x7fffffff);
  readonly #waiting: ((frame: Uint8Array | null) => void)[] = [];
  #correlationId = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (chunk: Uint8Array) => {
      this.#frames.push(chunk, (frame) => this.#waiting.shift()?.(frame.slice()));
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      for (const waiting of this.#waiting.splice(0)) waiting(null);
    });
  }

  static to(host: string, port: number): Promise<Connection> {
    return new Promise((done, failed) => {
      const socket = connect(port, host);
      socket.once("connect", () => done(new Connection(socket)));
      socket.once("error", failed);
    });
  }

  async ask(requests: KnownMessage, responses: KnownMessage, said: Fields, version: number): Promise<Answer> {
    this.#correlationId += 1;
    const message = filled(requests.schema, requests.schema.fields ?? [], said);
    const answered = new Promise<Uint8Array | null>((done) => this.#waiting.push(done));
    this.#socket.write(encodeRequest(requests.codec, message, version, this.#correlationId));
    const late = Bun.sleep(ANSWER_MS).then(() => null);
    const frame = await Promise.race([answered, late]);
    // That, too, is an answer that can be compared.
    if (frame === null) return new Answer({ connection: "ended, or no answer" });
    const reader = new Reader(frame);
    reader.int32();
    const api = findApi(requests.codec.apiKey ?? -1);
    if (api !== undefined && responseHeaderVersion(api, version) === 1) reader.taggedFields();
    return new Answer(responses.codec.read(reader, version) as Fields);
  }

  close(): void {
    this.#socket.destroy();
  }
}

export function messageNamed(name: string): KnownMessage {
  const message = MESSAGES.get(name);
  if (message === undefined) throw new Error(`there is no ${name}`);
  return message;
}

/** The message with all its fields. Bytes may be given as text. */
export function filled(schema: Schema, fields: readonly SchemaField[], said: Fields): Fields {
  const message: Record<string, unknown> = {};
  const names = new Set(Object.keys(said));
  for (const field of fieldsOfAnyVersion(schema, fields)) {
    const name = fieldName(field);
    names.delete(name);
    message[name] =
      said[name] === undefined ? defaultOf(schema, field) : filledValue(schema, field, said[name]);
  }
  if (names.size > 0) throw new Error(`${schema.name} has no ${[...names].join(", ")}`);
  return message;
}

function filledValue(schema: Schema, field: SchemaField, value: unknown): unknown {
  if (value === null) return null;
  if (field.type.startsWith("[]")) {
    const element = { ...field, type: field.type.slice(2) };
    return (value as readonly unknown[]).map((each) => filledValue(schema, element, each));
  }
  if (field.type === "bytes" && typeof value === "string") return new TextEncoder().encode(value);
  return isStruct(field.type) ? filled(schema, structFields(schema, field), value as Fields) : value;
}
