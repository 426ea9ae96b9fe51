import { declareError } from '../runtime/errors.ts'

/** What can be wrong with a question, however it arrives. */
export const questionErrors = {
  addressMalformed: declareError(
    'WHOHAD_ADDRESS_MALFORMED',
    'usage',
    (d: { text: string }) =>
      `"${d.text}" is not an IP address. Write IPv4 as four decimal parts without leading zeros (10.1.2.3), IPv6 without a zone (2001:db8::1).`,
  ),
  timeMalformed: declareError(
    'WHOHAD_TIME_MALFORMED',
    'usage',
    (d: { text: string }) =>
      `"${d.text}" is not a time. Write Unix seconds (1495670748), Unix milliseconds (1495670748000), ISO 8601 with a zone (2026-11-20T14:05Z), "now", or "5 min ago".`,
  ),
  domainMalformed: declareError(
    'WHOHAD_DOMAIN_MALFORMED',
    'usage',
    (d: { text: string }) =>
      `"${d.text}" is not the name of a routing domain. Names have 1 to 128 characters out of letters, digits, ".", "_", "-", ":" and "/", like inet.0 or vpc-0a1b2c3d.`,
  ),
  portMalformed: declareError(
    'WHOHAD_PORT_MALFORMED',
    'usage',
    (d: { text: string }) => `"${d.text}" is not a port. Write a whole number from 0 to 65535.`,
  ),
  questionMalformed: declareError(
    'WHOHAD_QUESTION_MALFORMED',
    'usage',
    (d: { text: string }) =>
      `Cannot read the question "${d.text}". Write it as: ADDRESS [@ TIME] [in DOMAIN], for example 52.11.120.97 @ 1495670748 in inet.0`,
  ),
} as const
