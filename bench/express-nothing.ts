// The reference of the intake: Express 5 that reads the body and answers, and does nothing else. Use: node bench/express-nothing.ts PORT
import express from "express";

const app = express();
app.disable("x-powered-by");
app.disable("etag");
app.post("/webhooks/:source", (request, response) => {
  request.resume();
  request.on("end", () => {
    response.writeHead(202, { "content-type": "application/json" });
    response.end('{"delivery":"01a20686-681c-7683-8f7c-d5324166b33c","alerts":1}');
  });
});
app.listen(Number(process.argv[2]), "127.0.0.1");
