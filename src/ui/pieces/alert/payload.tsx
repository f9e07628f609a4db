import { Anchor, Button, CopyButton, Group, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { delivery, sources } from "../../api/rule-queries.ts";
import type { AlertDetails, Source } from "../../api/types.ts";
import { Answer, Empty } from "../answer.tsx";
import { bytesText } from "../bytes.ts";
import { useOpened } from "../fold.tsx";
import { Printed } from "../scrolling.tsx";
import { visibleText } from "../visible-text.ts";
import { curlFor } from "./curl.ts";

/** More than this is not laid out on the page: it is there to download. */
const SHOWN_CHARS_MAX = 200_000;

/** The body of the delivery that brought the alert, and a command that posts it once more. */
export function Payload({ alert }: { readonly alert: AlertDetails }) {
  const query = useQuery(delivery(alert.id));
  const { data } = useQuery(sources());
  const source = data?.items.find(({ name }) => name === alert.source) ?? null;
  return (
    <Answer query={query}>
      {(body) => (
        <>
          <Group gap="sm">
            {source === null ? null : <CopyCurl body={body} source={source} />}
            <Anchor href={`/api/v1/alerts/${alert.id}/delivery`} size="sm" underline="always">
              Download it ({bytesText(body.length)})
            </Anchor>
          </Group>
          {source === null ? null : <Command body={body} source={source} />}
          <Body body={body} />
        </>
      )}
    </Answer>
  );
}

interface CurlProps {
  readonly body: Uint8Array;
  readonly source: Source;
}

function CopyCurl({ body, source }: CurlProps) {
  // A browser copies for pages that came over TLS, or from this machine.
  if (!window.isSecureContext) return null;
  return (
    <CopyButton value={commandFor(body, source)} timeout={2_000}>
      {({ copied, copy }) => (
        <Button variant="default" size="xs" onClick={copy}>
          <span aria-live="polite">{copied ? "Copied" : "Copy as curl"}</span>
        </Button>
      )}
    </CopyButton>
  );
}

function commandFor(body: Uint8Array, { url, auth }: Source): string {
  // At this service as whoever looks has reached it, whatever it is called outside.
  return curlFor(body, `${location.origin}${new URL(url).pathname}`, auth);
}

/** The command to look at, or to copy by hand. */
function Command({ body, source }: CurlProps) {
  const [isOpen, toggle] = useOpened("curl");
  const command = isOpen ? commandFor(body, source) : "";
  return (
    <>
      <Button variant="subtle" size="compact-sm" w="fit-content" aria-expanded={isOpen} onClick={toggle}>
        {isOpen ? "Close the command" : "Show the command"}
      </Button>
      {isOpen ? <AboutCurl source={source} /> : null}
      {isOpen && command.length <= SHOWN_CHARS_MAX ? <Printed label="Command" text={command} /> : null}
      {isOpen && command.length > SHOWN_CHARS_MAX ? (
        <Empty>It is too long to be shown; copy it, or download the body.</Empty>
      ) : null}
    </>
  );
}

function AboutCurl({ source: { auth } }: { readonly source: Source }) {
  if (auth === "none") return null;
  const isSigned = auth === "hmac" || auth === "standard_webhooks";
  return (
    <Text size="sm" c="dimmed">
      {isSigned
        ? "The source signs what it sends: set the signature that the command names, or replay the alert below."
        : `The command has no secret: set ${auth === "bearer" ? "SOURCE_TOKEN" : "SOURCE_USER and SOURCE_PASSWORD"} before.`}
    </Text>
  );
}

function Body({ body }: { readonly body: Uint8Array }) {
  const text = prettyText(body);
  if (text.length > SHOWN_CHARS_MAX)
    return (
      <>
        <Empty>These are its first {SHOWN_CHARS_MAX.toLocaleString()} characters.</Empty>
        <Printed label="What was received" text={text.slice(0, SHOWN_CHARS_MAX)} />
      </>
    );
  return <Printed label="What was received" text={text} />;
}

/** JSON with a line for each member; what is none, as it is. */
function prettyText(body: Uint8Array): string {
  const text = new TextDecoder().decode(body);
  try {
    return visibleText(JSON.stringify(JSON.parse(text), null, 2));
  } catch {
    return visibleText(text);
  }
}
