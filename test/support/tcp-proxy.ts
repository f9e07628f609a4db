import { connect, createServer, type Socket } from "node:net";

/** A TCP connection that can be cut, or frozen as when a cable is pulled: no data, and no end either. */
export interface TcpProxy {
  readonly port: number;
  /** Connections that came in so far. */
  connections(): number;
  freeze(): void;
  cut(): void;
  /** Cuts everything, and what comes, until it is told otherwise. */
  refuse(isRefusing: boolean): void;
  close(): Promise<void>;
}

export async function startTcpProxy(targetPort: number): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  let count = 0;
  let isClosed = false;
  const server = createServer((incoming) => {
    count += 1;
    if (isClosed) return void incoming.destroy();
    const outgoing = connect(targetPort, "127.0.0.1");
    for (const socket of [incoming, outgoing]) {
      sockets.add(socket);
      socket.on("error", () => socket.destroy());
      socket.on("close", () => sockets.delete(socket));
    }
    incoming.pipe(outgoing);
    outgoing.pipe(incoming);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: address.port,
    connections: () => count,
    freeze: () => {
      for (const socket of sockets) {
        socket.unpipe();
        socket.pause();
      }
    },
    cut,
    refuse: (isRefusing) => {
      isClosed = isRefusing;
      if (isRefusing) cut();
    },
    close: async () => {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
