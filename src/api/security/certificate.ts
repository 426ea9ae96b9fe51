import { X509Certificate } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import type { Clock } from '../../runtime/clock.ts'
import { reasonOf } from '../../runtime/errors.ts'
import { ticks } from '../../runtime/ticks.ts'
import { securityErrors } from './errors.ts'

/** PEM files: the server's certificate with those that lead from it to an authority, and its key. */
export type CertificateFiles = { readonly certFile: string; readonly keyFile: string }

export type Certificate = { readonly cert: string; readonly key: string; readonly expiresAtMs: number }

/** Versions of TLS before 1.2 are at their end (RFC 8996). */
export const TLS_OPTIONS = { minVersion: 'TLSv1.2' } as const

/** @throws WHOHAD_CERTIFICATE_UNUSABLE where a file cannot be read, or the key is not that of the certificate */
export function readCertificate({ certFile, keyFile }: CertificateFiles): Certificate {
  try {
    const cert = readFileSync(certFile, 'utf8')
    const key = readFileSync(keyFile, 'utf8')
    createSecureContext({ ...TLS_OPTIONS, cert, key })
    return { cert, key, expiresAtMs: Date.parse(new X509Certificate(cert).validTo) }
  } catch (cause) {
    throw securityErrors.certificateUnusable({ certFile, keyFile, reason: reasonOf(cause) }, cause)
  }
}

export type CertificateReport = {
  /** At the start, and each time that other files were read. */
  certificateRead(d: { readonly expiresAtMs: number }): void
  /** The one at hand stays in use, and the files are looked at again. */
  certificateNotRenewed(d: { readonly cause: unknown }): void
}

const LOOK_EVERY_MS = 10_000

/** What a TLS server does with another certificate: it is for connections that come after. */
type Renewable = { setSecureContext(certificate: { readonly cert: string; readonly key: string }): void }

/** Hands the server what the files hold whenever they change, until the signal. A pair that does not fit yet is tried again. */
export async function renewCertificate(
  server: Renewable,
  files: CertificateFiles,
  parts: { readonly clock: Clock; readonly report: CertificateReport; readonly signal: AbortSignal },
): Promise<void> {
  const { clock, report, signal } = parts
  let used = stampOf(files)
  let complainedOf: string | undefined
  for await (const _tick of ticks(clock, LOOK_EVERY_MS, signal)) {
    const stamp = stampOf(files)
    if (stamp === used) continue
    try {
      const { cert, key, expiresAtMs } = readCertificate(files)
      server.setSecureContext({ ...TLS_OPTIONS, cert, key })
      used = stamp
      report.certificateRead({ expiresAtMs })
    } catch (cause) {
      if (stamp !== complainedOf) report.certificateNotRenewed({ cause })
      complainedOf = stamp
    }
  }
}

/** Changes whenever one of the files does, by its time or by being another file. */
const stampOf = ({ certFile, keyFile }: CertificateFiles): string => [certFile, keyFile].map(stampOfFile).join(', ')

function stampOfFile(path: string): string {
  try {
    const { ino, size, mtimeMs } = statSync(path)
    return `${ino} ${size} ${mtimeMs}`
  } catch (error) {
    return reasonOf(error)
  }
}
