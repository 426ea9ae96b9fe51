import type { Window } from '../../ownership/window.ts'

/** What can be told of a folder in a bucket by its path alone. */
export type FolderPlace =
  /** Flow logs may lie in folders below it. */
  | { readonly kind: 'above' }
  /** Flow logs, all of whose files were made within `span`; without one it is a region's folder, and has years in it. */
  | { readonly kind: 'dated'; readonly span?: Window; readonly isHive: boolean }
  /** Another service's logs: AWS keeps them all below AWSLogs/. */
  | { readonly kind: 'elsewhere' }
  /** Flow logs, in folders of a kind that nobody has seen yet. */
  | { readonly kind: 'unknown' }

const ROOT = 'AWSLogs'
const ORGANISATION = /^o-[a-z0-9]{10,32}$/
const ACCOUNT = /^(aws-account-id=)?(\d{12}|unknown)$/
const SERVICE = /^(aws-service=)?[a-z-]*flowlogs$/
const REGION = /^(aws-region=)?[a-z0-9-]+$/
const DATES = [/^(?:year=)?(\d{4})$/, /^(?:month=)?(\d{2})$/, /^(?:day=)?(\d{2})$/, /^(?:hour=)?(\d{2})$/]

/**
 * Reads a path by AWS's layouts: AWSLogs/ACCOUNT/vpcflowlogs/REGION/YYYY/MM/DD/[HH/] and Hive's, in which each folder says what
 * it is (year=2026), with an organisation's id before the account or without. What stands behind the last slash is no folder yet.
 */
export function folderPlace(path: string): FolderPlace {
  const folders = path.split('/').slice(0, -1)
  const root = folders.indexOf(ROOT)
  if (root < 0) return { kind: 'above' }
  const below = folders.slice(root + 1)
  const [account, service, region, ...dates] = ORGANISATION.test(below[0] ?? '') ? below.slice(1) : below
  if (account !== undefined && !ACCOUNT.test(account)) return { kind: 'elsewhere' }
  if (service !== undefined && !SERVICE.test(service)) return { kind: 'elsewhere' }
  if (region === undefined) return { kind: 'above' }
  if (!REGION.test(region)) return { kind: 'unknown' }
  const isHive = region.includes('=')
  if (dates.length === 0) return { kind: 'dated', isHive }
  const span = spanOf(dates)
  return span === undefined ? { kind: 'unknown' } : { kind: 'dated', isHive, span }
}

/** The year, month, day or hour that date folders stand for, in UTC as the file names are. */
function spanOf(dates: readonly string[]): Window | undefined {
  const numbers = dates.map((text, level) => Number(DATES[level]?.exec(text)?.[1] ?? Number.NaN))
  const [year = 0, month = 1, day = 1, hour = 0] = numbers
  if (numbers.some(Number.isNaN) || month < 1 || month > 12 || day < 1 || day > 31 || hour > 23) return undefined
  const next = [year, month - 1, day, hour] as [number, number, number, number]
  const fromMs = Date.UTC(...next)
  const last = (numbers.length - 1) as 0 | 1 | 2 | 3
  next[last]++
  return { fromMs, untilMs: Date.UTC(...next) }
}

/** Where a region's folder keeps the files of one day. */
export function dayFolder(region: string, dayMs: number, isHive: boolean): string {
  const [year, month, day] = new Date(dayMs).toISOString().slice(0, 10).split('-')
  return isHive ? `${region}year=${year}/month=${month}/day=${day}/` : `${region}${year}/${month}/${day}/`
}
