import { Button, CopyButton, Group } from "@mantine/core";
import { Section } from "../page.tsx";
import { Printed } from "../scrolling.tsx";

/** What to do while no alert has ever come: how the senders are told of this service, and an alert by hand. */
export function FirstAlert() {
  const url = `${location.origin}/webhooks/alertmanager`;
  const receiver = `receivers:
  - name: nightshift
    webhook_configs:
      - url: ${url}`;
  const alert = `curl -s -H 'content-type: application/json' ${url} -d '{
  "version": "4", "status": "firing", "groupKey": "first", "receiver": "nightshift",
  "groupLabels": {}, "commonLabels": {}, "commonAnnotations": {}, "externalURL": "http://localhost:9093",
  "alerts": [{"status": "firing", "labels": {"alertname": "First"}, "annotations": {"summary": "A first alert"},
    "startsAt": "${new Date().toISOString()}", "endsAt": "0001-01-01T00:00:00Z", "generatorURL": ""}]}'`;
  return (
    <Section title="No alert was received yet">
      <p className="small-gap">Tell Alertmanager of this service, and route alerts to the receiver:</p>
      <Copied label="Receiver of Alertmanager" text={receiver} />
      <p className="small-gap">
        Grafana: a contact point of type webhook at {location.origin}/webhooks/grafana.
      </p>
      <p className="small-gap">Or send one by hand, and see it appear here:</p>
      <Copied label="Alert by hand" text={alert} />
    </Section>
  );
}

function Copied({ label, text }: { readonly label: string; readonly text: string }) {
  return (
    <Group align="flex-start" gap="xs" wrap="nowrap">
      <div className="grows">
        <Printed label={label} text={text} />
      </div>
      <CopyButton value={text}>
        {({ copied, copy }) => (
          <Button size="compact-xs" variant="default" onClick={copy} aria-label={`Copy: ${label}`}>
            {copied ? "Copied" : "Copy"}
          </Button>
        )}
      </CopyButton>
    </Group>
  );
}
