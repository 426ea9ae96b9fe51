import type { Server } from 'node:http'
import { Server as TlsServer } from 'node:tls'
import {
  type Certificate,
  type CertificateFiles,
  type CertificateReport,
  readCertificate,
  renewCertificate,
} from '../api/security/certificate.ts'
import type { Clock } from '../runtime/clock.ts'
import type { ApiSettings } from './api-settings.ts'

/** What the API speaks TLS with, of settings without complaints. */
export type ServedCertificate = {
  readonly certificate: Certificate
  /** Takes over what the files hold whenever they change, until the signal. */
  keep(server: Server, parts: { readonly clock: Clock; readonly signal: AbortSignal }): Promise<void>
}

/**
 * Undefined where none is configured.
 *
 * @throws WHOHAD_CERTIFICATE_UNUSABLE
 */
export function certificateOf(api: ApiSettings, report: CertificateReport): ServedCertificate | undefined {
  const { tlsCertFile: certFile, tlsKeyFile: keyFile } = api
  if (certFile === undefined || keyFile === undefined) return undefined
  const files: CertificateFiles = { certFile, keyFile }
  const certificate = readCertificate(files)
  report.certificateRead(certificate)
  return {
    certificate,
    async keep(server, parts) {
      if (server instanceof TlsServer) await renewCertificate(server, files, { ...parts, report })
    },
  }
}
