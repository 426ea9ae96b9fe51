import { declareError } from '../../runtime/errors.ts'

/** What keeps a caller out, and what is wrong with the file that says who may come in. */
export const securityErrors = {
  unauthenticated: declareError(
    'WHOHAD_UNAUTHENTICATED',
    'usage',
    (d: { reason: string }) =>
      `This server answers only callers that it knows: ${d.reason}. Send "Authorization: Bearer KEY" with a key of "whohad keys add", or a token of the configured issuer.`,
  ),
  forbidden: declareError(
    'WHOHAD_FORBIDDEN',
    'usage',
    (d: { path: string }) =>
      `${d.path} tells of every routing domain, and this caller may not read all of them. Ask with a key without --domains, or open it with api.openMetrics.`,
  ),
  tooManyRequests: declareError(
    'WHOHAD_TOO_MANY_REQUESTS',
    'state',
    (d: { most: number; seconds: number }) =>
      `More than ${d.most} requests within a minute. Ask again in ${d.seconds} s; many questions fit into one POST /v1/whohad.`,
    true,
  ),
  certificateUnusable: declareError(
    'WHOHAD_CERTIFICATE_UNUSABLE',
    'state',
    (d: { certFile: string; keyFile: string; reason: string }) =>
      `Cannot speak TLS with ${d.certFile} and ${d.keyFile}: ${d.reason}. api.tlsCertFile has the certificate and those that lead to an authority, api.tlsKeyFile its key, both as PEM.`,
  ),
  issuerUnreachable: declareError(
    'WHOHAD_ISSUER_UNREACHABLE',
    'unreachable',
    () =>
      'The keys of the token’s issuer cannot be fetched, so no token can be checked. Ask again later; api.oidcJwksUrl says where they are.',
    true,
  ),
  keysFileUnreadable: declareError(
    'WHOHAD_KEYS_FILE_UNREADABLE',
    'failure',
    (d: { path: string; reason: string }) =>
      `Cannot use the keys file ${d.path}: ${d.reason}. Nobody gets in by a key until it is mended; "whohad keys add" writes a new one where there is none.`,
  ),
  keysFileNotWritten: declareError(
    'WHOHAD_KEYS_FILE_NOT_WRITTEN',
    'state',
    (d: { path: string; reason: string }) =>
      `Cannot write the keys file ${d.path}: ${d.reason}. It is as it was. Where ${d.path}.new was left behind by a process that is gone, remove it.`,
  ),
  keyUnknown: declareError(
    'WHOHAD_KEY_UNKNOWN',
    'usage',
    (d: { id: string; path: string }) =>
      `There is no key "${d.id}" in ${d.path}. "whohad keys list" prints the ids of all.`,
  ),
} as const
