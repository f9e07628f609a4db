import { DeliveryError } from "./alert.ts";

const JSON_TYPE = /^(?:application|text)\/(?:json|[\w.-]+\+json)$/;
/** Grafana lets people set their own Content-Type, and forwarders send these two for anything. */
const UNSPECIFIC_TYPES: readonly string[] = ["text/plain", "application/octet-stream"];
const UTF8_CHARSETS: readonly string[] = ["utf-8", "utf8", "us-ascii"];

/** Refuses a Content-Type that says the body is not JSON in UTF-8. None at all is fine. Throws {@link DeliveryError}. */
export function checkMediaType(contentType: string | undefined): void {
  if (contentType === undefined || contentType === "application/json") return;
  const [type = "", ...parameters] = contentType.split(";").map((part) => part.trim().toLowerCase());
  if (type !== "" && !JSON_TYPE.test(type) && !UNSPECIFIC_TYPES.includes(type))
    throw unsupported(`this Content-Type cannot be read; send application/json`);
  for (const parameter of parameters) {
    const [name, value = ""] = parameter.split("=", 2);
    if (name?.trim() === "charset" && !UTF8_CHARSETS.includes(value.trim().replaceAll('"', "")))
      throw unsupported("this charset cannot be read; send UTF-8");
  }
}

function unsupported(message: string): DeliveryError {
  return new DeliveryError([{ pointer: "", message }], "unsupported_type");
}
