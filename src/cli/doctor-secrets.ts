import type { Finding } from './doctor-finding.ts'
import type { Settings } from './settings.ts'

const SECRET_VARIABLES = ['AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN', 'WHOHAD_TOKEN']
const HIDDEN = '…'

/**
 * Takes out of a finding whatever opens something: what others say when they fail is shown, and may repeat what they were sent.
 */
export function withoutSecrets({ clickhouse, kafka }: Settings): (finding: Finding) => Finding {
  const secrets = [
    clickhouse.password,
    kafka.saslPassword,
    kafka.oauthClientSecret,
    kafka.schemaRegistryPassword,
    ...SECRET_VARIABLES.map(name => process.env[name]),
  ].flatMap(secret => (secret === undefined || secret === '' ? [] : [secret]))
  const clean = (text: string): string =>
    secrets
      .reduce((shown, secret) => shown.replaceAll(secret, HIDDEN), text)
      // The user and password that a URL may carry.
      .replace(/(\w:\/\/)[^/@\s]+@/g, `$1${HIDDEN}@`)
  return finding => ({
    ...finding,
    about: clean(finding.about),
    detail: clean(finding.detail),
    mend: finding.mend === null ? null : clean(finding.mend),
  })
}
