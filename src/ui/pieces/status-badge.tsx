import {
  CheckCircledIcon,
  CircleIcon,
  ClockIcon,
  CounterClockwiseClockIcon,
  CrossCircledIcon,
  DotFilledIcon,
  ExclamationTriangleIcon,
  EyeOpenIcon,
  Pencil1Icon,
  PauseIcon,
  PersonIcon,
  PlayIcon,
  QuestionMarkCircledIcon,
  SlashIcon,
  TrackNextIcon,
} from "@radix-ui/react-icons";
import type { ComponentType } from "react";

type Tone = "good" | "bad" | "warning" | "busy" | "quiet";

interface Look {
  readonly tone: Tone;
  readonly Sign: ComponentType<{ readonly "aria-hidden": true }>;
  readonly text?: string;
}

/** The colour only supports the word: each status is told by its text and its sign. */
const LOOKS: Readonly<Record<string, Look>> = {
  queued: { tone: "quiet", Sign: ClockIcon },
  pending: { tone: "quiet", Sign: CircleIcon },
  waiting_person: { tone: "warning", Sign: PersonIcon, text: "waits for a person" },
  running: { tone: "busy", Sign: PlayIcon },
  succeeded: { tone: "good", Sign: CheckCircledIcon },
  fixed: { tone: "good", Sign: CheckCircledIcon },
  resolved: { tone: "good", Sign: CheckCircledIcon },
  approved: { tone: "good", Sign: CheckCircledIcon },
  failed: { tone: "bad", Sign: CrossCircledIcon },
  timed_out: { tone: "bad", Sign: CounterClockwiseClockIcon, text: "timed out" },
  interrupted: { tone: "bad", Sign: ExclamationTriangleIcon },
  rejected: { tone: "bad", Sign: CrossCircledIcon },
  worse: { tone: "bad", Sign: ExclamationTriangleIcon },
  firing: { tone: "bad", Sign: ExclamationTriangleIcon },
  no_effect: { tone: "warning", Sign: QuestionMarkCircledIcon, text: "no effect" },
  stale: { tone: "warning", Sign: CounterClockwiseClockIcon },
  unknown: { tone: "warning", Sign: QuestionMarkCircledIcon },
  expired: { tone: "warning", Sign: CounterClockwiseClockIcon },
  retried: { tone: "good", Sign: CheckCircledIcon },
  stopped: { tone: "bad", Sign: CrossCircledIcon },
  void: { tone: "quiet", Sign: SlashIcon, text: "no longer asked" },
  on_hold: { tone: "warning", Sign: PauseIcon, text: "on hold" },
  cancelled: { tone: "quiet", Sign: SlashIcon },
  skipped: { tone: "quiet", Sign: TrackNextIcon },
  change: { tone: "warning", Sign: Pencil1Icon, text: "changes" },
  destructive: { tone: "bad", Sign: ExclamationTriangleIcon },
  read: { tone: "quiet", Sign: EyeOpenIcon, text: "only reads" },
};

export function StatusBadge({ status }: { readonly status: string }) {
  const { tone, Sign, text }: Look = LOOKS[status] ?? { tone: "quiet", Sign: DotFilledIcon };
  return (
    <span className={`status status-${tone}`}>
      <Sign aria-hidden={true} />
      {text ?? status.replaceAll("_", " ")}
    </span>
  );
}

/** The sign alone, for places where the word stands beside it. */
export function StatusSign({ status }: { readonly status: string }) {
  const { tone, Sign }: Look = LOOKS[status] ?? { tone: "quiet", Sign: DotFilledIcon };
  return (
    <span className={`sign sign-${tone}`}>
      <Sign aria-hidden={true} />
    </span>
  );
}

/** How good or bad a status is. */
export function toneOf(status: string): Tone {
  return LOOKS[status]?.tone ?? "quiet";
}
