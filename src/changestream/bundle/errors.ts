import { declareError } from '../../runtime/errors.ts'

export const bundleErrors = {
  exists: declareError(
    'WHOHAD_BUNDLE_EXISTS',
    'usage',
    (d: { folder: string }) =>
      `${d.folder} is there already, and an export replaces nothing. Name another folder with --out, or move this one away.`,
  ),
  notWritten: declareError(
    'WHOHAD_BUNDLE_NOT_WRITTEN',
    'failure',
    (d: { folder: string; reason: string }) =>
      `Cannot write the bundle ${d.folder}: ${d.reason}. Nothing is left of it. Make room, let this process write there, or name another place with --out.`,
  ),
  missing: declareError(
    'WHOHAD_BUNDLE_MISSING',
    'input',
    (d: { folder: string; reason: string }) =>
      `${d.folder} is no ownership bundle: ${d.reason}. Give the folder that "whohad claims export" wrote, whole, with its bundle.json.`,
  ),
  otherVersion: declareError(
    'WHOHAD_BUNDLE_OTHER_VERSION',
    'input',
    (d: { folder: string; format: unknown; ours: number }) =>
      `The bundle ${d.folder} has format ${d.format}, and this version of whohad reads only format ${d.ours}. Export it again with this version.`,
  ),
  damaged: declareError(
    'WHOHAD_BUNDLE_DAMAGED',
    'input',
    (d: { folder: string; reason: string }) =>
      `The bundle ${d.folder} is damaged: ${d.reason}. Copy it again, or export it again.`,
  ),
  unreachable: declareError(
    'WHOHAD_BUNDLE_UNREACHABLE',
    'unreachable',
    (d: { url: string; reason: string }) =>
      `Cannot fetch ${d.url}: ${d.reason}. Check the address and the way there, and try again; or copy the bundle and give its folder.`,
    true,
  ),
  refused: declareError(
    'WHOHAD_BUNDLE_REFUSED',
    'failure',
    (d: { url: string; status: number }) =>
      `${d.url} answers with status ${d.status}. Give a URL that needs no login beside what stands in it, or copy the bundle and give its folder.`,
  ),
  tooLarge: declareError(
    'WHOHAD_BUNDLE_TOO_LARGE',
    'input',
    (d: { name: string; bytes: number; mostBytes: number }) =>
      `The bundle ${d.name} has ${d.bytes} bytes, and at most ${d.mostBytes} are fetched. Copy it, and give its folder.`,
  ),
  notKept: declareError(
    'WHOHAD_BUNDLE_NOT_KEPT',
    'failure',
    (d: { path: string; reason: string }) =>
      `Cannot keep what is fetched in ${d.path}: ${d.reason}. Make room there, or name another place for temporary files in TMPDIR.`,
  ),
} as const
