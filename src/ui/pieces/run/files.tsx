import { Anchor, Button, Group, Image, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { artifacts } from "../../api/queries.ts";
import type { Artifact, Run } from "../../api/types.ts";
import { Answer, Empty, ProblemAlert, useLastError } from "../answer.tsx";
import { bytesText } from "../bytes.ts";
import { counted } from "../counted.ts";
import { Words } from "../words.tsx";
import { FilePreview, isPreviewed } from "./file-preview.tsx";

/** What was gathered: graphs are shown, files are linked and looked into, and everything is one bundle. */
export function RunFiles({ run, isOver }: { readonly run: Run; readonly isOver: boolean }) {
  const query = useQuery({ ...artifacts(run.id), ...(isOver ? {} : { refetchInterval: WHILE_RUNNING_MS }) });
  const problem = useLastError(query);
  if (run.evidence_removed_because !== null)
    return <Empty>No longer kept: {run.evidence_removed_because.replaceAll("_", " ")}.</Empty>;
  // Whoever may not see the files gets no bundle of them either.
  if (query.data === undefined && problem !== null) return <ProblemAlert error={problem} />;
  return (
    <Stack gap="sm">
      <Group gap="xs">
        <Button component="a" size="xs" variant="default" href={`/api/v1/runs/${run.id}/bundle.zip`}>
          Download the bundle (zip)
        </Button>
        <Button component="a" size="xs" href={`/api/v1/runs/${run.id}/bundle.tar.gz`} variant="default">
          tar.gz
        </Button>
        <Text size="sm" c="dimmed" className="breaks">
          {run.bundle === null
            ? isOver
              ? "The bundle is being sealed."
              : "It goes on: a bundle of now has what there is so far."
            : `Revision ${run.bundle.revision}, ${bytesText(run.bundle.size)}, SHA-256 ${run.bundle.sha256}`}
        </Text>
      </Group>
      <Answer query={query}>
        {({ items, next }) => (
          <>
            <Graphs files={items.filter(isGraph)} />
            <Gathered files={items.filter((file) => !isLog(file))} />
            <Logs files={items.filter(isLog)} />
            {next === null ? null : (
              <Empty>These are the first {items.length} files; the bundle has all of them.</Empty>
            )}
          </>
        )}
      </Answer>
    </Stack>
  );
}

/** What the run brought from elsewhere, and made of it. */
function Gathered({ files }: { readonly files: readonly Artifact[] }) {
  const [limit, setLimit] = useState(FILES_AT_ONCE);
  if (files.length === 0) return <Empty>No file was gathered.</Empty>;
  return (
    <>
      <FileList files={files.slice(0, limit)} />
      {files.length > limit ? (
        <Button variant="default" size="xs" w="fit-content" onClick={() => setLimit(files.length)}>
          Show all {files.length}
        </Button>
      ) : null}
    </>
  );
}

/** What steps printed is read at the steps; here it is to be downloaded. */
function Logs({ files }: { readonly files: readonly Artifact[] }) {
  if (files.length === 0) return null;
  const inOrder = files.toSorted((left, right) =>
    left.path.localeCompare(right.path, "en", { numeric: true }),
  );
  return (
    <details>
      <summary>{counted(files.length, "log")} of steps</summary>
      <FileList files={inOrder} />
    </details>
  );
}

function FileList({ files }: { readonly files: readonly Artifact[] }) {
  return (
    <ul className="file-list">
      {files.map((file) => (
        <File key={file.path} file={file} />
      ))}
    </ul>
  );
}

function isLog({ path }: Artifact): boolean {
  return /^steps\/.*\/std(?:out|err)\.log$/.test(path);
}

const FILES_AT_ONCE = 30;
/** The events of a run do not tell of its files. */
const WHILE_RUNNING_MS = 3_000;

/** The alert's start and the end of the run are marked in each. */
function Graphs({ files }: { readonly files: readonly Artifact[] }) {
  if (files.length === 0) return null;
  return (
    <div className="graphs">
      {files.map((file) => (
        <figure key={file.path}>
          <Image
            src={localUrl(file)}
            alt={`Graph ${file.path}, with the start of the alert marked`}
            fit="contain"
          />
          <figcaption className="dim small breaks">
            <Words text={file.path} />
          </figcaption>
        </figure>
      ))}
    </div>
  );
}

function File({ file }: { readonly file: Artifact }) {
  const [isOpen, setIsOpen] = useState(false);
  return (
    <li>
      <div className="file-line">
        <Anchor href={localUrl(file)} className="breaks">
          <Words text={file.path} />
        </Anchor>
        <span className="dim small number">{[bytesText(file.size), ...marksOf(file)].join(", ")}</span>
        {isPreviewed(file) ? (
          <Button
            variant="subtle"
            size="compact-xs"
            aria-expanded={isOpen}
            aria-label={`${isOpen ? "Close" : "Look into"} ${file.path}`}
            onClick={() => setIsOpen(!isOpen)}
          >
            {isOpen ? "Close" : "Look into"}
          </Button>
        ) : null}
      </div>
      {isOpen ? <FilePreview file={file} url={localUrl(file)} /> : null}
    </li>
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
