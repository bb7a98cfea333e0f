/** Scripts of what is still to come. */
export const PENDING: RegExp =
  /^(sessions|retained|shared):|that is kept|that waits|session that is away|no-local on a shared|aliases end with|without a clean start/;
