import type { KafkaClient } from "./clients/client.ts";
import { Driver } from "./clients/driver.ts";
import { JavaConsole } from "./clients/java.ts";
import { Kafkajs } from "./clients/kafkajs.ts";
import { Kcat } from "./clients/kcat.ts";
import { FRANZ_GO, goDriverMissing, PYTHON, PYTHON_FOLDER, pythonClientsMissing } from "./tools.ts";

function python(name: string, script: string, describesConfigs = true): KafkaClient {
  const command = [PYTHON, `${PYTHON_FOLDER}/${script}`];
  return new Driver(name, command, pythonClientsMissing, { describesConfigs });
}

/** The clients that have to work, each unmodified, in the order of the table. */
export const KAFKA_CLIENTS: readonly KafkaClient[] = [
  new Kcat(),
  new JavaConsole(),
  new Driver("franz-go", [FRANZ_GO], goDriverMissing),
  python("confluent-kafka", "confluent_driver.py"),
  python("kafka-python", "kafka_python_driver.py"),
  python("aiokafka", "aiokafka_driver.py", false),
  new Kafkajs(),
];
