import { type DocumentOptions, openApiDocument } from "../openapi/document.ts";
import { type ApiOperation, ApiRoutes, OPEN } from "../routes.ts";
import { anythingSchema } from "./shapes/common.ts";

/** The document of the API, for programs and people; made when it is first asked for. */
export function openApiRoutes(
  operations: () => readonly ApiOperation[],
  options: DocumentOptions,
): ApiRoutes {
  const routes = new ApiRoutes("API");
  let text: string | null = null;
  routes.get(
    "/openapi.json",
    OPEN,
    { id: "getOpenApi", summary: "The OpenAPI document of the API", answers: { 200: anythingSchema } },
    (_request, response) => {
      text ??= JSON.stringify(openApiDocument(operations(), options));
      response.type("json").send(text);
    },
  );
  return routes;
}
