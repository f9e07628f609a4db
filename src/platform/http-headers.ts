/** Request headers, in lower case, that say whom a connection asks and where a request on it ends; nobody but the client sets them. */
export const CONNECTION_HEADERS: readonly string[] = [
  "host",
  "content-length",
  "transfer-encoding",
  "connection",
  "keep-alive",
  "proxy-connection",
  "upgrade",
  "expect",
  "te",
  "trailer",
];
