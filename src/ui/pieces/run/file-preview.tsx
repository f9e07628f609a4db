import { Image, Loader, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { Artifact } from "../../api/types.ts";
import { bytesText } from "../bytes.ts";
import { plainText } from "../log/ansi.ts";
import { Printed } from "../scrolling.tsx";

const PREVIEW_BYTES = 64 * 1024;
const IMAGE = /^image\/(?:png|jpeg|gif|webp)\b/;
const TEXT = /^(?:text\/|application\/(?:json|xml|yaml|x-yaml|x-ndjson|toml|javascript)|image\/svg)/;

export function isPreviewed({ content_type: type, size }: Artifact): boolean {
  return size > 0 && (IMAGE.test(type) || TEXT.test(type));
}

/** The beginning of a text as text, whatever it says; an image as an image. */
export function FilePreview({ file, url }: { readonly file: Artifact; readonly url: string }) {
  if (IMAGE.test(file.content_type)) return <Image src={url} alt={file.path} w="auto" maw="100%" mah={480} />;
  return <TextPreview file={file} url={url} />;
}

function TextPreview({ file, url }: { readonly file: Artifact; readonly url: string }) {
  const { data, error } = useQuery({
    queryKey: ["file", url],
    queryFn: async ({ signal }) => {
      const headers = { range: `bytes=0-${PREVIEW_BYTES - 1}` };
      const response = await fetch(url, { headers, signal });
      if (!response.ok) throw new Error(`The file could not be read (${response.status}).`);
      return response.text();
    },
    retry: false,
  });
  if (error !== null) return <Text size="sm">{error.message}</Text>;
  if (data === undefined) return <Loader size="sm" aria-label="Loading the file" />;
  return (
    <>
      <Printed label={file.path} text={plainText(data)} />
      {file.size > PREVIEW_BYTES ? (
        <Text size="sm" c="dimmed">
          The first {bytesText(PREVIEW_BYTES)} of {bytesText(file.size)}; the link has all of it.
        </Text>
      ) : null}
    </>
  );
}
