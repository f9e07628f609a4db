import { Anchor, Button, Group, Image, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { artifacts } from "../api/queries.ts";
import type { Artifact, Run } from "../api/types.ts";
import { Answer, Empty } from "./answer.tsx";
import { bytesText } from "./bytes.ts";

/** What was gathered: graphs are shown, files are linked, and everything is one bundle. */
export function RunFiles({ run, isOver }: { readonly run: Run; readonly isOver: boolean }) {
  const query = useQuery({ ...artifacts(run.id), refetchInterval: isOver ? false : 3_000 });
  if (run.evidence_removed_because !== null)
    return <Empty>No longer kept: {run.evidence_removed_because}.</Empty>;
  return (
    <Stack gap="sm">
      <Group gap="xs">
        <Button component="a" href={`/api/v1/runs/${run.id}/bundle.zip`}>
          Download the bundle (zip)
        </Button>
        <Button component="a" href={`/api/v1/runs/${run.id}/bundle.tar.gz`} variant="default">
          tar.gz
        </Button>
        <Text size="sm" c="dimmed" className="breaks">
          {run.bundle === null
            ? isOver
              ? "is being sealed"
              : "so far"
            : `revision ${run.bundle.revision}, SHA-256 ${run.bundle.sha256}`}
        </Text>
      </Group>
      <Answer query={query}>
        {({ items }) => (
          <>
            {items.filter(isGraph).map((file) => (
              <Image key={file.path} src={localUrl(file)} alt={`Graph ${file.path}`} w="auto" maw="100%" />
            ))}
            {items.length === 0 ? (
              <Empty>No file was gathered.</Empty>
            ) : (
              <ul className="files">
                {items.map((file) => (
                  <li key={file.path} className="breaks">
                    <Anchor href={localUrl(file)}>{file.path}</Anchor>{" "}
                    <Text span size="sm" c="dimmed">
                      {[bytesText(file.size), ...marksOf(file)].join(", ")}
                    </Text>
                  </li>
                ))}
              </ul>
            )}
          </>
        )}
      </Answer>
    </Stack>
  );
}

function isGraph({ content_type: type }: Artifact): boolean {
  return type.startsWith("image/svg");
}

function marksOf({ truncated, changed, sensitive }: Artifact): string[] {
  return [
    truncated ? "shortened" : "",
    changed ? "changed while it was read" : "",
    sensitive ? "sensitive" : "",
  ].filter((mark) => mark !== "");
}

/** On the address that the page was reached by, whatever the service is called outside. */
function localUrl({ url }: Artifact): string {
  return new URL(url).pathname;
}
