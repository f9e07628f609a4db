#!/usr/bin/env node
// Plain JavaScript that any Node.js understands: an older one would crash while it loads the program, and not say why.
const major = Number(process.versions.node.split(".")[0]);
if (major < 24) {
  process.stderr.write(`nightshift needs Node.js 24 or newer; this is ${process.version}\n`);
  process.exit(1);
}
await import("../dist/main.js");
