/** Scripts of what is still to come: durable sessions, wills that wait for them, and shared subscriptions. */
export const PENDING: RegExp =
  /^(sessions|shared):|that waits|session that is away|shared sub|aliases end with|without a clean start|durable|Node-RED of MQTT 5/;
