// The types of the web pages are those of the API's document.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { typesOf } from "../../docs/api-types.ts";
import { createServiceFolder, PROGRAM_FOLDER, startService } from "../support/service.ts";

test("the types of the pages are made from the document of the service; node docs/generate-api-types.ts makes them again", async () => {
  const at = createServiceFolder();
  onTestFinished(() => at.remove());
  const app = await startService(at);
  onTestFinished(() => app.stop());
  const response = await fetch(`${app.url}/api/v1/openapi.json`);
  const document = (await response.json()) as Parameters<typeof typesOf>[0];
  const written = readFileSync(join(PROGRAM_FOLDER, "src/ui/api/generated.ts"), "utf8");
  expect(written).toBe(typesOf(document));
});
