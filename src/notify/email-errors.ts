import { z } from "zod";
import { NotifierError } from "./notifier.ts";

/** What nodemailer's errors say beside their text, which may hold what was sent. */
const smtpErrorSchema = z.object({
  code: z.string().optional(),
  originalCode: z.string().optional(),
  response: z.string().optional(),
  responseCode: z.number().optional(),
  command: z.string().optional(),
});
type SmtpError = z.output<typeof smtpErrorSchema>;

const ANSWER_CHARS_MAX = 200;

/** Commands that are answered before the message itself is handed over. */
const BEFORE_THE_MESSAGE = /^(?:EHLO|HELO|STARTTLS|AUTH|MAIL FROM|RCPT TO)/;

/** SMTP's own rule (RFC 5321, 4.2.1): what is refused with 4xx may be taken later, with 5xx never. Without an answer: later. */
export function explainSmtpError(name: string, error: unknown, wasStopped: boolean): NotifierError {
  const parsed = smtpErrorSchema.safeParse(error);
  const facts: SmtpError = parsed.success ? parsed.data : {};
  if (wasStopped)
    return new NotifierError("aborted", `notifier ${name}: stopped`, {
      isRetryable: true,
      didNotStart: false,
    });
  const { responseCode: status, command = "" } = facts;
  const isBefore = BEFORE_THE_MESSAGE.test(command);
  if (status !== undefined)
    return new NotifierError("refused", `notifier ${name}: the mail server answered ${answerOf(facts)}`, {
      isRetryable: status < 500,
      didNotStart: isBefore,
    });
  if (facts.code === "EAUTH")
    return new NotifierError(
      "refused",
      `notifier ${name}: the mail server offers no way to log in that is known`,
      {
        isRetryable: false,
        didNotStart: true,
      },
    );
  return new NotifierError("unreachable", `notifier ${name}: ${reasonOf(facts)}`, {
    isRetryable: true,
    didNotStart: isBefore || facts.code === "EDNS" || facts.originalCode === "ECONNREFUSED",
  });
}

/** The server's own words help to find what is wrong; not those about a login, which may repeat it. */
function answerOf({ response = "", responseCode, command = "" }: SmtpError): string {
  if (command.startsWith("AUTH")) return `${String(responseCode)} to the login`;
  return response.replaceAll(/[\p{Cc}\s]+/gu, " ").slice(0, ANSWER_CHARS_MAX);
}

function reasonOf({ code, originalCode }: SmtpError): string {
  if (originalCode === "ECONNREFUSED") return "the mail server refused the connection";
  if (code === "EDNS") return "the mail server's name is not known";
  if (code === "ETIMEDOUT") return "the mail server took too long";
  const isCertificate = /CERT|SIGNATURE|SELF_SIGNED|UNABLE_TO/.test(originalCode ?? "");
  if (code === "ETLS" || isCertificate)
    return "no encrypted connection to the mail server; is its certificate of an authority that is trusted (outbound.ca_file)?";
  return "the connection to the mail server broke";
}
