import { declareError } from '../../runtime/errors.ts'

/** Why the published ranges could not be taken. Each of them refuses the poll. */
export const rangesErrors = {
  unreachable: declareError(
    'WHOHAD_AWS_RANGES_UNREACHABLE',
    'unreachable',
    (d: { url: string; why: string }) =>
      `The address ranges at ${d.url} cannot be read: ${d.why}. Check the address and the way out to it; the ranges that are known go on being used.`,
    true,
  ),
  failed: declareError(
    'WHOHAD_AWS_RANGES_FAILED',
    'failure',
    (d: { url: string; status: number }) =>
      `${d.url} answered with status ${d.status}. Check that awsRanges.url leads to an ip-ranges.json and asks for no login.`,
  ),
  malformed: declareError(
    'WHOHAD_AWS_RANGES_MALFORMED',
    'input',
    (d: { url: string; what: string }) =>
      `What ${d.url} sent is no list of address ranges: ${d.what}. Check that awsRanges.url leads to an ip-ranges.json.`,
  ),
  wentBack: declareError(
    'WHOHAD_AWS_RANGES_WENT_BACK',
    'state',
    (d: { url: string; token: string; known: string }) =>
      `${d.url} sent version ${d.token}, which is older than ${d.known} that was taken before. An old copy on the way mends itself; if it stays, check what answers at that address.`,
  ),
} as const
