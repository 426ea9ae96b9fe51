import { generateKeyPairSync, randomBytes, sign } from 'node:crypto'

/**
 * A certificate for localhost and 127.0.0.1 that is signed by its own key, and the key, both as PEM: built by hand (RFC 5280), as
 * node makes keys and signatures but no certificates, and not every machine has openssl.
 */
export function selfSigned(commonName: string): { readonly cert: string; readonly key: string } {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const name = sequence(set(sequence(oid(COMMON_NAME), der(UTF8, Buffer.from(commonName)))))
  const year = 365 * 86_400_000
  const validity = sequence(utcTime(Date.now() - 86_400_000), utcTime(Date.now() + year))
  const names = sequence(der(DNS_NAME, Buffer.from('localhost')), der(IP_ADDRESS, Buffer.from([127, 0, 0, 1])))
  const isAuthority = sequence(der(BOOLEAN, Buffer.from([0xff])))
  const extensions = der(
    EXTENSIONS,
    sequence(
      sequence(oid(SUBJECT_ALT_NAME), der(OCTETS, names)),
      sequence(oid(BASIC_CONSTRAINTS), der(OCTETS, isAuthority)),
    ),
  )
  const signature = sequence(oid(ECDSA_WITH_SHA256))
  const signed = sequence(
    der(VERSION, der(INTEGER, Buffer.from([2]))),
    der(INTEGER, Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    signature,
    name,
    validity,
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    extensions,
  )
  const bits = der(BITS, Buffer.concat([Buffer.from([0]), sign('sha256', signed, privateKey)]))
  const cert = sequence(signed, signature, bits).toString('base64').replace(/.{64}/g, '$&\n')
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${cert}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  }
}

const [BOOLEAN, INTEGER, BITS, OCTETS, OID, UTF8, UTC_TIME, SEQUENCE, SET] = [
  1, 2, 3, 4, 6, 12, 23, 0x30, 0x31,
] as const
const [VERSION, EXTENSIONS, DNS_NAME, IP_ADDRESS] = [0xa0, 0xa3, 0x82, 0x87] as const

// Object identifiers, encoded.
const COMMON_NAME = '550403'
const SUBJECT_ALT_NAME = '551d11'
const BASIC_CONSTRAINTS = '551d13'
const ECDSA_WITH_SHA256 = '2a8648ce3d040302'

function der(tag: number, content: Buffer): Buffer {
  const { length } = content
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...size]), content])
}

const sequence = (...parts: readonly Buffer[]) => der(SEQUENCE, Buffer.concat(parts))
const set = (...parts: readonly Buffer[]) => der(SET, Buffer.concat(parts))
const oid = (hex: string) => der(OID, Buffer.from(hex, 'hex'))
const utcTime = (ms: number) =>
  der(UTC_TIME, Buffer.from(`${new Date(ms).toISOString().replace(/[-:T]/g, '').slice(2, 14)}Z`))
