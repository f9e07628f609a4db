// The service that the demo breaks and heals: a real process, measured over real HTTP. `POST /leak` makes it slow, as a leak
// would, and only a restart makes it fast again.
// Use: node web-service.ts PORT FOLDER
import { appendFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

const FAST_MS = 12;
const SLOW_MS = 650;

const [portText = "0", folder = "."] = process.argv.slice(2);
let isLeaking = false;

function log(line: string): void {
  appendFileSync(join(folder, "shop.log"), `${new Date().toISOString()} pid=${process.pid} ${line}\n`);
}

const server = createServer((request, response) => {
  void (async () => {
    const startedAt = performance.now();
    if (request.method === "POST" && request.url === "/leak") isLeaking = true;
    else await delay(isLeaking ? SLOW_MS : FAST_MS);
    response.writeHead(200, { "content-type": "text/plain" }).end(isLeaking ? "ok, but slow\n" : "ok\n");
    const durationMs = Math.round(performance.now() - startedAt);
    log(
      `${request.method ?? ""} ${request.url ?? ""} 200 ${durationMs}ms${isLeaking ? " connection pool exhausted, 64 requests wait" : ""}`,
    );
  })();
});
server.listen(Number(portText), "127.0.0.1", () => {
  writeFileSync(join(folder, "shop.pid"), `${process.pid}\n`);
  log("started");
});
process.once("SIGTERM", () => {
  log("stopping");
  process.exit(0);
});
