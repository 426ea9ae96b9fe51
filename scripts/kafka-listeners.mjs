// Listeners that a real cluster has (TLS, client certificates, SASL) for the broker of scripts/kafka.mjs, with certificates and
// logins made for this one run. Built-in modules and openssl only; everything is on loopback and thrown away with the broker.
import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const MECHANISMS = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512', 'OAUTHBEARER']
const MODULES = 'org.apache.kafka.common.security'

/**
 * Makes the files and says what the broker must be told.
 * @returns {{listeners: {name: string, protocol: string, port: number}[], properties: Record<string, string>,
 *   scram: string[], access: import('./kafka.mjs').SecuredAccess}}
 */
export function securedListeners(folder, [tlsPort, saslPort]) {
  const files = makeCertificates(folder)
  const login = { username: 'whohad', password: randomBytes(18).toString('base64url') }
  const properties = {
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.location': files.brokerFile,
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.location': files.caFile,
    'listener.name.mutual.ssl.client.auth': 'required',
    'listener.name.secured.ssl.client.auth': 'none',
    'listener.name.secured.sasl.enabled.mechanisms': MECHANISMS.join(','),
    'listener.name.secured.plain.sasl.jaas.config': `${MODULES}.plain.PlainLoginModule required user_${login.username}="${login.password}";`,
    'listener.name.secured.oauthbearer.sasl.jaas.config': `${MODULES}.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="broker";`,
  }
  for (const mechanism of ['scram-sha-256', 'scram-sha-512']) {
    properties[`listener.name.secured.${mechanism}.sasl.jaas.config`] = `${MODULES}.scram.ScramLoginModule required;`
  }
  return {
    listeners: [
      { name: 'MUTUAL', protocol: 'SSL', port: tlsPort },
      { name: 'SECURED', protocol: 'SASL_SSL', port: saslPort },
    ],
    properties,
    scram: ['SCRAM-SHA-256', 'SCRAM-SHA-512'].map(
      mechanism => `${mechanism}=[name=${login.username},password=${login.password}]`,
    ),
    access: {
      ...files,
      ...login,
      mutualTls: [`127.0.0.1:${tlsPort}`],
      sasl: [`127.0.0.1:${saslPort}`],
    },
  }
}

/** An authority, a certificate of the broker for 127.0.0.1 and localhost, one of a client; two days long. */
function makeCertificates(folder) {
  const file = name => join(folder, name)
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  const caFile = file('ca.pem')
  const authority = ['-x509', '-days', '2', '-subj', '/CN=whohad test authority']
  openssl(['req', ...authority, ...key, '-keyout', file('ca.key'), '-out', caFile])
  for (const name of ['broker', 'client']) {
    openssl([
      'req',
      '-new',
      ...key,
      '-subj',
      `/CN=${name}`,
      '-keyout',
      file(`${name}.key`),
      '-out',
      file(`${name}.csr`),
    ])
    writeFileSync(file(`${name}.ext`), 'subjectAltName=IP:127.0.0.1,DNS:localhost\n')
    const signed = ['-CA', caFile, '-CAkey', file('ca.key'), '-CAcreateserial', '-extfile', file(`${name}.ext`)]
    openssl(['x509', '-req', '-days', '2', '-in', file(`${name}.csr`), ...signed, '-out', file(`${name}.pem`)])
  }
  const brokerFile = file('broker-with-key.pem')
  writeFileSync(brokerFile, readFileSync(file('broker.key'), 'utf8') + readFileSync(file('broker.pem'), 'utf8'))
  return { caFile, certFile: file('client.pem'), keyFile: file('client.key'), brokerFile }
}

function openssl(args) {
  const { status, stderr, error } = spawnSync('openssl', args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`openssl ${args[0]} failed: ${error?.message ?? stderr}`)
}
