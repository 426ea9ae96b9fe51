import { declareError } from '../runtime/errors.ts'

const LONGEST_LIST = 20

const listed = (names: readonly string[]): string =>
  names.length <= LONGEST_LIST
    ? names.join(', ')
    : `${names.slice(0, LONGEST_LIST).join(', ')} and ${names.length - LONGEST_LIST} more`

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
  domainNeeded: declareError(
    'WHOHAD_DOMAIN_NEEDED',
    'usage',
    (d: { ip: string; covering: readonly string[]; known: readonly string[] }) =>
      `${d.ip} is a private address, which means something only within a routing domain. ${
        d.covering.length > 0
          ? `These domains have it: ${listed(d.covering)}. Name the one you mean, for example "in ${d.covering[0]}".`
          : d.known.length > 0
            ? `No source covers it; the domains known are ${listed(d.known)}. Name the one you mean with "in DOMAIN".`
            : 'No private domain is known yet: is a poller configured, and has its first poll finished?'
      }`,
  ),
  windowMalformed: declareError(
    'WHOHAD_WINDOW_MALFORMED',
    'usage',
    (d: { reason: string }) =>
      `The span of time cannot be used: ${d.reason}. Give both "from" and "to" with from before to, or "at" alone.`,
  ),
  zoneMalformed: declareError(
    'WHOHAD_ZONE_MALFORMED',
    'usage',
    (d: { text: string }) =>
      `"${d.text}" is no difference to UTC. Write it as +02:00, -0500 or Z; in a URL the plus sign is %2B.`,
  ),
  asOfAhead: declareError(
    'WHOHAD_AS_OF_AHEAD',
    'usage',
    (d: { asOf: string }) =>
      `Nothing is known yet as of ${d.asOf}: the clock here has not come so far. Give a moment that has passed, or leave "as_of" (--as-of) out.`,
  ),
  formsMixed: declareError(
    'WHOHAD_QUESTION_FORMS_MIXED',
    'usage',
    (d: { parameters: readonly string[] }) =>
      `The question came twice: "q" holds all of it, so leave out ${d.parameters.map(name => `"${name}"`).join(', ')}, or leave out "q".`,
  ),
} as const

/** What can go wrong around a question: the request itself, the server, its address. */
export const apiErrors = {
  parameterMalformed: declareError(
    'WHOHAD_PARAMETER_MALFORMED',
    'usage',
    (d: { problem: string; allowed: readonly string[] }) =>
      `Cannot read the request: ${d.problem}.${d.allowed.length > 0 ? ` This route takes ${listed(d.allowed)}, each at most once.` : ''}`,
  ),
  requestRefused: declareError(
    'WHOHAD_REQUEST_REFUSED',
    'usage',
    (d: { reason: string }) =>
      `The request was refused before it was read: ${d.reason}. Questions go to GET /v1/whohad?q=ADDRESS @ TIME in DOMAIN, percent-encoded.`,
  ),
  hostRefused: declareError(
    'WHOHAD_HOST_REFUSED',
    'usage',
    (d: { host: string }) =>
      `This server answers on loopback only, and the request names "${d.host}" as its host. Ask for http://127.0.0.1 or http://localhost; a page of another site must not read answers under a name of its own.`,
  ),
  urlTooLong: declareError(
    'WHOHAD_URL_TOO_LONG',
    'usage',
    (d: { length: number; longest: number }) =>
      `The URL has ${d.length} characters; at most ${d.longest} are read. A question needs an address, a time and a domain, no more.`,
  ),
  routeUnknown: declareError(
    'WHOHAD_ROUTE_UNKNOWN',
    'usage',
    (d: { method: string; path: string }) =>
      `There is no ${d.method} ${d.path} here. Ask GET /v1/whohad?ip=ADDRESS&at=TIME&domain=DOMAIN, or open / in a browser.`,
  ),
  /** For an `ask` that may not answer yet: an index that has read half of the log would name owners that have left. */
  stillReplaying: declareError(
    'WHOHAD_STILL_REPLAYING',
    'state',
    (d: { detail: string }) =>
      `whohad is still reading its change stream (${d.detail}), and does not answer from half of it. Ask again when /readyz says 200.`,
    true,
  ),
  bulkLineRefused: declareError(
    'WHOHAD_BULK_LINE_REFUSED',
    'usage',
    (d: { reason: string }) =>
      `This line cannot be answered: ${d.reason}. Write a JSON object with ip and, where needed, at, domain, port, from, to; or the question as one text.`,
  ),
  bulkInputMalformed: declareError(
    'WHOHAD_BULK_INPUT_MALFORMED',
    'usage',
    (d: { reason: string }) =>
      `The questions cannot be read: ${d.reason}. Send lines of JSON (application/x-ndjson), a JSON array (application/json), or CSV (text/csv) with a header that names ip or q.`,
  ),
  tooManyStreams: declareError(
    'WHOHAD_TOO_MANY_STREAMS',
    'state',
    (d: { most: number }) =>
      `${d.most} long requests of this kind are being answered already. Ask again when one of them is over.`,
    true,
  ),
  answerThreadDied: declareError(
    'WHOHAD_ANSWER_THREAD_DIED',
    'failure',
    (d: { reason: string }) =>
      `A thread that answers long requests ended before it was done: ${d.reason}. What it was at is broken off; others go on, and another thread takes its place. Ask again; if it comes again, give the process more memory, or set api.answerThreads to 0.`,
    true,
  ),
  internal: declareError(
    'WHOHAD_INTERNAL',
    'failure',
    (d: { requestId: string }) =>
      `whohad failed on this request, and that is a defect. The log has the cause under request id ${d.requestId}; please report it with that entry.`,
  ),
  bindNotLoopback: declareError(
    'WHOHAD_BIND_NOT_LOOPBACK',
    'usage',
    (d: { host: string }) =>
      `Refusing to listen on "${d.host}": whoever reaches that address could ask without a login. Set api.keysFile or api.oidcIssuer so that callers have to log in, listen on 127.0.0.1, or set api.insecure to do it anyway.`,
  ),
  bindInTheClear: declareError(
    'WHOHAD_BIND_IN_THE_CLEAR',
    'usage',
    (d: { host: string }) =>
      `Refusing to listen on "${d.host}" without TLS: keys and tokens could be read on their way. Set api.tlsCertFile and api.tlsKeyFile, or api.trustedProxies where a proxy in front speaks TLS, or api.insecure to do it anyway.`,
  ),
  cannotListen: declareError(
    'WHOHAD_CANNOT_LISTEN',
    'state',
    (d: { host: string; port: number; reason: string }) =>
      `Cannot listen on ${d.host} port ${d.port}: ${d.reason}. Is another whohad running? Choose a free port, or 0 for any.`,
  ),
} as const
